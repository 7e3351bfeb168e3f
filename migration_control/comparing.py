"""Both stores of a component, record by record, in pages; and copying anew from the authority what differs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import Error

from legacy_json import selecting
from legacy_json.errors import KeyReserved, LegacyError, NotThere, Stale
from legacy_json.keys import Key
from legacy_json.records import Outcome, State
from migration_control import store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json, parking
from migration_control.models import ComponentState
from migration_control.stages import StageRow, Store
from migration_control.stores.instances import Instances

PAGE = 500
KEPT = 1000  # keys of a kind that are remembered, looked at again and repaired
LOOKS = 3  # at what differs, for a write may be between its two stores
PAUSE = 0.2  # seconds between them

Document = Mapping[str, object]
Side = tuple[Key, Document | None]  # None: the record is there, and no model can hold it


@dataclass
class Keys:
    """How many, and the first of them with the names of what differs."""

    count: int = 0
    first: dict[Key, list[str]] = field(default_factory=dict)

    def add(self, key: Key, fields: list[str]) -> None:
        self.count += 1
        if len(self.first) < KEPT:
            self.first[key] = fields

    def drop(self, key: Key) -> None:
        if self.first.pop(key, None) is not None:
            self.count -= 1


@dataclass
class Comparison:
    component: Component
    in_json: int = 0
    in_database: int = 0
    json_only: Keys = field(default_factory=Keys)
    database_only: Keys = field(default_factory=Keys)
    different: Keys = field(default_factory=Keys)

    @property
    def common(self) -> int:
        return self.in_json - self.json_only.count

    @property
    def together(self) -> int:
        """Records that either has."""
        return self.common + self.json_only.count + self.database_only.count

    def seen_from(self, authority: Store) -> tuple[Keys, Keys]:
        """What the other store lacks, and what only that one has."""
        if authority is Store.JSON:
            return self.json_only, self.database_only
        return self.database_only, self.json_only


class CannotCompare(LegacyError):
    """One of the stores is not to be seen from here."""

    def __init__(self) -> None:
        why = (
            "STORAGE_BACKEND=json with ENABLE_SERVICES=false leaves no database. Set ENABLE_SERVICES=true"
            if store.has_files()
            else "The files are on another host (LEGACY_DIR is not set here). Do this there"
        )
        super().__init__(f"{why}.")


def can_compare() -> bool:
    return store.has_files() and settings.DATABASE_USED


def in_quarantine(component: Component) -> tuple[int, list[Key]]:
    """Entries of JSON that are no records, while it is the authority: how many, and the first keys of those that have
    one. They are in no comparison.
    """
    if row(component).authority is not Store.JSON:
        return 0, []
    held = (found for found in store.index().findings(component.name) if found.outcome == Outcome.QUARANTINED)
    keys = dict.fromkeys(found.key for found in held if found.key is not None)
    return store.index().ledger(component.name).quarantined, list(islice(keys, KEPT))


def row(component: Component) -> StageRow:
    return ComponentState.objects.get(name=component.name).row


def compare(component: Component) -> Comparison:
    """Every record of both. Files that the bot writes are read first. Raises LegacyError, django.db.Error."""
    if not can_compare():
        raise CannotCompare
    store.refresh(component)
    found = Comparison(component)
    for key, json, database in _merged(_of_json(component), _of_database(component)):
        found.in_json += json is not None
        found.in_database += database is not None
        _note(found, key, json, database)
    _look_again(found)
    return found


def fields_of(component: Component, key: Key) -> list[str] | None:
    """What differs of that record now: [] if nothing does; None if neither store has it."""
    json, database = _json_one(component, key), _database_one(component, key)
    if json is None and database is None:
        return None
    if json is None or database is None:
        return ["record"]
    return _differing(json[1], database[1])


def repair(component: Component, keys: list[Key]) -> dict[Key, str]:
    """Have the authority write these records anew, as they are, so that they are copied over the other store's.

    Returns why it could not be done, by key. A record that the authority has not is left alone.
    """
    refused: dict[Key, str] = {}
    for key in keys:
        try:
            record = component.model.records.get(key)
            if record is not None:
                component.model.records.save(record)
        except (Stale, NotThere):
            continue  # somebody else wrote it just now, which does the same
        except (LegacyError, Error, KeyReserved) as error:
            refused[key] = str(error)
    drain(component)
    return refused


def drain(component: Component) -> None:
    """What the store that is not the authority lacks, if it is written at all in this stage."""
    now = row(component)
    if not now.mirrored or not can_compare():
        return
    acknowledging.flush()
    parking.hasten(component)
    to = draining_to_database if now.authority is Store.JSON else draining_to_json
    to.drain(component, store.index())


def _note(found: Comparison, key: Key, json: Side | None, database: Side | None) -> None:
    if database is None:
        found.json_only.add(key, ["record"])
    elif json is None:
        found.database_only.add(key, ["record"])
    elif fields := _differing(json[1], database[1]):
        found.different.add(key, fields)


def _look_again(found: Comparison) -> None:
    """A write under way, or its copy, is no difference."""
    for look in range(LOOKS):
        kinds = (found.json_only, found.database_only, found.different)
        if not any(kind.first for kind in kinds):
            return
        acknowledging.flush()
        if look:
            time.sleep(PAUSE)
        for kind in kinds:
            for key in list(kind.first):
                if not fields_of(found.component, key):
                    _settle(found, kind, key)


def _settle(found: Comparison, kind: Keys, key: Key) -> None:
    """It came to be in both, or in neither."""
    is_there = _json_one(found.component, key) is not None
    kind.drop(key)
    if kind is found.json_only:
        found.in_database += is_there
        found.in_json -= not is_there
    elif kind is found.database_only:
        found.in_json += is_there
        found.in_database -= not is_there


def _merged(json: Iterator[Side], database: Iterator[Side]) -> Iterator[tuple[Key, Side | None, Side | None]]:
    one, other = next(json, None), next(database, None)
    while one is not None or other is not None:
        if other is None or (one is not None and _before(one[0], other[0])):
            assert one is not None
            yield one[0], one, None
            one = next(json, None)
        elif one is None or _before(other[0], one[0]):
            yield other[0], None, other
            other = next(database, None)
        else:
            yield one[0], one, other
            one, other = next(json, None), next(database, None)


def _before(one: Any, other: Any) -> bool:
    """In the order of both stores: numbers, or texts by code point."""
    return bool(one < other)


def _of_json(component: Component) -> Iterator[Side]:
    after: Key | None = None
    while True:
        bounds = [] if after is None else [(">", after)]
        rows = selecting.live_page(store.index(), component.name, bounds, PAGE)
        for each in rows:
            yield each.key, _held(component, each)
        if len(rows) < PAGE:
            return
        after = rows[-1].key


def _of_database(component: Component) -> Iterator[Side]:
    rows = component.model._default_manager.order_by("pk")
    page = list(rows[:PAGE])
    while page:
        for each in page:
            yield each.key, _document(component, each)
        page = list(rows.filter(pk__gt=page[-1].pk)[:PAGE])


def _json_one(component: Component, key: Key) -> Side | None:
    found = selecting.one(store.index(), component.name, key)
    return None if found is None or found.state != State.LIVE else (key, _held(component, found))


def _database_one(component: Component, key: Key) -> Side | None:
    found = component.model._default_manager.filter(pk=key).first()
    return None if found is None else (key, _document(component, found))


def _held(component: Component, legacy: Any) -> Document | None:
    try:
        return _document(component, _instances(component, settings.LEGACY_TIME_ZONE).make(legacy))
    except KeyReserved:
        return None


@lru_cache(32)
def _instances(component: Component, zone: str) -> Instances[Any]:
    return Instances(component, ZoneInfo(zone))


def _document(component: Component, record: Any) -> Document:
    return component.mapping.write(record, ZoneInfo(settings.LEGACY_TIME_ZONE))


def _differing(json: Document | None, database: Document | None) -> list[str]:
    if json is None or database is None:
        return ["record"]
    return sorted(name for name in json.keys() | database.keys() if json.get(name, ...) != database.get(name, ...))
