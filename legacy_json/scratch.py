"""A database of its own for what one reading finds, until the whole source has been read."""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from legacy_json.index import Index
from legacy_json.layouts import Collection, Wins
from legacy_json.records import Finding, State
from legacy_json.shelves import Beaten, IndexShelf, ScratchShelf, Shelf, parts, rows

PREFIX = "reading-"
LOOKUP_WIDTH = 4  # values of a unique value: name, value, key, ordinal

_UNSHOWN = ("synchronous = NORMAL", "wal_autocheckpoint = 8000")
_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -64000", "locking_mode = EXCLUSIVE")


class Scratch:
    """What one reading found; attached to the index's connection as `incoming`."""

    def __init__(self, index: Index, collections: Sequence[Collection]) -> None:
        self._index, self.connection = index, index.connection()
        self.connection.execute(f"CREATE TABLE incoming.finding ({', '.join(Finding._fields)})")
        self._shelves: dict[str, Shelf] = {}
        self._lookups: dict[str, str] = {}
        for number, collection in enumerate(collections):
            self._lookups[collection.name] = f"incoming.lookup_{number}"
            self.connection.execute(f"CREATE TABLE incoming.lookup_{number} (name, value, key, ordinal)")
            self._shelves[collection.name] = (
                ScratchShelf(index, collection, f"incoming.entry_{number}")
                if index.is_read(collection.name)
                else IndexShelf(index, collection)
            )

    def entries(self, component: str) -> str:
        """What to select a component's key, state, odd, document or NULL (if the index has it), ordinal from."""
        return self._shelves[component].relation

    def lookups(self, component: str) -> str:
        """The table of its unique values: name, value, key, ordinal."""
        return self._lookups[component]

    def is_new(self, component: str) -> bool:
        """Whether this is its first reading, and its entries are in the index."""
        return self._shelves[component].new

    def add(self, component: str, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        """Entries in file order, shelves.WIDTH values each, and those among them that another entry beats."""
        return self._shelves[component].add(wins, values)

    def add_lookups(self, component: str, values: Sequence[object]) -> None:
        """Unique values of entries that were added, LOOKUP_WIDTH values each."""
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
            "SELECT c.key, c.state, c.document, c.ordinal, p.ordinal"
            f" FROM {self.entries(child)} AS c JOIN {self.entries(parent)} AS p ON p.key = c.key"
            " WHERE p.ordinal <> c.ordinal"
        ).fetchall()
        shelf.remove([row[0] for row in found])
        return [
            Beaten(key, State(state), shelf.document(key, document), ordinal, winner)
            for key, state, document, ordinal, winner in found
        ]

    def drop_lookups_of_beaten(self, component: str) -> None:
        """Unique values hold for the entries that stayed."""
        self.connection.execute(
            f"DELETE FROM {self.lookups(component)} AS l WHERE NOT EXISTS"
            f" (SELECT 1 FROM {self.entries(component)} AS e WHERE e.key = l.key AND e.ordinal = l.ordinal)"
        )

    def open_thread(self) -> None:
        """For the thread that adds: what nobody is shown has to last no sooner than the commit that shows it."""
        for pragma in _UNSHOWN:
            self._index.connection().execute(f"PRAGMA {pragma}")

    def close_thread(self) -> None:
        """Close what a second thread opened; to be called in that thread."""
        self._index.close()

    def close(self) -> None:
        """Leave nothing of a new component behind that its reading did not complete."""
        for shelf in self._shelves.values():
            if isinstance(shelf, IndexShelf) and not shelf.index.is_read(shelf.component):
                shelf.clear()

    # What the index is to be told

    def gather_absent(self, component: str) -> str:
        """A table of the keys that the index has and the source has not."""
        self.connection.execute("DROP TABLE IF EXISTS incoming.absent")
        self.connection.execute("CREATE TABLE incoming.absent (key PRIMARY KEY) WITHOUT ROWID")
        self.connection.execute(
            "INSERT INTO incoming.absent SELECT r.key FROM main.record r WHERE r.component = ? AND r.state <> ?"
            f" AND NOT EXISTS (SELECT 1 FROM {self.entries(component)} AS e WHERE e.key = r.key)",
            (component, State.DELETED),
        )
        return "incoming.absent"

    def count_absent(self, component: str) -> int:
        """How many records the index has and the source has not."""
        (count,) = self.connection.execute(f"SELECT count(*) FROM {self.gather_absent(component)}").fetchone()
        return int(count)

    def gather_lookups(self, component: str) -> tuple[int, int]:
        """Fill `gone` and `new` with the unique values that only the index has, or only the source; their sizes."""
        connection, table = self.connection, self.lookups(component)
        for name in ("gone", "new"):
            connection.execute(f"DROP TABLE IF EXISTS incoming.{name}")
            connection.execute(f"CREATE TABLE incoming.{name} (name, value, key)")
        new = f"SELECT DISTINCT name, value, key FROM {table}"
        if not self.is_new(component):
            connection.execute(f"CREATE INDEX {table}_order ON {table.removeprefix('incoming.')} (name, value, key)")
            had = "SELECT name, value, key FROM main.lookup WHERE component = :component"
            there = {"component": component}
            connection.execute(f"INSERT INTO incoming.gone {had} EXCEPT SELECT name, value, key FROM {table}", there)
            new += f" EXCEPT {had}"
        connection.execute(f"INSERT INTO incoming.new {new} ORDER BY 1, 2, 3", {"component": component})
        counts = connection.execute("SELECT (SELECT count(*) FROM incoming.gone), (SELECT count(*) FROM incoming.new)")
        gone, new = counts.fetchone()
        return gone, new

    def carry_findings(self) -> None:
        """Into the index, inside the caller's commit."""
        names = ", ".join(Finding._fields)
        self.connection.execute(f"INSERT INTO main.finding ({names}) SELECT * FROM incoming.finding ORDER BY rowid")


@contextmanager
def scratch(index: Index, collections: Sequence[Collection]) -> Iterator[Scratch]:
    """Empty tables for one reading. Nothing of them is synced, and no crash leaves them behind."""
    connection = index.connection()
    index.path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=index.path.parent, prefix=PREFIX)
    os.close(descriptor)
    connection.execute("ATTACH ? AS incoming", (name,))
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA incoming.{pragma}").fetchall()
        made = Scratch(index, collections)
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
