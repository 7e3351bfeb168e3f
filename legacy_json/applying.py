"""What a reading changed, carried into the index: versions, tombstones, and what the database lacks.

A few thousand records a commit, so that another writer never waits long. A crash in between is
harmless: each record's difference stands alone, unique values are compared whole, and the
signature, which would let the next reading pass the file over, is set last.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection
from legacy_json.lookups import mark_duplicates, write_lookups
from legacy_json.records import NEVER, State
from legacy_json.scratch import Scratch
from legacy_json.shelves import CHUNK


@dataclass(slots=True)
class Reading:
    """What one reading found. Counts are of records, by component; changed: the source was read at all."""

    source: str
    changed: bool = False
    created: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)


def apply(
    index: Index,
    scratch: Scratch,
    source: str,
    signature: str,
    collections: Mapping[Collection, int],
    beat: Callable[[], None] = lambda: None,
) -> Reading:
    """Carry over what differs.

    collections: each with its number of entries in the source. beat: called often, between commits.
    """
    reading = Reading(source, changed=True)
    with index.write() as (connection, _):
        connection.execute("INSERT OR REPLACE INTO source VALUES (?, '')", (source,))
    for collection in collections:
        name = collection.name
        if scratch.is_new(name):
            reading.created[name] = _count(index, scratch, name)
            reading.updated[name] = reading.deleted[name] = 0
        else:
            reading.created[name], reading.updated[name] = _write_changed(index, scratch, name, beat)
            reading.deleted[name] = _delete_absent(index, scratch, name, beat)
        beat()
        write_lookups(index, scratch, name, CHUNK)
        beat()
        mark_duplicates(index, scratch, name, source)
    with index.write() as (connection, _):
        for collection, entries in collections.items():
            connection.execute("DELETE FROM finding WHERE component = ? AND phase = 'reading'", (collection.name,))
            connection.execute(
                "INSERT INTO scanned (component, source, entries) VALUES (?, ?, ?)"
                " ON CONFLICT (component) DO UPDATE SET source = excluded.source, entries = excluded.entries",
                (collection.name, source, entries),
            )
        scratch.carry_findings()
        connection.execute("INSERT OR REPLACE INTO source VALUES (?, ?)", (source, signature))
    return reading


def _count(index: Index, scratch: Scratch, component: str) -> int:
    (found,) = index.connection().execute(f"SELECT count(*) FROM {scratch.entries(component)}").fetchone()
    return int(found)


def _write_changed(index: Index, scratch: Scratch, component: str, beat: Callable[[], None]) -> tuple[int, int]:
    """Records that are new (or there again), and records that differ. Returns how many of each."""
    table = scratch.entries(component)
    differs = "document IS NOT NULL"
    (changed,) = index.connection().execute(f"SELECT count(*) FROM {table} WHERE {differs}").fetchone()
    updated = 0
    for low, high in _ranges(index, table, differs):
        part = f"FROM {table} e WHERE e.key BETWEEN :low AND :high AND e.{differs}"
        with index.write() as (_, counter):
            values: dict[str, object] = {"component": component, "low": low, "high": high, "counter": counter}
            updated += _write_part(index, part, values)
        beat()
    return changed - updated, updated


def _write_part(index: Index, part: str, values: dict[str, object]) -> int:
    """One commit's worth. Returns how many of the records were there before."""
    connection = index.connection()
    record = (
        "record r WHERE r.component = :component AND r.key = +e.key"  # +: without its affinity the index of keys serves
    )
    (there,) = connection.execute(
        f"SELECT count(*) {part} AND EXISTS (SELECT 1 FROM {record} AND r.state <> {State.DELETED:d})", values
    ).fetchone()
    for table, condition in (
        # What mapping said of the old document; and the database is not given what is quarantined now.
        ("finding", f"phase = 'mapping' AND key IN (SELECT +e.key {part})"),
        ("pending", f"key IN (SELECT +e.key {part} AND e.state <> {State.LIVE:d})"),
    ):
        connection.execute(f"DELETE FROM {table} WHERE component = :component AND {condition}", values)
    # A record that does not wait had its version confirmed, unless it was never sent.
    synced = f"coalesce((SELECT iif(r.state = {State.QUARANTINED:d}, {NEVER}, r.version) FROM {record}), {NEVER})"
    connection.execute(
        f"INSERT INTO pending SELECT :component, e.key, {synced}, :counter {part} AND e.state = {State.LIVE:d}"
        " ON CONFLICT (component, key) DO UPDATE SET changed = excluded.changed",
        values,
    )
    connection.execute(
        "INSERT INTO record (component, key, version, state, odd, changed, ordinal, document)"
        f" SELECT :component, e.key, 0, e.state, e.odd, :counter, e.ordinal, e.document {part}"
        " ON CONFLICT (component, key) DO UPDATE SET version = version + 1, state = excluded.state,"
        " odd = excluded.odd, changed = excluded.changed, ordinal = excluded.ordinal, document = excluded.document,"
        f" duplicate = iif(excluded.state = {State.LIVE:d}, duplicate, 0)",
        values,
    )
    return int(there)


def _delete_absent(index: Index, scratch: Scratch, component: str, beat: Callable[[], None]) -> int:
    """What the source no longer has becomes a tombstone, one version up."""
    table = scratch.gather_absent(component)
    deleted = 0
    for low, high in _ranges(index, table):
        absent = f"component = :component AND key IN (SELECT key FROM {table} WHERE key BETWEEN :low AND :high)"
        with index.write() as (connection, counter):
            values = {"component": component, "low": low, "high": high, "counter": counter}
            connection.execute(f"DELETE FROM finding WHERE phase = 'mapping' AND {absent}", values)
            connection.execute(
                f"INSERT INTO pending SELECT component, key, iif(state = {State.LIVE:d}, version, {NEVER}), :counter"
                f" FROM record WHERE {absent}"
                " ON CONFLICT (component, key) DO UPDATE SET changed = excluded.changed",
                values,
            )
            deleted += connection.execute(
                f"UPDATE record SET version = version + 1, state = {State.DELETED:d}, duplicate = 0, odd = 0,"
                f" changed = :counter, document = x'' WHERE {absent}",
                values,
            ).rowcount
        beat()
    return deleted


def _ranges(index: Index, table: str, condition: str = "1") -> Iterator[tuple[Key, Key]]:
    """First and last key of every CHUNK rows of the table that meet the condition."""
    last: Key | None = None
    while True:
        beyond = "" if last is None else "AND key > ?"
        first, last = index.connection().execute(
            "SELECT min(key), max(key) FROM"
            f" (SELECT key FROM {table} WHERE {condition} {beyond} ORDER BY key LIMIT {CHUNK})",
            () if last is None else (last,),
        ).fetchone()  # fmt: skip
        if first is None or last is None:
            return
        yield first, last
