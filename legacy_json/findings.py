"""What was found odd of entries, in the index: until a reading, or the mapping, finds something else of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from legacy_json.keys import Key
from legacy_json.records import DUPLICATE_VALUE, Finding, Outcome, Phase

if TYPE_CHECKING:
    from legacy_json.index import Index

_FIELDS = ", ".join(Finding._fields)


def add(connection: sqlite3.Connection, findings: Iterable[Finding]) -> None:
    """Inside a write."""
    connection.executemany(
        "INSERT INTO finding (component, key, source, ordinal, phase, outcome, code, detail, raw)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        map(Finding.storable, findings),
    )


def drop_mapping(connection: sqlite3.Connection, component: str, keys: Iterable[Key]) -> None:
    """Inside a write: what the mapping found of these keys."""
    connection.executemany(
        "DELETE FROM finding WHERE component = ? AND phase = 'mapping' AND key = ?", [(component, key) for key in keys]
    )


def drop_mark(connection: sqlite3.Connection, component: str, key: Key) -> None:
    """Inside a write: that the record shares a unique value."""
    connection.execute(
        "DELETE FROM finding WHERE component = ? AND phase = 'reading' AND key = ? AND code = ?",
        (component, key, DUPLICATE_VALUE),
    )


def quarantined_by_mapping(connection: sqlite3.Connection, component: str) -> list[Key]:
    query = "SELECT DISTINCT key FROM finding WHERE component = ? AND phase = 'mapping' AND outcome = 'quarantined'"
    return [key for (key,) in connection.execute(query, (component,))]


def reason(connection: sqlite3.Connection, component: str, key: Key) -> str:
    """Why the document of this key is in quarantine."""
    row = connection.execute(
        # Both phases by name, so that an index serves.
        "SELECT detail FROM finding WHERE component = ? AND phase IN ('reading', 'mapping') AND key = ?"
        " AND outcome = 'quarantined' ORDER BY id DESC LIMIT 1",
        (component, key),
    ).fetchone()
    return str(row[0]) if row else "its reason is not on record"


def of(index: Index, component: str, phase: Phase | None) -> Iterator[Finding]:
    """In the order of the file, those without a place last. phase: None for both."""
    connection = index.connection()
    ids = connection.execute(
        "SELECT id FROM finding WHERE component = ?1 AND (?2 IS NULL OR phase = ?2)"
        " ORDER BY ordinal IS NULL, ordinal, id",
        (component, phase),
    ).fetchall()
    # One at a time: a cursor left open would keep an old snapshot of the whole index alive.
    for row in ids:
        found = connection.execute(f"SELECT {_FIELDS} FROM finding WHERE id = ?", row).fetchone()  # noqa: S608
        if found:  # not replaced meanwhile
            yield Finding._make((*found[:4], Phase(found[4]), Outcome(found[5]), *found[6:]))
