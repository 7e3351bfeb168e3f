"""Which database the index has spoken with, and starting anew beside one whose versions it does not know."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from legacy_json.keys import Key
from legacy_json.records import NEVER, State

if TYPE_CHECKING:
    from legacy_json.index import Index


class Counterpart(NamedTuple):
    """The database that confirmed a component's records last, and how many copies it had taken by then.

    told: the highest number of a copy that it is known to have taken; announced: those above that it may have taken.
    """

    database: str
    copies: int
    told: int
    announced: frozenset[int]


class Receipt(NamedTuple):
    """Of a copy that a database has taken. database: its id; copies: how many it has taken, this one among them;
    number: that the index announced for it.
    """

    database: str
    copies: int
    number: int


def counterpart(index: Index, component: str) -> Counterpart:
    """('', 0, 0, nothing) before any database has confirmed anything."""
    with index.snapshot() as connection:
        query = "SELECT database, copies, told FROM scanned WHERE component = ?"
        row = connection.execute(query, (component,)).fetchone()
        numbers = connection.execute("SELECT number FROM announced WHERE component = ?", (component,)).fetchall()
    database, copies, told = row or ("", 0, 0)
    return Counterpart(database, copies, told, frozenset(number for (number,) in numbers))


def announce(index: Index, component: str, told: int) -> int:
    """The number of a copy that is about to be made, which no other one has. told: the last that the database took.

    Several may be under way at once. Call it once both sides agree: a crash may have come between a copy and its
    acknowledgement.
    """
    with index.write() as (connection, counter):
        connection.execute("INSERT OR IGNORE INTO scanned (component) VALUES (?)", (component,))
        _tell(connection, component, told)
        connection.execute("INSERT INTO announced VALUES (?, ?)", (component, counter))
    return counter


def confirm(connection: sqlite3.Connection, component: str, receipt: Receipt) -> None:
    """Inside a write: the database has taken that copy."""
    connection.execute(
        "UPDATE scanned SET database = ?1, copies = CASE WHEN database = ?1 THEN max(copies, ?2) ELSE ?2 END"
        " WHERE component = ?3",
        (receipt.database, receipt.copies, component),
    )
    _tell(connection, component, receipt.number)


def _tell(connection: sqlite3.Connection, component: str, number: int) -> None:
    connection.execute("UPDATE scanned SET told = max(told, ?) WHERE component = ?", (number, component))
    # Whoever announced a lower one may yet make its copy: the database keeps the highest that it took.
    connection.execute("DELETE FROM announced WHERE component = ? AND number <= ?", (component, number))


def start_above(index: Index, component: str, base: int, strangers: Iterable[Key]) -> int:
    """Raise every version above `base` and make every record pending; what the files do not have is a tombstone.

    strangers: keys that the database has and the index does not. Older batches are void. Returns how
    many records are pending now. Raises StoreBusy, IndexUnwritable.
    """
    with index.write() as (connection, counter):
        part(connection, component)
        connection.executemany(
            "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
            " VALUES (?, ?, 0, ?, 0, ?, 0, 0, x'') ON CONFLICT DO NOTHING",
            [(component, key, State.DELETED, counter) for key in strangers],
        )
        connection.execute(
            "UPDATE record SET version = max(version, ?) + 1, changed = ? WHERE component = ?",
            (base, counter, component),
        )
        return lack_all(connection, component, counter)


def part(connection: sqlite3.Connection, component: str) -> None:
    """Inside a write: the index has spoken with no database of it. Batches that were read before are void."""
    connection.execute(
        "UPDATE scanned SET generation = generation + 1, database = '', copies = 0, told = 0 WHERE component = ?",
        (component,),
    )
    connection.execute("DELETE FROM announced WHERE component = ?", (component,))


def lack_all(connection: sqlite3.Connection, component: str, counter: int) -> int:
    """Inside the write of that number: every record is pending. Returns how many there are."""
    return connection.execute(
        "INSERT INTO pending (component, key, synced, changed)"
        " SELECT component, key, ?, ? FROM record WHERE component = ? AND state NOT IN (?, ?)"
        " ON CONFLICT (component, key) DO UPDATE SET synced = excluded.synced, changed = excluded.changed",
        (NEVER, counter, component, State.QUARANTINED, State.PRUNED),
    ).rowcount
