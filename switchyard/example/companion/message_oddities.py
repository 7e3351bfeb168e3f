"""One example of every defect of a message, and of a file of messages, that leaves the file readable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from switchyard.example.companion.chats import padded
from switchyard.example.companion.messages import message
from switchyard.example.dates import NAIVE, OTHER_FORMS, WITH_OFFSET
from switchyard.example.planting import Planted, each_on, without
from switchyard.example.writing import BOM, Members, Verbatim, as_text, with_trailing_comma


class OddFile(NamedTuple):
    """The defect's name, the file's name without its ending, how many entries it has, and its text."""

    defect: str
    stem: str
    entries: int
    text: str


def planted(chance: Random) -> Iterator[Planted]:
    """Each defect by name. Of several entries that make a defect together the first is in order."""
    said = message(chance)
    yield "message_not_an_object", ["<deleted>"]
    yield "message_null", [None]
    yield "identical_messages", [said, dict(said), dict(said)]
    yield "duplicate_member_name", [Members((*message(chance).items(), ("text", "the last one counts")))]
    for name in ("ts", "direction", "text"):
        yield f"{name}_missing", [without(message(chance), name)]
    yield from _dates(chance)
    yield from each_on(message(chance), {name: {"text": value} for name, value in TEXTS.items()})
    yield from each_on(message(chance), OTHERS)


TEXTS: dict[str, Any] = {
    "text_null": None,
    "text_empty": "",
    "text_a_number": 42,
    "text_a_list": ["first line", "second line"],
    "text_with_nul": "cut\0here",
    "text_with_lone_surrogate": "half \ud83d of it",
    "text_of_100000_characters": "so it goes 🐘 " * 8_334,
}
OTHERS: dict[str, dict[str, Any]] = {
    "direction_unknown": {"direction": "sideways"},
    "direction_in_capitals": {"direction": "IN"},
    "unknown_keys": {"message_id": 77, "_state": "typing", "reactions": {"👍": 2, "none": None}},
    "unknown_key_10_to_the_30": {"cost": 10**30},
    "unknown_key_nan": {"score": Verbatim("NaN")},
    "unknown_key_over_every_float": {"score": Verbatim("-1e400")},
}


def _dates(chance: Random) -> Iterator[Planted]:
    forms = OTHER_FORMS | {
        "date_without_zone": NAIVE,
        "date_with_offset": WITH_OFFSET,
        "date_of_nanoseconds": "2024-05-17T08:15:30.123456789Z",
        "date_null": None,
    }
    for name, written in forms.items():
        yield name, [message(chance) | {"ts": written}]


def planted_files(chance: Random, some_chat: int, new_id: Callable[[], int]) -> Iterator[OddFile]:
    """some_chat has a file of its own."""
    for defect, stem in (
        ("file_name_no_chat_id", "archive"),
        ("file_name_over_63_bits", str(-(2**63) - 41)),
        ("file_name_with_leading_zeros", padded(some_chat)),
        ("file_name_with_a_copy_number", f"{some_chat} (1)"),
    ):
        yield _file(defect, stem, chance, 3)
    yield _file("empty_conversation", str(new_id()), chance, 0)
    marked = _file("byte_order_mark", str(new_id()), chance, 2)
    yield marked._replace(text=BOM + marked.text)
    edited = _file("trailing_comma", str(new_id()), chance, 2)
    yield edited._replace(text=with_trailing_comma(edited.text))


def _file(defect: str, stem: str, chance: Random, entries: int) -> OddFile:
    return OddFile(defect, stem, entries, as_text([message(chance) for _ in range(entries)]))
