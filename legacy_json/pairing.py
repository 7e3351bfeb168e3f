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

    told: the number of the copy that it is known to have taken last; announced: of the one that it was about to take.
    """

    database: str
    copies: int
    told: int
    announced: int


def counterpart(index: Index, component: str) -> Counterpart:
    """('', 0, 0, 0) before any database has confirmed anything."""
    with index.snapshot() as connection:
        row = connection.execute("SELECT database, copies FROM scanned WHERE component = ?", (component,)).fetchone()
        numbers = dict(
            connection.execute(
                "SELECT name, value FROM meta WHERE name IN (?, ?)", (_told(component), _next(component))
            )
        )
    database, copies = row or ("", 0)
    return Counterpart(database, copies, numbers.get(_told(component), 0), numbers.get(_next(component), 0))


def announce(index: Index, component: str, told: int) -> int:
    """The number of the next copy, which no other one has. told: the last that the database has taken.

    Call it once both sides agree: a crash may have come between a copy and its acknowledgement.
    """
    with index.write() as (connection, counter):
        connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [(_told(component), told), (_next(component), counter)]
        )
    return counter


def confirm(connection: sqlite3.Connection, component: str, number: int) -> None:
    """The database has taken that copy. Inside a write. Nothing, if another was announced since: it knows better."""
    connection.execute(
        "UPDATE meta SET value = ?1 WHERE name = ?2 AND ?1 = (SELECT value FROM meta WHERE name = ?3)",
        (number, _told(component), _next(component)),
    )


def _told(component: str) -> str:
    return f"copied {component}"


def _next(component: str) -> str:
    return f"copying {component}"


def start_above(index: Index, component: str, base: int, strangers: Iterable[Key]) -> int:
    """Raise every version above `base` and make every record pending; what the files do not have is a tombstone.

    strangers: keys that the database has and the index does not. Older batches are void. Returns how
    many records are pending now.
    """
    with index.write() as (connection, counter):
        connection.execute(
            "UPDATE scanned SET generation = generation + 1, database = '', copies = 0 WHERE component = ?",
            (component,),
        )
        connection.execute("DELETE FROM meta WHERE name IN (?, ?)", (_told(component), _next(component)))
        connection.executemany(
            "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
            " VALUES (?, ?, 0, ?, 0, ?, 0, 0, x'') ON CONFLICT DO NOTHING",
            [(component, key, State.DELETED, counter) for key in strangers],
        )
        connection.execute(
            "UPDATE record SET version = max(version, ?) + 1, changed = ? WHERE component = ?",
            (base, counter, component),
        )
        return connection.execute(
            "INSERT INTO pending (component, key, synced, changed)"
            " SELECT component, key, ?, ? FROM record WHERE component = ? AND state NOT IN (?, ?)"
            " ON CONFLICT (component, key) DO UPDATE SET synced = excluded.synced, changed = excluded.changed",
            (NEVER, counter, component, State.QUARANTINED, State.PRUNED),
        ).rowcount
