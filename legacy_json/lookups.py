"""Values that records are looked up by: who holds them, and who is marked since another one held it before."""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection
from legacy_json.records import DUPLICATE_VALUE, NEVER, Finding, Outcome, Phase, State
from legacy_json.scratch import Scratch


def write_lookups(index: Index, scratch: Scratch, component: str, chunk: int) -> None:
    """Make the index's lookups those of the files that were read.

    Compared whole each time, so that a crash between records and values is mended by the next reading.
    """
    gone, new = _gather(scratch, component)
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


def _gather(scratch: Scratch, component: str) -> tuple[int, int]:
    """Fill `gone` and `new` with the unique values that only the index has, or only the source; their sizes."""
    connection, table = scratch.connection, scratch.lookups(component)
    for name in ("gone", "new"):
        connection.execute(f"DROP TABLE IF EXISTS incoming.{name}")
        connection.execute(f"CREATE TABLE incoming.{name} (name, value, key)")
    new, here = f"SELECT DISTINCT name, value, key FROM {table} n", {"component": component}
    if not scratch.is_new(component):
        connection.execute(f"CREATE INDEX {table}_order ON {table.removeprefix('incoming.')} (name, value, key)")
        join, within = "", ""
        if scratch.has_other_files(component):
            join = "JOIN main.record r USING (component, key)"
            within = "AND r.file IN (SELECT id FROM incoming.file)"
        # +: with an affinity of its own the one side keeps SQLite from a search for the other.
        same = "n.name = +l.name AND n.value = +l.value AND n.key = +l.key"
        connection.execute(
            f"INSERT INTO incoming.gone SELECT l.name, l.value, l.key FROM main.lookup l {join}"
            f" WHERE l.component = :component {within} AND NOT EXISTS (SELECT 1 FROM {table} n WHERE {same})",
            here,
        )
        same = "l.component = :component AND l.name = +n.name AND l.value = +n.value AND l.key = +n.key"
        new += f" WHERE NOT EXISTS (SELECT 1 FROM main.lookup l WHERE {same})"
    connection.execute(f"INSERT INTO incoming.new {new} ORDER BY 1, 2, 3", here)
    counts = connection.execute("SELECT (SELECT count(*) FROM incoming.gone), (SELECT count(*) FROM incoming.new)")
    gone, new = counts.fetchone()
    return gone, new


class _Holder(NamedTuple):
    """One of several records with the same unique value. known: its ordinal in the index, which may be an older one."""

    key: Key
    name: str
    value: str
    first: Key
    file: str
    ordinal: int
    known: int


def mark_duplicates(index: Index, scratch: Scratch, collection: Collection) -> None:
    """Of several records with one unique value the first in the file holds it; the others are marked and reported.

    Of several files the first by name counts, whichever was read last.
    """
    component = collection.name
    holders = _shared(index, scratch, collection)
    later = [holder for holder in holders if holder.key != holder.first]
    scratch.add_findings(
        Finding(
            component, key, file, ordinal, Phase.READING, Outcome.REPORTED, DUPLICATE_VALUE,
            f"{name} {value!r} belongs to {first!r}, which stands before it; this record is marked as its duplicate",
            None,
        )
        for key, name, value, first, file, ordinal, _ in later
    )  # fmt: skip
    # A reading of another file will not see these places.
    _note_ordinals(index, component, [holder for holder in holders if holder.ordinal != holder.known])
    rows = index.connection().execute(
        "SELECT key FROM record INDEXED BY record_duplicate WHERE component = ? AND duplicate = 1", (component,)
    )
    marked = {key for (key,) in rows}
    marks = {holder.key for holder in later}
    _set_marks(index, component, [(key, key in marks) for key in marks ^ marked])


def _shared(index: Index, scratch: Scratch, collection: Collection) -> list[_Holder]:
    """In the order of the files."""
    names = ", ".join("?" * len(collection.unique))
    rows = index.connection().execute(
        "WITH shared AS (SELECT name, value FROM lookup WHERE component = ?1"
        f"   AND name IN ({names}) GROUP BY 1, 2 HAVING count(*) > 1),"
        " placed AS (SELECT l.key, l.name, l.value, f.name AS file, coalesce(e.ordinal, r.ordinal) AS ordinal,"
        "   r.ordinal AS known"
        # CROSS JOIN: the planner would start with every value, though hardly any is shared.
        "   FROM shared s CROSS JOIN lookup l ON l.component = ?1 AND l.name = s.name AND l.value = s.value"
        "   CROSS JOIN record r ON r.component = ?1 AND r.key = l.key"
        f"  LEFT JOIN {scratch.entries(collection.name)} AS e ON e.key = l.key"
        "   CROSS JOIN file f ON f.id = coalesce(e.file, r.file))"
        " SELECT key, name, value, first_value(key) OVER"
        "   (PARTITION BY name, value ORDER BY file, ordinal, key), file, ordinal, known"
        " FROM placed ORDER BY file, ordinal, name",
        (collection.name, *collection.unique),
    )
    return [_Holder._make(row) for row in rows]


def _note_ordinals(index: Index, component: str, moved: list[_Holder]) -> None:
    if moved:
        with index.write(shown=False) as (connection, _):
            connection.executemany(
                "UPDATE record SET ordinal = ? WHERE component = ? AND key = ?",
                [(holder.ordinal, component, holder.key) for holder in moved],
            )


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
