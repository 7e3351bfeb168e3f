"""Entries of our files that lost their key to the live record: when that one is deleted, they go with it.

Left in the file, one of them would be the record for the bot that gets it back, and for our next reading.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of columns

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from legacy_json.keys import Key
from legacy_json.layouts import Home, fits
from legacy_json.records import SUPERSEDED

_APART = f"(outcome = 'quarantined' OR code = '{SUPERSEDED}')"  # entries beside the record, counted by themselves
_OF_KEY = "component = ? AND phase = 'reading' AND key = ?"


class Buried(NamedTuple):
    """An entry that is in no file any more: the component that it was counted for, and the file's number."""

    component: str
    file: int


def bury(connection: sqlite3.Connection, component: str, homes: Sequence[Home], key: Key) -> list[Buried]:
    """Forget what reading said of the record that is being deleted, and what the files have beside it.

    homes: where its component lies; none if inside of other records, whose entries these are.
    """
    buried = [entry for home in homes for entry in _buried(connection, home, key)]
    # What is left under this key stands in the entries of other records.
    connection.execute(f"DELETE FROM finding WHERE {_OF_KEY} AND NOT {_APART}", (component, key))
    return buried


def release(connection: sqlite3.Connection, component: str, key: Key, spot: tuple[int, int]) -> None:
    """Forget what an entry was in quarantine for that stands at this place of a file, and is none any more."""
    connection.execute(
        "DELETE FROM finding WHERE component = ? AND key = ? AND (phase = 'mapping' OR phase = 'reading'"
        " AND ordinal = ? AND source = (SELECT name FROM file WHERE id = ?))",
        (component, key, spot[1], spot[0]),
    )


def _buried(connection: sqlite3.Connection, home: Home, key: Key) -> Iterator[Buried]:
    beside = connection.execute(
        f"SELECT i.id, f.id, f.name, i.ordinal FROM finding i JOIN file f ON f.name = i.source WHERE i.{_OF_KEY}"
        f" AND {_APART} AND i.ordinal IS NOT NULL",
        (home.collection.name, key),
    ).fetchall()
    for finding, file, name, ordinal in beside:
        if not fits(name, home.layout.pattern):
            continue
        connection.execute("DELETE FROM finding WHERE id = ?", (finding,))
        connection.execute(
            "DELETE FROM leftover WHERE file = ? AND section = ? AND ordinal = ?",
            (file, home.layout.section or "", ordinal),
        )
        yield Buried(home.collection.name, file)
        for child, _ in home.children:
            inside = connection.execute(
                f"DELETE FROM finding WHERE {_OF_KEY} AND source = ? AND ordinal = ? RETURNING {_APART}",
                (child.name, key, name, ordinal),
            ).fetchall()
            yield from [Buried(child.name, file) for (apart,) in inside if apart]
