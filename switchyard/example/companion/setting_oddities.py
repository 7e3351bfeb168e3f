"""One example of every defect of a setting that leaves config.json readable."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from switchyard.example.planting import Planted
from switchyard.example.writing import Members, Verbatim

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def planted(chance: Random) -> Iterator[Planted]:
    """Each defect by name, its entries being pairs of a setting's name and value."""
    yield "setting_twice", [("volume", 3), ("volume", {"left": 3, "right": 4})]
    for name, key in {
        "name_empty": "",
        "name_with_nul": "cut\0here",
        "name_with_lone_surrogate": "half \ud83d",
        "name_of_2000_letters": "".join(chance.choices(LETTERS, k=2_000)),
        "name_a_number": "17",
        "name_with_two_scopes": "a::b::c",
        "name_with_empty_scope": "::b",
        "name_with_empty_name": "a::",
    }.items():
        yield name, [(key, "under an odd name")]
    for name, value in _VALUES.items():
        yield name, [(name, value)]


_VALUES: dict[str, Any] = {
    "value_10_to_the_30": 10**30,
    "value_nan": Verbatim("NaN"),
    "value_minus_infinity": {"limit": Verbatim("-Infinity")},
    "value_over_every_float": Verbatim("1e400"),
    "value_with_nul": "cut\0here",
    "value_with_lone_surrogate": ["ok", "\ud83d"],
    "value_with_a_name_twice": Members((("mode", "old"), ("mode", "new"))),
}
