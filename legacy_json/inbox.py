"""Effects that wait for their record, and records that wait for their store: durable, each until it is done.

An entry is posted in the commit of the change that it follows from, so both are there or neither is. Whoever applies it
does so under its idempotency key, and then removes it: it may be applied again by whoever was killed in between.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from typing import NamedTuple

from legacy_json.index import Index


class Entry(NamedTuple):
    """component, key: of the record that is to change, the key as a text. once: the idempotency key, which tells it
    from others for that record. effect: the name of its handler. payload: JSON.
    """

    component: str
    key: str
    once: str
    effect: str
    payload: str


class Waiting(NamedTuple):
    """attempts: that failed. trouble: why the last one did."""

    entry: Entry
    attempts: int
    trouble: str


def post(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Inside a write. One that waits already is not posted again."""
    connection.executemany(
        f"INSERT INTO inbox ({_ENTRY}, posted) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
        [(*entry, time.time()) for entry in entries],
    )


def due(index: Index, now: float, limit: int) -> list[Waiting]:
    """The longest waiting first. now: seconds since the epoch."""
    query = f"SELECT {_ENTRY}, attempts, trouble FROM inbox WHERE due <= ? ORDER BY posted LIMIT ?"  # noqa: S608
    rows = index.connection().execute(query, (now, limit))
    return [Waiting(Entry._make(row[:5]), *row[5:]) for row in rows]


def done(index: Index, entry: Entry) -> bool:
    """Remove it. Whether it was there. Raises StoreBusy, IndexUnwritable."""
    with index.write(shown=False) as (connection, _):
        return connection.execute(f"DELETE FROM inbox {_THIS}", entry[:3]).rowcount > 0  # noqa: S608


def failed(index: Index, entry: Entry, trouble: str, until: float) -> None:
    """Not to be tried again before `until`, in seconds since the epoch. Raises StoreBusy, IndexUnwritable."""
    with index.write(shown=False) as (connection, _):
        statement = f"UPDATE inbox SET attempts = attempts + 1, trouble = ?, due = ? {_THIS}"  # noqa: S608
        connection.execute(statement, (trouble, until, *entry[:3]))


def count(index: Index) -> int:
    (number,) = index.connection().execute("SELECT count(*) FROM inbox").fetchone()
    return int(number)


def count_for(connection: sqlite3.Connection, component: str) -> int:
    """Of records of that component."""
    (number,) = connection.execute("SELECT count(*) FROM inbox WHERE component = ?", (component,)).fetchone()
    return int(number)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Of records of each component that has some."""
    return dict(connection.execute("SELECT component, count(*) FROM inbox GROUP BY component ORDER BY component"))


_ENTRY = "component, key, once, effect, payload"
_THIS = "WHERE component = ? AND key = ? AND once = ?"
