"""The number of the index's last commit: a row of `pending`, whose page nearly each write has to write anyway.

In a table of its own it was a third page in each commit, and a tenth of a write's own work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from legacy_json.keys import Key
from legacy_json.records import NEVER

Waiting = tuple[str, Key, int, int]  # component, key, the version that the database has, the number of the commit

PLACE = ("", 0)  # no component has this name

_LAST = "SELECT changed FROM pending WHERE component = ? AND key = ?"
_NOTE = (
    "INSERT INTO pending (component, key, synced, changed) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (component, key) DO UPDATE SET changed = excluded.changed"
)


def last(connection: sqlite3.Connection) -> int:
    """As this connection sees it."""
    (number,) = connection.execute(_LAST, PLACE).fetchone()
    return int(number)


def note(connection: sqlite3.Connection, number: int, waiting: Sequence[Waiting] = ()) -> None:
    """Inside a write, which is the commit of that number: the database lacks these records.

    One that waits already keeps the version that the database has.
    """
    connection.executemany(_NOTE, [(*PLACE, NEVER, number), *waiting])
