"""Two decoded values: whether they are the same, and where not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from legacy_json.keys import shown
from legacy_json.scan import LONGEST_INTEGER, Stretch

Steps = tuple[str | int, ...]  # names and positions, from the root on


class Difference(NamedTuple):
    """The first place at which two files differ, in the order of the first one.

    one, other: at most sixty characters of either value; "nothing" where there is none.
    """

    path: Steps
    one: str
    other: str

    def __str__(self) -> str:
        return f"{told(self.path)}: {self.one} in the one, {self.other} in the other"


@dataclass(frozen=True, slots=True)
class LongInteger:
    """An integer of more digits than CPython converts, so that no bot could have read it."""

    digits: str

    def __repr__(self) -> str:
        return f"{self.digits[:20]}... ({len(self.digits)} digits)"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()
_Pair = tuple[Steps, object, object]


def told(path: Steps) -> str:
    """The place as staff would write it, such as users[17].name."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the root"


def exact(stretch: Stretch, number: int) -> object:
    """A value as json.load reads it, but integers of any length told apart."""
    if any(code == "number-too-large" for code, _ in stretch.defects):
        return _decoder.decode(stretch.raw(number).decode())
    return stretch.values[number]


def difference(one: object, other: object, path: Steps = ()) -> Difference | None:
    """The first difference of two values, types included; None if they are the same. However deep they nest."""
    todo: list[_Pair] = [(path, one, other)]
    while todo:
        place, left, right = todo.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            todo += reversed(list(_members(place, left, right)))
        elif isinstance(left, list) and isinstance(right, list):
            todo += reversed(list(_elements(place, left, right)))
        elif not _same(left, right):
            return Difference(place, shown(left), shown(right))
    return None


def _members(place: Steps, left: dict[str, object], right: dict[str, object]) -> Iterator[_Pair]:
    for name, value in left.items():
        yield (*place, name), value, right.get(name, ABSENT)
    for name in right.keys() - left.keys():
        yield (*place, name), ABSENT, right[name]


def _elements(place: Steps, left: list[object], right: list[object]) -> Iterator[_Pair]:
    both = min(len(left), len(right))
    for number in range(both):
        yield (*place, number), left[number], right[number]
    for number in range(both, max(len(left), len(right))):
        one, other = (values[number] if number < len(values) else ABSENT for values in (left, right))
        yield (*place, number), one, other


def _same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)  # NaN is itself, and nought has a sign
    return one == other


def _integer(text: str) -> int | LongInteger:
    return int(text) if len(text) <= LONGEST_INTEGER else LongInteger(text)


_decoder = json.JSONDecoder(parse_int=_integer)
