"""Effects that took place once: their idempotency keys, kept with the records, also beyond a record's deletion.

They only ever come to be, so copies of them may be repeated and reordered; and before a store becomes the authority it
has all that the other one has. Times are for trimming alone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.positions import span_of

LONGEST = 200  # characters


class BadEffect(ValueError):
    def __init__(self, name: object, why: str = f"use up to {LONGEST} printable characters, as 'charge:abc'") -> None:
        super().__init__(f"{name!r} is no idempotency key here: {why}.")


class Effect(NamedTuple):
    """key: of the record that it is kept with. name: the idempotency key. at: when, in seconds since the epoch."""

    key: Key
    name: str
    at: int


def happening(key: Key, name: str) -> Effect:
    """One that takes place now. Raises BadEffect."""
    if not (isinstance(name, str) and 0 < len(name) <= LONGEST and name.isprintable()):
        raise BadEffect(name)
    return Effect(key, name, int(time.time()))


# Inside a write


def note(connection: sqlite3.Connection, component: str, effect: Effect) -> bool:
    """Whether it had not taken place yet. From now on it has, and the database lacks that."""
    return connection.execute(_INSERT + " NOTHING", (component, effect.name, effect.key, effect.at, 0)).rowcount > 0


def appended(connection: sqlite3.Connection, component: str, name: str, stem: str) -> Key | None:
    """The key that an element of that list was given when it was appended under this name."""
    query = "SELECT key FROM applied WHERE component = ? AND effect = ? AND key BETWEEN ? AND ?"
    row = connection.execute(query, (component, name, *span_of(stem))).fetchone()
    return row[0] if row else None


def accept(connection: sqlite3.Connection, component: str, effects: Iterable[Effect]) -> None:
    """The database has these."""
    rows = [(component, effect.name, effect.key, effect.at, 1) for effect in effects]
    if rows:
        connection.executemany(_INSERT + " UPDATE SET copied = 1", rows)


def lack_all(connection: sqlite3.Connection, component: str) -> None:
    """It is another database, or an older one."""
    connection.execute("UPDATE applied SET copied = 0 WHERE component = ?", (component,))


# Of an index


def lacked(index: Index, component: str, limit: int) -> list[Effect]:
    """Some that the database is not known to have."""
    query = "SELECT key, effect, at FROM applied WHERE component = ? AND copied = 0 LIMIT ?"
    return list(map(Effect._make, index.connection().execute(query, (component, limit))))


def keys_of(index: Index, component: str, name: str) -> list[Key]:
    """Of the records with which an effect of that name took place, as far as this index has heard. In a write of this
    thread: as that commit sees it.
    """
    query = "SELECT key FROM applied WHERE component = ? AND effect = ? ORDER BY key"
    return [key for (key,) in index.connection().execute(query, (component, name))]


def trim(index: Index, component: str, before: int) -> int:
    """Forget those that are older, in seconds since the epoch, and that the database has. Returns how many.

    Raises StoreBusy, IndexUnwritable.
    """
    with index.write(shown=False) as (connection, _):
        query = "DELETE FROM applied WHERE component = ? AND at < ? AND copied = 1"
        return connection.execute(query, (component, before)).rowcount


_INSERT = (
    "INSERT INTO applied (component, effect, key, at, copied) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (component, effect, key) DO"
)
