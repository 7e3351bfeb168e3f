"""Within one commit: in which file a record lies, which files have to be rendered, and how many entries each has."""

from __future__ import annotations

import sqlite3

from legacy_json.errors import NotOurs
from legacy_json.keys import Key
from legacy_json.owners import Owner
from legacy_json.places import Place

Spot = tuple[int, int]  # a file's number, and an ordinal in it
Told = tuple[str, str | None, bool]  # of a file: its source, that one's owner, and whether it is to be rendered already

# To be selected of a file f and its source s.
TOLD = "f.source, s.owner, f.changed > f.began"


class Filing:
    """counter: the commit's number."""

    def __init__(self, connection: sqlite3.Connection, counter: int) -> None:
        self._connection, self._counter = connection, counter
        self._touched: set[int] = set()
        self._told: dict[int, Told] = {}

    def new(self, place: Place, key: Key) -> Spot:
        """The next ordinal of the file where records of that key go. Raises NotOurs, BadKey."""
        file, ordinal = self._connection.execute(
            "INSERT INTO file (source, name, signature, next) VALUES (?, ?, '', 1)"
            " ON CONFLICT (name) DO UPDATE SET next = next + 1 RETURNING id, next - 1",
            (place.source.name, place.file_of(key)),
        ).fetchone()
        self.touch(file)
        return file, ordinal

    def note(self, file: int, told: Told) -> None:
        """What was selected of the file together with a record, which is a statement less."""
        self._told[file] = told

    def touch(self, file: int) -> None:
        """The file has to be rendered. Raises NotOurs."""
        if file in self._touched:
            return
        source, owner, told = self._told[file] if file in self._told else self._look(file)
        if owner != Owner.SWITCHYARD:
            raise NotOurs(source)
        if not told:  # a page less to write
            self._connection.execute("UPDATE file SET changed = ? WHERE id = ?", (self._counter, file))
        self._touched.add(file)

    def count(self, component: str, file: int, step: int) -> None:
        """So many entries more or less."""
        self._connection.execute(
            "INSERT INTO counted VALUES (?, ?, ?) ON CONFLICT (component, file) DO UPDATE"
            " SET entries = entries + excluded.entries",
            (component, file, step),
        )
        self._connection.execute("INSERT OR IGNORE INTO scanned (component) VALUES (?)", (component,))

    def _look(self, file: int) -> Told:
        query = f"SELECT {TOLD} FROM file f LEFT JOIN source s ON s.name = f.source WHERE f.id = ?"  # noqa: S608
        told: Told = self._connection.execute(query, (file,)).fetchone()
        return told
