"""Unique values: who holds them, and which later records of the file are marked because somebody does."""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.records import NEVER, Finding, Outcome, Phase, State
from legacy_json.scratch import Scratch


def write_lookups(index: Index, scratch: Scratch, component: str, chunk: int) -> None:
    """Make the index's unique values those of the source.

    Compared whole each time, so that a crash between records and values is mended by the next reading.
    """
    gone, new = scratch.gather_lookups(component)
    for low in range(0, gone, chunk):
        with index.write() as (connection, _):
            connection.execute(
                "DELETE FROM lookup WHERE component = ?1 AND (name, value, key) IN"
                " (SELECT name, value, key FROM incoming.gone WHERE rowid > ?2 AND rowid <= ?3)",
                (component, low, low + chunk),
            )
    for low in range(0, new, chunk):
        with index.write() as (connection, _):
            connection.execute(
                "INSERT INTO lookup SELECT ?1, name, value, key FROM incoming.new WHERE rowid > ?2 AND rowid <= ?3",
                (component, low, low + chunk),
            )


def mark_duplicates(index: Index, scratch: Scratch, component: str, source: str) -> None:
    """Of several records with one unique value the first in the file holds it; the others are marked and reported."""
    connection = index.connection()
    shared = connection.execute(
        "WITH shared AS (SELECT name, value FROM lookup WHERE component = ?1 GROUP BY 1, 2 HAVING count(*) > 1),"
        " ranked AS (SELECT l.key, l.name, l.value, e.ordinal,"
        "   first_value(l.key) OVER (PARTITION BY l.name, l.value ORDER BY e.ordinal) AS holder"
        # CROSS JOIN: the planner would start with every value, though hardly any is shared.
        "   FROM shared s CROSS JOIN lookup l ON l.component = ?1 AND l.name = s.name AND l.value = s.value"
        f"  CROSS JOIN {scratch.entries(component)} AS e ON e.key = l.key)"
        " SELECT key, name, value, holder, ordinal FROM ranked WHERE key <> holder ORDER BY ordinal, name",
        (component,),
    ).fetchall()
    scratch.add_findings(
        Finding(
            component, key, source, ordinal, Phase.READING, Outcome.REPORTED, "duplicate-value",
            f"{name} {value!r} belongs to {holder!r}, which stands before it; this record is marked as its duplicate",
            None,
        )
        for key, name, value, holder, ordinal in shared
    )  # fmt: skip
    rows = connection.execute(
        "SELECT key FROM record INDEXED BY record_duplicate WHERE component = ? AND duplicate = 1", (component,)
    )
    marked = {key for (key,) in rows}
    later = {row[0] for row in shared}
    _set_marks(index, component, [(key, key in later) for key in later ^ marked])


def _set_marks(index: Index, component: str, marks: list[tuple[Key, bool]]) -> None:
    if not marks:
        return
    with index.write() as (connection, counter):
        connection.executemany(
            f"INSERT INTO pending SELECT component, key, iif(state = {State.LIVE:d}, version, {NEVER}), ?"
            " FROM record WHERE component = ? AND key = ? ON CONFLICT (component, key) DO UPDATE"
            " SET changed = excluded.changed",
            [(counter, component, key) for key, _ in marks],
        )
        # What mapping quarantined goes there again: the mark may be what it was refused for.
        connection.executemany(
            "DELETE FROM finding WHERE component = ? AND phase = 'mapping' AND key = ?",
            [(component, key) for key, _ in marks],
        )
        connection.executemany(
            f"UPDATE record SET duplicate = ?, version = version + 1, changed = ?, state = {State.LIVE:d}"
            " WHERE component = ? AND key = ?",
            [(mark, counter, component, key) for key, mark in marks],
        )
