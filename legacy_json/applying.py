"""What a reading changed, carried into the index: versions, tombstones, and what the database lacks.

A few thousand records a commit, so that another writer never waits long. A crash in between is
harmless: each record's difference stands alone, unique values are compared whole, and the
signature, which would let the next reading pass the file over, is set last.
"""

# ruff: noqa: S608 - what is put into the statements is our own names of tables and columns

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Source
from legacy_json.lookups import mark_duplicates, write_lookups
from legacy_json.records import DUPLICATE_VALUE, NEVER, State
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
    source: Source,
    declared: str,
    signatures: Mapping[int, str],
    counts: Mapping[str, Mapping[int, int]],
    beat: Callable[[], None] = lambda: None,
    begin: Callable[[sqlite3.Connection], None] = lambda connection: None,
) -> Reading:
    """Carry over what differs.

    signatures: of the files that were read, by id; one that is not there any more has none. counts: each
    component's entries by file. beat: called often, between commits. begin: called inside the first one; what it raises
    leaves everything as it was.
    """
    reading = Reading(source.name, changed=True)
    with index.write() as (connection, _):
        begin(connection)
        connection.execute("UPDATE source SET declared = '' WHERE name = ?", (source.name,))
    for name in (collection.name for collection in source.collections):
        if scratch.is_new(name):
            reading.created[name] = _count(index, scratch, name)
            reading.updated[name] = reading.deleted[name] = 0
        else:
            reading.created[name], reading.updated[name] = _write_changed(index, scratch, name, beat)
            reading.deleted[name] = _delete_absent(index, scratch, name, beat)
        beat()
        write_lookups(index, scratch, name, CHUNK)
        beat()
    for collection in source.collections:
        mark_duplicates(index, scratch, collection)
    with index.write() as (connection, _):
        for collection in source.collections:
            _conclude(connection, scratch, collection.name, counts[collection.name])
        scratch.carry_findings()
        _sign(connection, [(signatures.get(file.id, ""), file.id) for file in scratch.files])
        connection.execute("UPDATE source SET declared = ? WHERE name = ?", (declared, source.name))
    return reading


def _conclude(connection: sqlite3.Connection, scratch: Scratch, component: str, counts: Mapping[int, int]) -> None:
    """What was found of the component in these files replaces what was found there before."""
    connection.execute(
        "DELETE FROM finding WHERE component = ? AND phase = 'reading' AND source IN (SELECT name FROM incoming.file)",
        (component,),
    )
    connection.execute("DELETE FROM finding WHERE component = ? AND code = ?", (component, DUPLICATE_VALUE))
    connection.execute("INSERT OR IGNORE INTO scanned (component) VALUES (?)", (component,))
    connection.executemany(
        "INSERT OR REPLACE INTO counted VALUES (?, ?, ?)",
        [(component, file.id, counts.get(file.id, 0)) for file in scratch.files],
    )


def _sign(connection: sqlite3.Connection, signed: list[tuple[str, int]]) -> None:
    """Remember the files as they were read; one that is gone, and so has '', leaves no trace but its tombstones."""
    gone = [(file,) for signature, file in signed if not signature]
    connection.executemany("DELETE FROM counted WHERE file = ?", gone)
    connection.executemany("UPDATE file SET signature = ? WHERE id = ?", signed)


def note_places(index: Index, scratch: Scratch, source: Source) -> None:
    """Each record's ordinal as it was in this reading: an entry that did not change may have moved."""
    for collection in source.collections:
        table = scratch.entries(collection.name)
        if scratch.is_new(collection.name):
            continue
        for low, high in _ranges(index, table):
            with index.write(shown=False) as (connection, _):
                connection.execute(
                    f"UPDATE record SET ordinal = e.ordinal FROM {table} AS e WHERE record.component = ?"
                    " AND record.key = +e.key AND e.key BETWEEN ? AND ? AND record.ordinal <> e.ordinal",
                    (collection.name, low, high),
                )


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
        with index.write() as (connection, counter):
            values: dict[str, object] = {"component": component, "low": low, "high": high, "counter": counter}
            if connection.execute(_ANY, values).fetchone() == (1,):
                updated += _write_part(index, part, values)
            else:
                _write_new(connection, part, values)
        beat()
    return changed - updated, updated


_ANY = "SELECT EXISTS (SELECT 1 FROM record WHERE component = :component AND key BETWEEN :low AND :high)"


def _write_new(connection: sqlite3.Connection, part: str, values: dict[str, object]) -> None:
    """One commit's worth of which the index has nothing, as of another file of a component: a third of the time."""
    connection.execute(
        f"INSERT INTO pending SELECT :component, e.key, {NEVER}, :counter {part} AND e.state = {State.LIVE:d}", values
    )
    connection.execute(
        "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
        f" SELECT :component, e.key, 0, e.state, e.odd, :counter, e.file, e.ordinal, e.document {part}",
        values,
    )


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
        "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
        f" SELECT :component, e.key, 0, e.state, e.odd, :counter, e.file, e.ordinal, e.document {part}"
        " ON CONFLICT (component, key) DO UPDATE SET version = version + 1, state = excluded.state, odd = excluded.odd,"
        " changed = excluded.changed, file = excluded.file, ordinal = excluded.ordinal, document = excluded.document,"
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
            connection.execute(f"DELETE FROM record WHERE state = {State.PRUNED:d} AND {absent}", values)
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
    beyond, values = "", ()
    while True:
        following = f"SELECT key FROM {table} WHERE {condition} {beyond} ORDER BY key LIMIT 1"
        first = index.connection().execute(following, values).fetchone()
        if first is None:
            return
        last = index.connection().execute(f"{following} OFFSET {CHUNK - 1}", values).fetchone()
        if last is None:  # fewer are left
            last = index.connection().execute(f"SELECT max(key) FROM {table}").fetchone()
        yield first[0], last[0]
        beyond, values = "AND key > ?", last
