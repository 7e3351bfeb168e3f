"""Every rule that the tables of an index keep at each commit, whoever wrote it and whatever died on the way."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from legacy_json.index import Index
from legacy_json.layouts import Collection, SingleOf
from legacy_json.records import NEVER, Record, State
from legacy_json.unique import lookups_of

GONE = (State.DELETED, State.PRUNED)


def check_consistent(index: Index, collections: Sequence[Collection]) -> None:
    assert _rows(index, "PRAGMA integrity_check") == [("ok",)]
    with index.snapshot():
        _check_files(index)
        for collection in collections:
            records = _records(index, collection.name)
            for record in records:
                _check_document(record)
            _check_pending(index, collection.name, {record.key: record for record in records})
            _check_lookups(index, collection, records)
            _check_counts(index, collection.name, records)
            _check_ordinals(index, collection, records)


def _rows(index: Index, query: str, *values: object) -> list[tuple[Any, ...]]:
    return index.connection().execute(query, values).fetchall()


def _records(index: Index, component: str) -> list[Record]:
    columns = ", ".join(Record._fields)
    found = _rows(index, f"SELECT {columns} FROM record WHERE component = ? ORDER BY key", component)
    return [Record._make(row)._replace(state=State(row[2])) for row in found]


def _check_document(record: Record) -> None:
    if record.state in GONE:
        assert (record.document, record.duplicate, record.odd) == (b"", 0, 0), record
    elif record.state is State.LIVE:
        plain = json.loads(record.document)
        assert isinstance(plain, dict), record
        assert record.odd or repr(msgspec.json.decode(record.document)) == repr(plain), record


def _check_pending(index: Index, component: str, records: dict[Any, Record]) -> None:
    changed = dict(_rows(index, "SELECT key, changed FROM record WHERE component = ?", component))
    assert all(number <= index.counter for number in changed.values())
    for key, synced, at in _rows(index, "SELECT key, synced, changed FROM pending WHERE component = ?", component):
        record = records[key]
        assert record.state in (State.LIVE, State.DELETED), record
        assert synced == NEVER or synced < record.version, (record, synced)
        assert changed[key] <= at <= index.counter, (record, at)


def _check_lookups(index: Index, collection: Collection, records: Sequence[Record]) -> None:
    """Held by records only, and marked is who stands behind another one with a unique value of his."""
    refused = {key for (key,) in _mapping_quarantine(index, collection.name)}
    held: dict[tuple[str, str], list[Record]] = defaultdict(list)
    expected = set()
    for record in sorted(records, key=lambda each: (each.file, each.ordinal)):
        if record.state is State.LIVE or record.key in refused:
            for name, value in lookups_of(collection, json.loads(record.document)):
                expected.add((name, value, record.key))
                held[name, value].append(record)
    assert set(_rows(index, "SELECT name, value, key FROM lookup WHERE component = ?", collection.name)) == expected
    shared = [sharing for (name, _), sharing in held.items() if name in collection.unique]
    behind = {record.key for sharing in shared for record in sharing[1:]}
    assert {record.key for record in records if record.duplicate} == behind


def _mapping_quarantine(index: Index, component: str) -> list[tuple[Any, ...]]:
    query = "SELECT DISTINCT key FROM finding WHERE component = ? AND phase = 'mapping' AND outcome = 'quarantined'"
    return _rows(index, query, component)


def _check_counts(index: Index, component: str, records: Sequence[Record]) -> None:
    """What was counted is there, file by file: as a record, or as an entry that is none."""
    ledger = index.ledger(component)
    assert ledger.balanced, ledger
    refused = {key for (key,) in _mapping_quarantine(index, component)}
    there = Counter(
        index.file_name(record.file)
        for record in records
        if record.state in (State.LIVE, State.PRUNED) or (record.state is State.QUARANTINED and record.key in refused)
    )
    query = "SELECT source FROM finding WHERE component = ? AND phase = 'reading'"
    query += " AND (outcome = 'quarantined' OR code = 'superseded')"
    there.update(source for (source,) in _rows(index, query, component))
    query = "SELECT f.name, c.entries FROM counted c JOIN file f ON f.id = c.file WHERE component = ? AND entries <> 0"
    assert dict(there) == dict(_rows(index, query, component))


def _check_ordinals(index: Index, collection: Collection, records: Sequence[Record]) -> None:
    """In a section of a file of ours no two records stand in one place, and the next one's place is free."""
    alone = {layout.key_in(layout.file) for layout in collection.layouts if isinstance(layout, SingleOf)}
    ours = dict(
        _rows(index, "SELECT f.id, f.next FROM file f JOIN source s ON s.name = f.source WHERE s.owner = 'switchyard'")
    )
    there = [record for record in records if record.state is State.LIVE and record.key not in alone]
    places = [(record.file, record.ordinal) for record in there if record.file in ours]
    assert len(set(places)) == len(places)
    assert all(ordinal < ours[file] for file, ordinal in places)


def _check_files(index: Index) -> None:
    for name, changed, began, rendered in _rows(index, "SELECT name, changed, began, rendered FROM file"):
        assert max(changed, began) <= index.counter, name
        assert rendered <= began, name
    assert not _rows(index, "SELECT 1 FROM record WHERE file NOT IN (SELECT id FROM file)")
    query = "SELECT 1 FROM pending p LEFT JOIN record r USING (component, key) WHERE r.key IS NULL AND component <> ''"
    assert not _rows(index, query)
