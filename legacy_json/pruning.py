"""Records below a component's floor: they stay in the index as keys, so that nothing brings them back.

The floor is set first. From then on a reading and a writer leave out what lies below it, so a crash in
between leaves documents behind, never a record that returns; the next call goes on.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

from legacy_json.keys import Key
from legacy_json.records import DUPLICATE_KEY, SUPERSEDED, State

if TYPE_CHECKING:
    from legacy_json.index import Index

CHUNK = 10_000  # records in one commit, so that no writer waits long
PART = "component = :component AND key BETWEEN :low AND :high"


def prune(index: Index, component: str, floor: Key) -> int:
    """Raise the floor to this key, never lower it, and let go of what lies below. Returns how many records it was.

    A component that was never read has no floor yet: nothing, and 0. floor: of the type of its keys.
    """
    standing = _raise(index, component, floor)
    return 0 if standing is None else sum(_prune_part(index, part) for part in _parts(index, component, standing))


def count(index: Index, component: str, floor: Key) -> int:
    """How many records prune() would let go of."""
    query = "SELECT count(*) FROM record WHERE component = ? AND key < ? AND state NOT IN (?, ?)"
    row = index.connection().execute(query, (component, floor, State.DELETED, State.PRUNED)).fetchone()
    return int(row[0]) if index.is_read(component) else 0


def unlike(index: Index, component: str, floor: Key, pattern: str) -> Key | None:
    """A record that prune() would let go of and whose key, a text, does not fit the pattern, as of SQLite's GLOB."""
    query = (
        "SELECT key FROM record WHERE component = ? AND key < ? AND key NOT GLOB ? AND state NOT IN (?, ?)"
        " ORDER BY key LIMIT 1"
    )
    values = (component, floor, pattern, State.DELETED, State.PRUNED)
    row = index.connection().execute(query, values).fetchone()
    return row[0] if row else None


def _raise(index: Index, component: str, floor: Key) -> Key | None:
    """The floor that holds now; None if there is nothing that it could hold for."""
    with index.write() as (connection, _):
        connection.execute(
            "UPDATE scanned SET floor = ?1 WHERE component = ?2 AND (floor IS NULL OR floor < ?1)", (floor, component)
        )
        return index.floor(component)


def _parts(index: Index, component: str, floor: Key) -> Iterator[dict[str, object]]:
    """First and last key of every CHUNK records below the floor that are not pruned yet."""
    last: Key | None = None
    while True:
        first, last = index.connection().execute(
            "SELECT min(key), max(key) FROM (SELECT key FROM record WHERE component = :component AND key < :floor"
            f" AND (:last IS NULL OR key > :last) AND state <> {State.PRUNED:d} ORDER BY key LIMIT {CHUNK})",
            {"component": component, "floor": floor, "last": last},
        ).fetchone()  # fmt: skip
        if first is None:
            return
        yield {"component": component, "low": first, "high": last}


def _prune_part(index: Index, part: dict[str, object]) -> int:
    with index.write() as (connection, counter):
        values = part | {"counter": counter}
        connection.execute(f"DELETE FROM pending WHERE {PART}", values)
        connection.execute(f"DELETE FROM lookup WHERE {PART}", values)
        connection.execute(
            f"DELETE FROM finding WHERE {PART} AND phase IN ('reading', 'mapping')"
            f" AND code NOT IN ('{DUPLICATE_KEY}', '{SUPERSEDED}')",
            values,
        )
        _have_rendered(connection, values)
        return connection.execute(
            # A tombstone stays one. changed: a copy that is under way no longer speaks of the record as it is.
            f"UPDATE record SET state = {State.PRUNED:d}, duplicate = 0, odd = 0, changed = :counter, document = x''"
            f" WHERE {PART} AND state NOT IN ({State.DELETED:d}, {State.PRUNED:d})",
            values,
        ).rowcount


def _have_rendered(connection: sqlite3.Connection, values: dict[str, object]) -> None:
    """Files of ours are written without them."""
    connection.execute(
        "UPDATE file SET changed = :counter WHERE changed <= began AND id IN"
        f" (SELECT file FROM record WHERE {PART} AND state NOT IN ({State.DELETED:d}, {State.PRUNED:d}))",
        values,
    )
