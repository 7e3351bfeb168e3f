"""Keys for the elements of a list that carry none: their positions, which hold still.

A bot that trims the front of its list shifts every element. The elements that are left keep the
positions that they had: where the list begins is found by comparing its first elements with what the
index has. From there on they are the index's, one after the other, also where one between them was deleted while the
list was ours. Nothing else of a list moves positions; what was edited in its middle has changed in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Protocol

from legacy_json.documents import encoded
from legacy_json.keys import Key
from legacy_json.scan import Stretch

DIGITS = 10
TAIL = 4  # digits
LOOK = 64  # elements compared to find where a list begins

_TAILS = [str(number).zfill(TAIL) for number in range(10**TAIL)]


class Known(Protocol):
    """What the index has between two keys of one component."""

    def documents(self, low: Key, high: Key, limit: int | None) -> list[tuple[Key, bytes]]:
        """In key order, of the records that are not deleted."""

    def like(self, document: bytes) -> bytes:
        """What `documents` has in the place of this document."""

    def holed(self, low: Key, high: Key) -> list[Key]:
        """The keys of the same records; none of them if no position is free between the first and the last."""

    def last(self, low: Key, high: Key) -> Key | None:
        """The greatest key, deleted or not."""

    def is_pruned(self, key: Key) -> bool:
        """Whether the key lies below the component's floor."""


def positioned(stem: str, position: int) -> str:
    """The key of an element: in key order they are in the list's order."""
    return f"{stem}:{str(position).zfill(DIGITS)}"  # half the time of a format's width


def _positioned_all(stem: str, first: int, count: int) -> list[str]:
    """The keys of elements that follow one another: a sixth of the time."""
    block, at = divmod(first, len(_TAILS))
    if at + count > len(_TAILS):
        return [positioned(stem, number) for number in range(first, first + count)]
    head = f"{stem}:{str(block).zfill(DIGITS - TAIL)}"
    return [head + tail for tail in _TAILS[at : at + count]]


def position_of(key: Key) -> tuple[str, int]:
    """Stem and position of an element's key. Raises ValueError if it is not one."""
    stem, colon, digits = str(key).rpartition(":")
    if not colon or not digits.isdecimal():
        raise ValueError(f"{key!r} does not end in a position")
    return stem, int(digits)


def is_positioned(key: Key) -> bool:
    """Whether it is the key of an element."""
    digits = str(key).rpartition(":")[2]
    return len(digits) == DIGITS and digits.isdecimal()


def span_of(stem: str) -> tuple[str, str]:
    """The first and the last key that elements of this list may have."""
    return positioned(stem, 0), f"{stem}:{'9' * DIGITS}"


def cuts(key: Key) -> bool:
    """Whether the keys below this one would be the front of a list, and not all of it or nothing."""
    text = str(key)
    spans = (span_of(text[:end]) for end, char in enumerate(text) if char == ":")
    return any(first < text <= last for first, last in spans)


def numbered(stretches: Iterable[Stretch], stem: str, known: Known) -> Iterator[tuple[list[str], Stretch]]:
    """The elements of a list with their keys."""
    rest = iter(stretches)
    first: list[Stretch] = []
    while sum(len(stretch.values) for stretch in first) < LOOK and (stretch := next(rest, None)) is not None:
        first.append(stretch)
    position = _begin(first, stem, known)
    given = iter(known.holed(positioned(stem, position), span_of(stem)[1]))
    for stretch in chain(first, rest):
        keys = list(map(str, islice(given, len(stretch.values))))
        if keys:
            position = position_of(keys[-1])[1] + 1
        count = len(stretch.values) - len(keys)
        yield keys + _positioned_all(stem, position, count), stretch
        position += count


def _begin(stretches: Iterable[Stretch], stem: str, known: Known) -> int:
    """The position of the list's first element."""
    low, high = span_of(stem)
    if known.is_pruned(high):
        return 0  # nothing is known of the elements, so nothing may depend on what there was
    last = known.last(low, high)
    if last is None:
        return 0
    there = known.documents(low, high, LOOK)
    first = list(map(known.like, islice(chain.from_iterable(map(_documents, stretches)), LOOK)))
    if [document for _, document in there[: len(first)]] != first:
        there = known.documents(low, high, None)
    at = aligned([document for _, document in there], first)
    if at is not None:
        return position_of(there[at][0])[1]
    return position_of(last)[1] + 1


def aligned(known: Sequence[bytes], first: Sequence[bytes]) -> int | None:
    """Which of the known elements the list begins with; None if it is another list.

    The place where most agree, the earliest of several; where less than half do, it is a coincidence.
    """
    best, place = 0, None
    for start in range(len(known)):
        overlap = min(len(known) - start, len(first))
        if overlap <= best:
            break
        agree = sum(a == b for a, b in zip(known[start : start + overlap], first, strict=False))
        if agree > best and 2 * agree >= overlap:
            best, place = agree, start
    return place


def _documents(stretch: Stretch) -> Iterator[bytes]:
    for number, value in enumerate(stretch.values):
        if isinstance(value, dict):
            yield encoded(value, odd=bool(stretch.defects))[1]
        else:
            yield stretch.raw(number)
