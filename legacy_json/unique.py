"""Declared lookups within one commit: freed, taken, and refused where a unique one belongs to another record.

Of several records that a file came with and that share a unique value, the first in the file holds it and the others
are marked. Such a mark goes with the last value that it is for, whoever of them lets go of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from legacy_json.documents import decoded
from legacy_json.errors import ValueTaken
from legacy_json.keys import Key
from legacy_json.layouts import Collection
from legacy_json.records import Record, State
from legacy_json.texts import holdable

_FINDABLE = (str, int, float)
Value = tuple[str, str]  # name, and the value as both stores compare it
Place = tuple[int, int]  # file and ordinal


def lookups_of(collection: Collection, document: Mapping[str, object]) -> list[Value]:
    """What the record is found by. Nothing is found by an empty value, or by one that is no text and no number."""
    found = []
    for name in (*collection.unique, *collection.lookups):
        held = document.get(name)
        if isinstance(held, _FINDABLE) and held != "" and not isinstance(held, bool):
            found.append((name, as_lookup(held)))
    return found


def as_lookup(held: str | int | float) -> str:
    """A value as the database will have it: the mapping makes texts of numbers too."""
    return holdable(str(held))[0]


class Marked(NamedTuple):
    """A record whose mark may go, with its place in the file."""

    collection: Collection
    key: Key
    version: int
    state: State
    odd: int
    file: int
    ordinal: int
    document: bytes


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other  # 1 is not true, nor 1.0


class _Move(NamedTuple):
    """What one record lets go of, and what it wants to have."""

    collection: Collection
    key: Key
    gone: set[Value]
    new: set[Value]


class Lookups:
    """Of the records that one commit changes: note() all, then exchange(), so that values may change hands."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._moves: list[_Move] = []

    def note(
        self, collection: Collection, key: Key, before: Record | None, document: Mapping[str, object] | None
    ) -> None:
        """document: None of what is deleted."""
        if not (collection.unique or collection.lookups):
            return
        if before is not None and before.state == State.QUARANTINED:
            self._moves.append(self._released(collection, key, document or {}))
            return
        old: Mapping[str, object] = {}
        if before is not None and before.state == State.LIVE:
            old = decoded(before.document, odd=bool(before.odd))
        new = document or {}
        names = (*collection.unique, *collection.lookups)
        if all(_same(old.get(name), new.get(name)) for name in names):
            return  # as nearly always
        had, wanted = set(lookups_of(collection, old)), set(lookups_of(collection, new))
        self._moves.append(_Move(collection, key, had - wanted, wanted - had))

    def _released(self, collection: Collection, key: Key, document: Mapping[str, object]) -> _Move:
        """Of what was in quarantine. It holds values only if mapping refused it, and may be no document."""
        query = "SELECT name, value FROM lookup WHERE component = ? AND key = ?"
        had: set[Value] = set(self._connection.execute(query, (collection.name, key)).fetchall())
        wanted = set(lookups_of(collection, document))
        return _Move(collection, key, had - wanted, wanted - had)

    def exchange(self) -> None:
        """Raises ValueTaken. What a record had before, it may keep, though a marked duplicate shares it."""
        for collection, key, gone, _ in self._moves:
            self._connection.executemany(
                "DELETE FROM lookup WHERE component = ? AND name = ? AND value = ? AND key = ?",
                [(collection.name, name, value, key) for name, value in gone],
            )
        for collection, key, _, new in self._moves:
            for name, value in sorted(new):
                self._take(collection, key, name, value)

    def _take(self, collection: Collection, key: Key, name: str, value: str) -> None:
        if name in collection.unique:
            query = "SELECT key FROM lookup WHERE component = ? AND name = ? AND value = ?"
            holder = self._connection.execute(query, (collection.name, name, value)).fetchone()
            if holder is not None:
                raise ValueTaken(collection.name, key, name, value, holder[0])
        self._connection.execute("INSERT INTO lookup VALUES (?, ?, ?, ?)", (collection.name, name, value, key))

    def is_duplicate(self, collection: Collection, key: Key, document: Mapping[str, object], place: Place) -> bool:
        """Of a marked one: whether a record before it still has one of its unique values."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM lookup l JOIN record r USING (component, key) WHERE l.component = ?"
            " AND l.name = ? AND l.value = ? AND l.key <> ? AND (r.file, r.ordinal) < (?, ?))"
        )
        return any(
            self._connection.execute(query, (collection.name, *value, key, *place)).fetchone()[0]
            for value in lookups_of(collection, document)
            if value[0] in collection.unique
        )

    def relieved(self) -> Iterator[Marked]:
        """The marked records that are no duplicates any more, since others let go of what they shared.

        Call it when everything is written; it looks at each as the one before it left the index.
        """
        query = (
            "SELECT r.key, r.version, r.state, r.odd, r.file, r.ordinal, r.document FROM lookup l JOIN record r"
            " USING (component, key) WHERE l.component = ? AND l.name = ? AND l.value = ? AND r.duplicate = 1"
        )
        freed = ((move.collection, value) for move in self._moves for value in move.gone)
        for collection, value in freed:
            if value[0] not in collection.unique:
                continue
            for row in self._connection.execute(query, (collection.name, *value)).fetchall():
                found = Marked(collection, *row)
                document = decoded(found.document, odd=bool(found.odd))
                if not self.is_duplicate(collection, found.key, document, (found.file, found.ordinal)):
                    yield found
