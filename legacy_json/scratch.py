"""A database of its own for the entries of one reading, until the whole source has been read.

Per collection one table of entries and one of unique values. Only what differs from the index is
held with its document. Rows go in a few thousand at a time in one statement, during which the
reader's thread runs on: each statement ends with a wait for the interpreter lock, so a statement a
row took twice as long as both threads' work together.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection, Wins
from legacy_json.records import Finding, State

PREFIX = "reading-"
WIDTH = 5  # values of an entry: key, state, odd, document, ordinal
LOOKUP_WIDTH = 4  # of a unique value: name, value, key, ordinal
VALUES = 20_000  # in one statement, a multiple of both widths; SQLite takes 32766

_PRAGMAS = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -64000", "locking_mode = EXCLUSIVE")


class Beaten(NamedTuple):
    """An entry that lost its key to another one."""

    key: Key
    state: State
    document: bytes
    ordinal: int
    winner: int


class Scratch:
    """The tables of one reading, attached to the index's connection as `incoming`."""

    def __init__(self, connection: sqlite3.Connection, collections: Sequence[Collection]) -> None:
        self.connection = connection
        self._names = {collection.name: f"incoming.entry_{n}" for n, collection in enumerate(collections)}
        self._known: dict[str, bool] = {}
        connection.execute(f"CREATE TABLE incoming.finding ({', '.join(Finding._fields)})")
        for collection in collections:
            self._create(collection)

    def entries(self, component: str) -> str:
        """The table of a component's entries: key, state, odd, document or NULL if the index has it, ordinal."""
        return self._names[component]

    def lookups(self, component: str) -> str:
        """The table of its unique values: name, value, key, ordinal."""
        return self._names[component] + "_lookup"

    def known(self, component: str) -> bool:
        """Whether the index had any record of it when the reading began."""
        return self._known[component]

    def add(self, component: str, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        """Entries in file order, WIDTH values each, and those among them that another entry beats."""
        beaten: list[Beaten] = []
        for part in _parts(values):
            if self._insert(component, part) < len(part) // WIDTH:
                beaten += self._settle(component, wins, part)
        return beaten

    def add_lookups(self, component: str, values: Sequence[object]) -> None:
        """Unique values of entries that were added, LOOKUP_WIDTH values each."""
        for part in _parts(values):
            rows = _rows(LOOKUP_WIDTH, len(part) // LOOKUP_WIDTH)
            self.connection.execute(f"INSERT INTO {self.lookups(component)} {rows}", part)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """What the index is told once everything has been read."""
        self.connection.executemany("INSERT INTO incoming.finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", findings)

    def drop_orphans(self, child: str, parent: str) -> list[Beaten]:
        """Take out the children of entries that were beaten: the bot does not read them either."""
        orphan = (
            f"FROM {self.entries(child)} AS c WHERE NOT EXISTS"
            f" (SELECT 1 FROM {self.entries(parent)} p WHERE p.key = c.key AND p.ordinal = c.ordinal)"
        )
        rows = self.connection.execute(f"SELECT c.key, c.state, c.document, c.ordinal {orphan}").fetchall()
        winner = f"SELECT ordinal FROM {self.entries(parent)} WHERE key = ?"
        found = [
            Beaten(
                key,
                State(state),
                self._document(child, key, document),
                ordinal,
                self.connection.execute(winner, (key,)).fetchone()[0],
            )
            for key, state, document, ordinal in rows
        ]
        self.connection.execute(f"DELETE {orphan}")
        return found

    def drop_lookups_of_beaten(self, component: str) -> None:
        """Unique values hold for the entries that stayed."""
        self.connection.execute(
            f"DELETE FROM {self.lookups(component)} AS l WHERE NOT EXISTS"
            f" (SELECT 1 FROM {self.entries(component)} e WHERE e.key = l.key AND e.ordinal = l.ordinal)"
        )

    # What the index is to be told

    def gather_absent(self, component: str) -> str:
        """A table of the keys that the index has and the source has not."""
        self.connection.execute("DROP TABLE IF EXISTS incoming.absent")
        self.connection.execute("CREATE TABLE incoming.absent (key PRIMARY KEY) WITHOUT ROWID")
        self.connection.execute(
            "INSERT INTO incoming.absent SELECT r.key FROM main.record r WHERE r.component = ? AND r.state <> ?"
            f" AND NOT EXISTS (SELECT 1 FROM {self.entries(component)} e WHERE e.key = r.key)",
            (component, State.DELETED),
        )
        return "incoming.absent"

    def gather_lookups(self, component: str) -> tuple[int, int]:
        """Fill `gone` and `new` with the unique values that only the index has, or only the source; their sizes."""
        connection, table = self.connection, self.lookups(component)
        for name in ("gone", "new"):
            connection.execute(f"DROP TABLE IF EXISTS incoming.{name}")
            connection.execute(f"CREATE TABLE incoming.{name} (name, value, key)")
        new = f"SELECT DISTINCT name, value, key FROM {table}"
        if self.known(component):
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

    # Tables

    def _create(self, collection: Collection) -> None:
        table = self.entries(collection.name)
        rest = "state, odd, document, ordinal"
        if collection.key is int:
            self.connection.execute(f"CREATE TABLE {table} (key INTEGER PRIMARY KEY, {rest})")
        else:
            self.connection.execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, {rest}) WITHOUT ROWID")
        self.connection.execute(f"CREATE TABLE {self.lookups(collection.name)} (name, value, key, ordinal)")
        (known,) = self.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM main.record WHERE component = ?)", (collection.name,)
        ).fetchone()
        self._known[collection.name] = bool(known)

    def _insert(self, component: str, values: Sequence[object], verb: str = "INSERT OR IGNORE") -> int:
        """How many of the entries went in."""
        rows = _rows(WIDTH, len(values) // WIDTH)
        if not self._known[component]:
            return self.connection.execute(f"{verb} INTO {self.entries(component)} {rows}", values).rowcount
        return self.connection.execute(
            f"{verb} INTO {self.entries(component)} SELECT v.column1, v.column2, v.column3,"
            " iif(r.document IS v.column4, NULL, v.column4), v.column5"
            f" FROM ({rows}) v LEFT JOIN main.record r ON r.component = ? AND r.key = v.column1",
            (*values, component),
        ).rowcount

    def _settle(self, component: str, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        """Of two entries with one key the one that the bot would use stays; a live one before any other."""
        beaten = []
        stored = f"SELECT key, state, document, ordinal FROM {self.entries(component)} WHERE key = ?"
        for start in range(0, len(values), WIDTH):
            row = values[start : start + WIDTH]
            key, state, document, ordinal = self.connection.execute(stored, (row[0],)).fetchone()
            standing = Beaten(key, State(state), self._document(component, key, document), ordinal, ordinal)
            coming = _entry(row)
            if coming.ordinal == standing.ordinal:
                continue
            if _takes_over(coming, standing, wins):
                self._insert(component, row, "INSERT OR REPLACE")
                beaten.append(standing._replace(winner=coming.ordinal))
            else:
                beaten.append(coming._replace(winner=standing.ordinal))
        return beaten

    def _document(self, component: str, key: Key, document: bytes | None) -> bytes:
        if document is not None:
            return document
        row = self.connection.execute(
            "SELECT document FROM main.record WHERE component = ? AND key = ?", (component, key)
        ).fetchone()
        return bytes(row[0])


def _parts(values: Sequence[object]) -> Iterator[Sequence[object]]:
    for start in range(0, len(values), VALUES):
        yield values[start : start + VALUES]


def _rows(width: int, count: int) -> str:
    row = f"({','.join('?' * width)})"
    return "VALUES " + ",".join([row] * count)


def _entry(row: Sequence[object]) -> Beaten:
    key, state, _, document, ordinal = row
    assert isinstance(key, int | str)
    assert isinstance(state, int)
    assert isinstance(document, bytes)
    assert isinstance(ordinal, int)
    return Beaten(key, State(state), document, ordinal, ordinal)


def _takes_over(coming: Beaten, standing: Beaten, wins: Wins) -> bool:
    if coming.state is not standing.state:
        return coming.state is State.LIVE
    return (coming.ordinal > standing.ordinal) is (wins == "last")


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
        made = Scratch(connection, collections)
        Path(name).unlink()  # the open file lives on without its name
        yield made
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
