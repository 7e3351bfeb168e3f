"""Which database the index has spoken with, and starting anew beside one whose versions it does not know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.records import NEVER, State


class Counterpart(NamedTuple):
    """The database that confirmed a component's records last, and how many copies it had taken by then."""

    database: str
    copies: int


def counterpart(index: Index, component: str) -> Counterpart:
    """('', 0) before any database has confirmed anything."""
    row = (
        index.connection().execute("SELECT database, copies FROM scanned WHERE component = ?", (component,)).fetchone()
    )
    return Counterpart(*row) if row else Counterpart("", 0)


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
