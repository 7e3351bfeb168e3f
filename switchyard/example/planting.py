"""Odd entries among ordinary ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple, TypeVar

Document = dict[str, Any]
Planted = tuple[str, list[Any]]  # the defect's name, and the entries that show it
T = TypeVar("T")


class Spot(NamedTuple):
    """Where an entry lies: its place in the list or object of that file."""

    file: str
    entry: int


class Written(NamedTuple):
    """One file, or files of one kind.

    file: its name, or the pattern of theirs. entries: of each component, those that an import finds, whatever becomes
    of them. planted: how many entries show each defect, by its name; spots: where all of its entries are, in order.
    Defects of a file itself have none.
    """

    file: str
    entries: dict[str, int]
    planted: dict[str, int]
    spots: dict[str, list[Spot]]


def counted(odd: Iterable[Planted]) -> dict[str, int]:
    """How many entries show each defect: where several make it together, the first is in order."""
    return {name: max(len(entries) - 1, 1) for name, entries in odd}


def mixed(ordinary: Iterable[Any], odd: Iterable[Planted], chance: Random, front: int = 0) -> list[Any]:
    """Both in one list: the odd ones anywhere behind the first few, in their order where several belong together."""
    listed = list(ordinary)
    for _, entries in odd:
        places = sorted(chance.randint(min(front, len(listed)), len(listed)) for _ in entries)
        for shift, (place, entry) in enumerate(zip(places, entries, strict=True)):
            listed.insert(place + shift, entry)
    return listed


def located(file: str, listed: Sequence[Any], odd: Iterable[Planted]) -> dict[str, list[Spot]]:
    """Where the odd ones came to lie in this list."""
    places = {id(entry): place for place, entry in enumerate(listed)}
    return {name: [Spot(file, places[id(entry)]) for entry in entries] for name, entries in odd}


def dealt(odd: Iterable[T], hands: int) -> list[list[T]]:
    """One after the other into that many hands, round and round."""
    listed = list(odd)
    return [listed[number::hands] for number in range(hands)]


def each_on(document: Document, values: dict[str, Document]) -> Iterator[Planted]:
    """One entry a defect: the document with those values in place of its own."""
    for name, changed in values.items():
        yield name, [document | changed]


def without(document: Document, *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def chosen(chance: Random, shares: Sequence[tuple[float, T]]) -> T:
    """One of them, each as likely as its share."""
    weights, values = zip(*shares, strict=True)
    picked: T = chance.choices(values, weights)[0]
    return picked


def uuid(chance: Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
