"""What an import would do, record by record, without doing it.

The index is brought up to date with the file; the database is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from legacy_json.index import Batch, Index, State
from legacy_json.index import Record as Legacy
from legacy_json.keys import Key, below
from migration_control import store
from migration_control.components import Component
from migration_control.conversions import CannotHold
from migration_control.importing import NoSuchRecord
from migration_control.models import Change
from migration_control.prepare import set_apart_by_reader
from migration_control.records import Record

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one record: insert, update, delete, quarantine or none, with the fields or the reason."""

    component: str
    key: Key
    action: str
    detail: str = ""
    repairs: list[str] = field(default_factory=list)


def plan(component: Component, key: Key | None = None) -> Iterator[Planned]:
    """Every pending record, or the one named. Raises LegacyError.

    What only the table itself can refuse, as a text too long for its index, shows at the import.
    """
    store.refresh(component)
    zone = store.time_zone(component)
    floor = store.index().floor(component.name)
    for batch in _batches(component, store.index(), key):
        keys = [record.key for record in batch.records]
        rows = component.model._default_manager.in_bulk(keys)
        changes = dict(
            Change.objects.filter(component=component.name, key__in=[str(key) for key in keys]).values_list(
                "key", "version"
            )
        )
        for record in batch.records:
            if below(record.key, floor):
                yield Planned(component.name, record.key, "none", f"it lies below the floor, {floor!r}")
            elif changes.get(str(record.key), -1) >= record.version:
                yield Planned(component.name, record.key, "none", "the database knows of a newer version")
            else:
                yield _planned(component, record, rows.get(record.key), zone)


def _batches(component: Component, index: Index, key: Key | None) -> Iterator[Batch]:
    if key is not None:
        batch = index.record(component.name, key)
        if not batch.records:
            raise NoSuchRecord(store.places_of(component), component.name, key)
        yield batch
        return
    after: Key | None = None
    while (batch := index.pending(component.name, after, BATCH)).records:
        after = batch.records[-1].key
        yield batch


def _planned(component: Component, legacy: Legacy, row: Record | None, zone: ZoneInfo) -> Planned:
    if set_apart_by_reader(legacy):
        return Planned(component.name, legacy.key, "quarantine", "it is not an object")
    if legacy.state == State.DELETED:
        return Planned(component.name, legacy.key, "none" if row is None else "delete")
    try:
        held = component.mapping.held(legacy, zone)
    except CannotHold as error:
        return Planned(component.name, legacy.key, "quarantine", error.detail)
    repairs = [detail for _, detail in held.notes]
    if row is None:
        return Planned(component.name, legacy.key, "insert", "", repairs)
    if row.version >= legacy.version:
        return Planned(component.name, legacy.key, "none", "the database has this version or a newer one")
    changed = _changed(held.values | {"extra": held.extra}, row)
    return Planned(component.name, legacy.key, "update", ", ".join(changed), repairs)


def _changed(values: dict[str, object], row: Record) -> list[str]:
    return [
        f"{name}: {getattr(row, name)!r} -> {value!r}" for name, value in values.items() if getattr(row, name) != value
    ]
