"""Two files compared member by member, in whatever order these stand: what is compared lies on disk, not in memory."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from legacy_json.keys import shown
from legacy_json.rendering.differing import ABSENT, Difference, LongInteger, Steps, difference, exact
from legacy_json.scan import Scanner, Stretch

_TABLE = """
CREATE TABLE value (
    side INTEGER, section BLOB, place BLOB, ordinal INTEGER, said BLOB, PRIMARY KEY (side, section, place)
) WITHOUT ROWID
"""
_LOST = """
SELECT ordinal, place FROM value AS mine WHERE side = ? AND NOT EXISTS (
    SELECT 1 FROM value AS theirs
    WHERE theirs.side = 1 - mine.side AND theirs.section = mine.section AND theirs.place = mine.place
    AND theirs.said = mine.said
) ORDER BY ordinal LIMIT 1
"""


class Placed(NamedTuple):
    """A value and its place; of a container that is taken apart, its opening bracket first."""

    path: Steps
    value: object
    raw: bytes


def each(scanner: Scanner) -> Iterator[tuple[Stretch, int]]:
    """The elements of the list at hand, each as a number in its stretch."""
    for stretch in scanner.elements():
        for number in range(len(stretch.values)):
            yield stretch, number


def first_difference(one: Path, other: Path, size: int) -> Difference | None:
    """As `values.first_difference`."""
    with closing(sqlite3.connect("")) as database:  # a file that SQLite makes and removes itself
        database.execute(_TABLE)
        for side, path in enumerate((one, other)):
            _lay_out(database, side, path, size)
        for side in (0, 1):
            found = database.execute(_LOST, (side,)).fetchone()
            if found is not None:
                return _told(_at(one, found[1], size), _at(other, found[1], size))
    return None


def _lay_out(database: sqlite3.Connection, side: int, path: Path, size: int) -> None:
    for ordinal, (place, value, raw) in enumerate(_walk(path, size)):
        section = _key(place[:1])
        if len(place) == 1:  # of two sections with one name nothing is left of the first
            database.execute("DELETE FROM value WHERE side = ? AND section = ?", (side, section))
        database.execute(
            "INSERT OR REPLACE INTO value VALUES (?, ?, ?, ?, ?)",
            (side, section, _key(place), ordinal, _said(value, raw)),
        )


def _walk(path: Path, size: int) -> Iterator[Placed]:
    with path.open("rb", buffering=0) as stream:
        scanner = Scanner(stream, path, size)
        opening = scanner.peek()
        if opening == "{":
            yield _opening((), opening)
            for name in scanner.members():
                yield from _section(scanner, (name,))
        else:
            yield from _section(scanner, ())
        scanner.finish()


def _section(scanner: Scanner, path: Steps) -> Iterator[Placed]:
    opening = scanner.peek()
    if opening == "{":
        yield _opening(path, opening)
        for name in scanner.members():
            yield _value((*path, name), scanner.value(), 0)
    elif opening == "[":
        yield _opening(path, opening)
        for position, (stretch, number) in enumerate(each(scanner)):
            yield _value((*path, position), stretch, number)
    else:
        yield _value(path, scanner.value(), 0)


def _opening(path: Steps, bracket: str) -> Placed:
    return Placed(path, {} if bracket == "{" else [], b"")


def _value(path: Steps, stretch: Stretch, number: int) -> Placed:
    return Placed(path, exact(stretch, number), stretch.raw(number))


def _said(value: object, raw: bytes) -> bytes:
    """The digest of a value: the same for the same values only."""
    try:
        text = json.dumps(value, sort_keys=True, default=_long).encode()
    except RecursionError:
        text = raw
    return _digest(text)


def _long(value: object) -> object:
    assert isinstance(value, LongInteger)
    return {"an integer": value.digits}


def _key(path: Steps) -> bytes:
    return _digest(repr(path).encode())


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _at(path: Path, place: bytes, size: int) -> tuple[Steps, object]:
    """The value at a place, the last one if there are several."""
    found: tuple[Steps, object] = (), ABSENT
    for placed in _walk(path, size):
        if _key(placed.path) == place:
            found = placed.path, placed.value
    return found


def _told(one: tuple[Steps, object], other: tuple[Steps, object]) -> Difference:
    path = one[0] or other[0]
    found = difference(one[1], other[1], path)
    return found or Difference(path, shown(one[1]), shown(other[1]))  # only spelled otherwise, but too deep to tell
