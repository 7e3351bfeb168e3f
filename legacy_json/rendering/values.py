"""Whether two files say the same, as json.load reads them, however they are formatted.

Side by side first, with no memory of what went by. What that finds may only be another order of members, or be made
good by a later member of the same name; then all members of both are laid out on disk (placed.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import msgspec

from legacy_json.rendering.differing import Difference as Difference
from legacy_json.rendering.differing import difference, exact
from legacy_json.rendering.placed import each
from legacy_json.rendering.placed import first_difference as first_difference_placed
from legacy_json.scan import Scanner, Stretch
from legacy_json.window import SIZE

LEVELS = 2  # taken apart: the root and its sections; a record is read whole

_encode = msgspec.json.Encoder().encode
_unwritable = (UnicodeEncodeError, OverflowError, RecursionError)


def first_difference(one: Path, other: Path, *, size: int = SIZE) -> Difference | None:
    """Where two JSON files differ as values; None if they do not.

    The order of members counts for nothing, nor how a text or a number is spelled. 1, 1.0 and true are three values,
    0.0 and -0.0 two; NaN equals NaN. Of members with one name the last counts. Raises SourceUnreadable, OSError.
    """
    with one.open("rb", buffering=0) as first, other.open("rb", buffering=0) as second:
        left, right = Scanner(first, one, size), Scanner(second, other, size)
        if _alike(left, right, LEVELS):
            left.finish()
            right.finish()
            return None
    return first_difference_placed(one, other, size)


def _alike(left: Scanner, right: Scanner, levels: int) -> bool:
    """Whether both have the same values under the same names in the same order."""
    opening = left.peek()
    if opening != right.peek() or not levels or opening not in ("[", "{"):
        return _same(left.value(), 0, right.value(), 0)
    if opening == "[":
        return all(_same_elements(*pair) for pair in zip_longest(each(left), each(right)))
    return all(name == other and _alike(left, right, levels - 1) for name, other in _names(left, right))


def _names(left: Scanner, right: Scanner) -> Iterator[tuple[str | None, str | None]]:
    return zip_longest(left.members(), right.members())


def _same_elements(one: tuple[Stretch, int] | None, other: tuple[Stretch, int] | None) -> bool:
    return one is not None and other is not None and _same(*one, *other)


def _same(one: Stretch, number: int, other: Stretch, place: int) -> bool:
    if not one.defects and not other.defects:  # else there may be NaN, which msgspec writes as null
        try:
            if _encode(one.values[number]) == _encode(other.values[place]):
                return True
        except _unwritable:
            pass
    return difference(exact(one, number), exact(other, place)) is None
