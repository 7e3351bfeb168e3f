"""What the index has of records before a commit changes them: nobody else does, under the store's lock."""

from __future__ import annotations

import sqlite3

from legacy_json.errors import Unholdable
from legacy_json.filing import TOLD, Filing
from legacy_json.index import RECORD
from legacy_json.keys import BadKey, Key, as_key
from legacy_json.layouts import Collection
from legacy_json.positions import position_of, positioned, span_of
from legacy_json.records import Record

_WIDTH = len(Record._fields)
_FETCH = (
    f"SELECT {RECORD}, {TOLD} FROM record r LEFT JOIN file f ON f.id = r.file"  # noqa: S608
    " LEFT JOIN source s ON s.name = f.source WHERE r.component = ? AND r.key = ?"
)


class Present:
    """Of one commit. filing: is told of the files that the records lie in."""

    def __init__(self, connection: sqlite3.Connection, filing: Filing) -> None:
        self._connection, self._filing = connection, filing
        self._rows: dict[tuple[str, Key], Record | None] = {}
        self._ends: dict[tuple[str, str], int] = {}  # of lists: the position of the next element

    def row(self, collection: Collection, key: Key) -> Record | None:
        """Whatever its state is. Raises Unholdable for what no record has for a key."""
        identity = (collection.name, key)
        if identity not in self._rows:
            self._rows[identity] = self._fetch(collection, key)
        return self._rows[identity]

    def next_key(self, collection: Collection, stem: str) -> str:
        """The key after the last one that was ever given in that list, by this commit too."""
        end = (collection.name, stem)
        if end not in self._ends:
            query = "SELECT max(key) FROM record WHERE component = ? AND key BETWEEN ? AND ?"
            (last,) = self._connection.execute(query, (collection.name, *span_of(stem))).fetchone()
            self._ends[end] = 0 if last is None else position_of(last)[1] + 1
        return positioned(stem, self._ends[end])

    def note_end(self, collection: Collection, stem: str, key: str) -> None:
        """This commit has given that key."""
        self._ends[collection.name, stem] = position_of(key)[1] + 1

    def _fetch(self, collection: Collection, key: Key) -> Record | None:
        try:
            _, repaired = as_key(key, collection.key, text_is_normal=False)
        except BadKey as error:
            repaired = str(error)
        if repaired:
            raise Unholdable(collection.name, key, f"a key of this kind there cannot be: {repaired}")
        row = self._connection.execute(_FETCH, (collection.name, key)).fetchone()
        if row is None:
            return None
        record = Record._make(row[:_WIDTH])
        self._filing.note(record.file, row[_WIDTH:])
        return record
