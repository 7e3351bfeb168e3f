"""A database of its own for what one reading finds, until the whole source has been read."""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Source, Wins
from legacy_json.records import Finding, State
from legacy_json.shelves import Beaten, IndexShelf, ScratchShelf, Shelf, parts, rows
from legacy_json.texts import printable

PREFIX = "reading-"
LOOKUP_WIDTH = 5  # values of a lookup: name, value, key, file, ordinal

_UNSHOWN = ("synchronous = NORMAL", "wal_autocheckpoint = 8000")
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -64000", "locking_mode = EXCLUSIVE")


class Listed(NamedTuple):
    """A file of the source at hand."""

    id: int
    name: str
    pattern: str


class Scratch:
    """What one reading of these files found; attached to the index's connection as `incoming`."""

    def __init__(self, index: Index, source: Source, files: Sequence[Listed]) -> None:
        self.index, self.connection, self.files = index, index.connection(), files
        self._source = source
        self.connection.execute(f"CREATE TABLE incoming.finding ({', '.join(Finding._fields)})")
        self.connection.execute("CREATE TABLE incoming.file (id INTEGER PRIMARY KEY, name)")
        named = [(file.id, printable(file.name)) for file in files]
        self.connection.executemany("INSERT INTO incoming.file VALUES (?, ?)", named)
        ranks = {file.id: rank for rank, file in enumerate(files)}
        self._shelves: dict[str, Shelf] = {}
        self._lookups: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        self._floors = {collection.name: index.floor(collection.name) for collection in source.collections}
        for number, collection in enumerate(source.collections):
            self._lookups[collection.name] = f"incoming.lookup_{number}"
            self.connection.execute(f"CREATE TABLE incoming.lookup_{number} (name, value, key, file, ordinal)")
            self._shelves[collection.name] = (
                ScratchShelf(index, collection, ranks, f"incoming.entry_{number}")
                if index.is_read(collection.name)
                else IndexShelf(index, collection, ranks)
            )

    def entries(self, component: str) -> str:
        """What to select a component's key, state, odd, document or NULL (if the index has it), file, ordinal from."""
        return self._shelves[component].relation

    def lookups(self, component: str) -> str:
        """The table of the values it is looked up by: name, value, key, file, ordinal."""
        return self._lookups[component]

    def floor(self, component: str) -> Key | None:
        """The key below which its records are pruned, as it was when the reading began."""
        return self._floors[component]

    def is_new(self, component: str) -> bool:
        """Whether this is its first reading, and its entries are in the index."""
        return self._shelves[component].new

    def add(self, component: str, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        """Entries in file order, shelves.WIDTH values each, and those among them that another entry beats."""
        return self._shelves[component].add(wins, values)

    def add_lookups(self, component: str, values: Sequence[object]) -> None:
        """Lookups of entries that were added, LOOKUP_WIDTH values each."""
        for part in parts(values):
            these = rows(LOOKUP_WIDTH, len(part) // LOOKUP_WIDTH)
            self.connection.execute(f"INSERT INTO {self.lookups(component)} {these}", part)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """What the index is told once everything has been read."""
        self.connection.executemany(
            "INSERT INTO incoming.finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(Finding.storable, findings)
        )

    def drop_orphans(self, child: str, parent: str) -> list[Beaten]:
        """Take out the children of entries that were beaten: the bot does not read them either."""
        shelf = self._shelves[child]
        found = self.connection.execute(
            "SELECT c.key, c.state, c.document, c.file, c.ordinal, p.file, p.ordinal"
            f" FROM {self.entries(child)} AS c JOIN {self.entries(parent)} AS p ON p.key = c.key"
            " WHERE (p.file, p.ordinal) <> (c.file, c.ordinal)"
        ).fetchall()
        lost = [
            Beaten(key, State(state), shelf.document(key, document), file, ordinal, (winner, at))
            for key, state, document, file, ordinal, winner, at in found
        ]
        shelf.remove([row[0] for row in found])
        return lost

    def drop_taken(self, component: str, files: Iterable[int]) -> list[Beaten]:
        """Take out the entries whose keys have records from these files, which are another source's."""
        shelf = self._shelves[component]
        found = self.connection.execute(
            "SELECT e.key, e.state, e.document, e.file, e.ordinal, r.file, r.ordinal"
            f" FROM {self.entries(component)} AS e JOIN main.record r ON r.component = ? AND r.key = +e.key"
            f" WHERE r.state <> {State.DELETED:d}",
            (component,),
        ).fetchall()
        others = set(files)
        lost = [
            Beaten(key, State(state), document, file, ordinal, (other, at))
            for key, state, document, file, ordinal, other, at in found
            if other in others
        ]
        shelf.remove([entry.key for entry in lost])
        return lost

    def drop_lookups_of_beaten(self, component: str) -> None:
        """Unique values hold for the entries that stayed."""
        self.connection.execute(
            f"DELETE FROM {self.lookups(component)} AS l WHERE NOT EXISTS"
            f" (SELECT 1 FROM {self.entries(component)} AS e"
            " WHERE e.key = l.key AND e.file = l.file AND e.ordinal = l.ordinal)"
        )

    def open_thread(self) -> None:
        """For the thread that adds: what nobody is shown has to last no sooner than the commit that shows it."""
        for pragma in _UNSHOWN:
            self.index.connection().execute(f"PRAGMA {pragma}")

    def close_thread(self) -> None:
        """Close what a second thread opened; to be called in that thread."""
        self.index.close_thread()

    def close(self) -> None:
        """Leave nothing of a new component behind that its reading did not complete."""
        for shelf in self._shelves.values():
            if isinstance(shelf, IndexShelf) and not shelf.index.is_read(shelf.component):
                shelf.clear()

    # What the index is to be told

    def gather_absent(self, component: str) -> str:
        """A table of the keys that the index has and the source has not."""
        if component in self._absent:
            return self._absent[component]
        table = f"incoming.absent_{len(self._absent)}"
        self.connection.execute(f"CREATE TABLE {table} (key PRIMARY KEY) WITHOUT ROWID")
        spans = [(file.id, span) for file in self.files for span in self._spans(component, file)]
        anywhere = [(file,) for file, span in spans if span is None]
        somewhere = [(file, *span) for file, span in spans if span is not None]
        self._gather_of("(id)", anywhere, "r.file IN (SELECT id FROM incoming.place)", component, table)
        # CROSS JOIN: a file's records are found by their keys, not by a look at all that there are.
        place = "incoming.place AS p CROSS JOIN"
        within = "r.file = p.id AND r.key BETWEEN +p.low AND +p.high"
        self._gather_of("(id, low, high)", somewhere, within, component, table, place)
        self._absent[component] = table
        return table

    def _gather_of(
        self, columns: str, places: Sequence[tuple[Key, ...]], where: str, component: str, table: str, place: str = ""
    ) -> None:
        if not places:
            return
        self.connection.execute("DROP TABLE IF EXISTS incoming.place")
        self.connection.execute(f"CREATE TABLE incoming.place {columns}")
        self.connection.executemany(f"INSERT INTO incoming.place VALUES ({', '.join('?' * len(places[0]))})", places)
        self.connection.execute(
            f"INSERT OR IGNORE INTO {table} SELECT r.key FROM {place} main.record r"
            f" WHERE r.component = ? AND {where} AND r.state <> {State.DELETED:d}"
            f" AND NOT EXISTS (SELECT 1 FROM {self.entries(component)} AS e WHERE e.key = r.key)",
            (component,),
        )

    def _spans(self, component: str, file: Listed) -> list[tuple[Key, Key] | None]:
        """Where the component's records of this file are among its keys; anywhere, of one that was moved."""
        homes = self._source.homes_in(file.pattern)
        own = [h.layout.span(file.name, h.collection.key) for h in homes if h.collection.name == component]
        embedded = any(child.name == component for home in homes for child, _ in home.children)
        return [None] if embedded or not homes else [*own]

    def strays(self, component: str) -> set[int]:
        """Other files of the source that hold records of keys which this reading found."""
        shelf = self._shelves[component]
        if not (isinstance(shelf, ScratchShelf) and shelf.met):
            return set()
        rows = self.connection.execute(
            f"SELECT DISTINCT r.file FROM {self.entries(component)} AS e"
            " JOIN main.record r ON r.component = ? AND r.key = +e.key"
            # What the index has just so it has in a file that was read.
            " WHERE e.document IS NOT NULL"
            f" AND r.state <> {State.DELETED:d} AND r.file NOT IN (SELECT id FROM incoming.file)",
            (component,),
        )
        return {file for (file,) in rows}

    def documents(self, component: str, low: Key, high: Key, limit: int | None) -> list[tuple[Key, bytes]]:
        """What the index shows of the component between two keys, in key order."""
        if self.is_new(component):
            return []
        query = (
            "SELECT key, document FROM main.record WHERE component = ? AND key BETWEEN ? AND ?"
            f" AND state NOT IN ({State.DELETED:d}, {State.PRUNED:d}) ORDER BY key LIMIT ?"
        )
        return self.connection.execute(query, (component, low, high, -1 if limit is None else limit)).fetchall()

    def last(self, component: str, low: Key, high: Key) -> Key | None:
        """The greatest of the index's keys between two, deleted or not."""
        if self.is_new(component):
            return None
        query = "SELECT max(key) FROM main.record WHERE component = ? AND key BETWEEN ? AND ?"
        (key,) = self.connection.execute(query, (component, low, high)).fetchone()
        return None if key is None else key if isinstance(key, int) else str(key)

    def count_absent(self, component: str) -> int:
        """How many records the index has and the source has not; what was pruned is no loss."""
        (count,) = self.connection.execute(
            f"SELECT count(*) FROM {self.gather_absent(component)} a"
            " JOIN main.record r ON r.component = ? AND r.key = +a.key AND r.state <> ?",
            (component, State.PRUNED),
        ).fetchone()
        return int(count)

    def has_other_files(self, component: str) -> bool:
        """Whether any record of the component may lie in a file that is not read now."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM counted WHERE component = ? AND file NOT IN (SELECT id FROM incoming.file))"
        )
        found: bool = self.connection.execute(query, (component,)).fetchone() == (1,)
        return found

    def carry_findings(self) -> None:
        """Into the index, inside the caller's commit."""
        names = ", ".join(Finding._fields)
        self.connection.execute(f"INSERT INTO main.finding ({names}) SELECT * FROM incoming.finding ORDER BY rowid")


@contextmanager
def scratch(index: Index, source: Source, files: Sequence[Listed]) -> Iterator[Scratch]:
    """Empty tables for one reading of these files, in the order of reading.

    Nothing of them is synced, and no crash leaves them behind.
    """
    connection = index.connection()
    index.path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=index.path.parent, prefix=PREFIX)
    os.close(descriptor)
    connection.execute("ATTACH ? AS incoming", (name,))
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA incoming.{pragma}").fetchall()
        made = Scratch(index, source, files)
        Path(name).unlink()  # the open file lives on without its name
        try:
            yield made
        finally:
            made.close()
    finally:
        connection.execute("DETACH incoming")
        Path(name).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed readers left. Call it under the reading lock only."""
    for path in folder.glob(PREFIX + "*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
