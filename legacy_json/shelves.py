"""Where a component's entries lie until the whole source has been read.

Of a component that was read before: in the scratch database, those that the index has already
without their documents. Of a new one: in the index itself, which shows nothing of a component
before its first reading is complete. Writing everything twice was a third of a first reading.

Rows go in a few thousand at a time in one statement, during which the reader's thread runs on:
each statement ends with a wait for the interpreter lock, so a statement a row took twice as long
as both threads' work together.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of tables, and a component's, quoted

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection, Wins
from legacy_json.records import NEVER, State

WIDTH = 6  # values of an entry: key, state, odd, document, file, ordinal
VALUES = 30_000  # in one statement, a multiple of every width; SQLite takes 32766
CHUNK = 10_000  # records in one commit


class Beaten(NamedTuple):
    """An entry that lost its key to another one."""

    key: Key
    state: State
    document: bytes
    file: int
    ordinal: int
    winner: tuple[int, int]  # file and ordinal


class Shelf(ABC):
    """The entries of one component. relation: what to select key, state, odd, document, file and ordinal from.

    ranks: the place of each file in the order of reading.
    """

    relation: str
    new: bool  # whether the index has never read the component whole

    def __init__(self, index: Index, component: str, ranks: Mapping[int, int]) -> None:
        self.index, self.component, self._ranks = index, component, ranks

    @abstractmethod
    def add(self, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        """Entries in file order, WIDTH values each. Returns those among them that another entry beats."""

    @abstractmethod
    def remove(self, keys: Sequence[Key]) -> None:
        """Take entries out."""

    @property
    @abstractmethod
    def connection(self) -> sqlite3.Connection:
        """The one to use in the thread at hand."""

    @abstractmethod
    def _replace(self, row: Sequence[object]) -> None: ...

    def document(self, key: Key, document: bytes | None) -> bytes:
        """The document of an entry, also where only the index has it."""
        if document is not None:
            return document
        query = "SELECT document FROM main.record WHERE component = ? AND key = ?"
        (found,) = self.connection.execute(query, (self.component, key)).fetchone()
        return bytes(found)

    def _settle(self, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        """Of two entries with one key the one that the bot would use stays; a live one before any other."""
        beaten = []
        for start in range(0, len(values), WIDTH):
            row = values[start : start + WIDTH]
            coming = _entry(row)
            standing = self._standing(coming.key)
            if coming.winner == standing.winner:
                continue
            if self._takes_over(coming, standing, wins):
                self._replace(row)
                beaten.append(standing._replace(winner=coming.winner))
            else:
                beaten.append(coming._replace(winner=standing.winner))
        return beaten

    def _takes_over(self, coming: Beaten, standing: Beaten, wins: Wins) -> bool:
        if coming.state is not standing.state:
            return coming.state is State.LIVE
        if coming.file != standing.file:  # the newer generation
            return self._ranks[coming.file] > self._ranks[standing.file]
        return (coming.ordinal > standing.ordinal) is (wins == "last")

    def _standing(self, key: Key) -> Beaten:
        query = f"SELECT key, state, document, file, ordinal FROM {self.relation} AS e WHERE e.key = ?"
        found, state, document, file, ordinal = self.connection.execute(query, (key,)).fetchone()
        return Beaten(found, State(state), self.document(found, document), file, ordinal, (file, ordinal))


class ScratchShelf(Shelf):
    """A table of the scratch database; the second thread fills it over the first one's connection.

    met: whether the index may have records of any of these keys.
    """

    new = False
    met = False

    def __init__(self, index: Index, collection: Collection, ranks: Mapping[int, int], table: str) -> None:
        super().__init__(index, collection.name, ranks)
        self.relation = table
        self._connection = index.connection()
        rest = "state, odd, document, file, ordinal"
        if collection.key is int:
            self.connection.execute(f"CREATE TABLE {table} (key INTEGER PRIMARY KEY, {rest})")
        else:
            self.connection.execute(f"CREATE TABLE {table} (key TEXT PRIMARY KEY, {rest}) WITHOUT ROWID")

    @property
    def connection(self) -> sqlite3.Connection:
        return self._connection

    def add(self, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        beaten: list[Beaten] = []
        for part in parts(values):
            if self._insert(part, "INSERT OR IGNORE") < len(part) // WIDTH:
                beaten += self._settle(wins, part)
        return beaten

    def remove(self, keys: Sequence[Key]) -> None:
        self.connection.executemany(f"DELETE FROM {self.relation} WHERE key = ?", [(key,) for key in keys])

    def _replace(self, row: Sequence[object]) -> None:
        self._insert(row, "INSERT OR REPLACE")

    def _insert(self, values: Sequence[object], verb: str) -> int:
        """How many went in. What the index has just so goes in without its document."""
        these = rows(WIDTH, len(values) // WIDTH)
        if not self._has_any(values[::WIDTH]):  # as of another file of a component
            return self.connection.execute(f"{verb} INTO {self.relation} SELECT * FROM ({these})", values).rowcount
        self.met = True
        return self.connection.execute(
            f"{verb} INTO {self.relation} SELECT v.column1, v.column2, v.column3,"
            f" iif(r.document IS v.column4 AND r.state <> {State.DELETED:d} AND r.file = v.column5, NULL, v.column4),"
            f" v.column5, v.column6 FROM ({these}) v"
            " LEFT JOIN main.record r ON r.component = ? AND r.key = v.column1",
            (*values, self.component),
        ).rowcount

    def _has_any(self, keys: Sequence[Any]) -> bool:
        """Whether the index has records among these keys."""
        query = "SELECT EXISTS (SELECT 1 FROM main.record WHERE component = ? AND key BETWEEN ? AND ?)"
        # Python's order of keys is SQLite's: of numbers, and of texts by code point.
        row: tuple[int] = self.connection.execute(query, (self.component, min(keys), max(keys))).fetchone()
        return row == (1,)


class IndexShelf(Shelf):
    """The index's own tables, for a component that it does not show yet."""

    new = True

    def __init__(self, index: Index, collection: Collection, ranks: Mapping[int, int]) -> None:
        super().__init__(index, collection.name, ranks)
        quoted = collection.name.replace("'", "''")
        columns = "key, state, odd, document, file, ordinal"
        self.relation = f"(SELECT {columns} FROM main.record WHERE component = '{quoted}')"
        self.clear()

    @property
    def connection(self) -> sqlite3.Connection:
        return self.index.connection()

    def add(self, wins: Wins, values: Sequence[object]) -> list[Beaten]:
        beaten: list[Beaten] = []
        for part in parts(values):
            count = len(part) // WIDTH
            live = [key for key, state in zip(part[::WIDTH], part[1::WIDTH], strict=True) if state == State.LIVE]
            with self.index.write(shown=False) as (connection, counter):
                if live:
                    connection.execute(
                        f"INSERT OR IGNORE INTO pending SELECT ?, v.column1, {NEVER}, ? FROM ({rows(1, len(live))}) v",
                        (self.component, counter, *live),
                    )
                added = connection.execute(
                    "INSERT OR IGNORE INTO record"
                    " (component, key, version, state, odd, changed, file, ordinal, document)"
                    " SELECT ?, v.column1, 0, v.column2, v.column3, ?, v.column5, v.column6, v.column4"
                    f" FROM ({rows(WIDTH, count)}) v",
                    (self.component, counter, *part),
                ).rowcount
                if added < count:
                    beaten += self._settle(wins, part)
        return beaten

    def remove(self, keys: Sequence[Key]) -> None:
        with self.index.write(shown=False) as (connection, _):
            for table in ("record", "pending"):
                connection.executemany(
                    f"DELETE FROM {table} WHERE component = ? AND key = ?", [(self.component, key) for key in keys]
                )

    def clear(self) -> None:
        """Take out what a reading left that was not completed."""
        for table in ("pending", "lookup", "record"):
            same = f"component = ?1 AND key IN (SELECT key FROM {table} WHERE component = ?1 LIMIT ?2)"
            left = f"SELECT EXISTS (SELECT 1 FROM main.{table} WHERE component = ?)"
            while self.connection.execute(left, (self.component,)).fetchone() == (1,):
                with self.index.write(shown=False) as (connection, _):
                    connection.execute(f"DELETE FROM main.{table} WHERE {same}", (self.component, CHUNK))

    def _replace(self, row: Sequence[object]) -> None:
        key, state, odd, document, file, ordinal = row
        self.connection.execute(
            "UPDATE record SET state = ?, odd = ?, document = ?, file = ?, ordinal = ? WHERE component = ? AND key = ?",
            (state, odd, document, file, ordinal, self.component, key),
        )


def parts(values: Sequence[object]) -> Iterator[Sequence[object]]:
    """As much as one statement takes, at a time."""
    for start in range(0, len(values), VALUES):
        yield values[start : start + VALUES]


@lru_cache(16)
def rows(width: int, count: int) -> str:
    """A VALUES clause."""
    row = f"({','.join('?' * width)})"
    return "VALUES " + ",".join([row] * count)


def _entry(row: Sequence[object]) -> Beaten:
    key, state, _, document, file, ordinal = row
    assert isinstance(key, int | str)
    assert isinstance(state, int)
    assert isinstance(document, bytes)
    assert isinstance(file, int)
    assert isinstance(ordinal, int)
    return Beaten(key, State(state), document, file, ordinal, (file, ordinal))
