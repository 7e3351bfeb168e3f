"""The simplest store that keeps the contract: what the others are compared with, and what a test of services needs."""

from __future__ import annotations

import copy
import operator
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Generic, TypeVar

from legacy_json.errors import KeyReserved, NotThere, Stale, ValueTaken
from legacy_json.keys import Key
from migration_control.components import Component
from migration_control.records import Record
from migration_control.stores import base
from migration_control.stores.changes import Changes, derive, is_empty

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class MemoryStore(Generic[R]):
    """Records of one component in this process."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self._reserved: dict[Key, str] = {}
        self._lock = threading.Lock()
        self._records: dict[Key, R] = {}
        self._versions: dict[Key, int] = {}  # tombstones' too

    def get(self, key: Key) -> R | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        named = list(keys)
        with self._lock:
            self._refuse_reserved(named)
            return self._copies(named)

    def create(self, record: R) -> R:
        return self.update_many([record.key], lambda changes: changes.create(record))

    def save(self, record: R) -> R:
        derive(self.component, record)
        with self._lock:
            self._check_version(record.key, record.version)
            self._commit([], [record])
        return record

    def update(self, key: Key, change: Callable[[R], object]) -> R:
        return self.update_many([key], base.on_one(key, change))

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T]) -> T:
        named = list(keys)
        with self._lock:
            self._refuse_reserved(named)
            changes = Changes(self.component, named, self._copies(named))
            result = change(changes)
            self._commit(
                [key for key, _ in changes.deleted()],
                [*(record for record, _ in changes.saved()), *changes.created()],
            )
        return result

    def delete(self, key: Key, version: int | None = None) -> None:
        with self._lock:
            self._check_version(key, version)
            self._commit([key], [])

    def find(self, name: str, value: object) -> list[R]:
        base.check_lookup(self.component, name)
        if is_empty(value):
            return []
        with self._lock:
            keys = sorted(key for key, record in self._records.items() if getattr(record, name) == value)
            return list(self._copies(keys).values())

    def iterate(
        self,
        *,
        after: Key | None = None,
        low: Key | None = None,
        high: Key | None = None,
        backwards: bool = False,
        page: int = base.PAGE,
    ) -> Iterator[R]:
        while True:
            bounds = base.Bounds(after, low, high, backwards).conditions
            with self._lock:
                keys = sorted(filter(partial(_within, bounds), self._records), reverse=backwards)[:page]
                records = self._copies(keys)
            yield from records.values()
            if len(keys) < page:
                return
            after = keys[-1]

    def count(self) -> int:
        with self._lock:
            return len(self._records)

    def reserve(self, key: Key, reason: str) -> None:
        """As if a quarantined document had the key."""
        self._reserved[key] = reason

    def put_as_it_is(self, record: R, version: int) -> None:
        """Without a question; an import puts marked duplicates so."""
        record.version, record.run, record._state.adding = version, None, False
        self._versions[record.key] = version
        self._records[record.key] = copy.deepcopy(record)

    def _copies(self, keys: Iterable[Key]) -> dict[Key, R]:
        return {key: copy.deepcopy(self._records[key]) for key in keys if key in self._records}

    def _refuse_reserved(self, keys: Iterable[Key]) -> None:
        for key in keys:
            if key in self._reserved and key not in self._records:
                raise KeyReserved(self.component.name, key, self._reserved[key])

    def _check_version(self, key: Key, version: int | None) -> None:
        self._refuse_reserved([key])
        there = self._records.get(key)
        if there is None:
            raise NotThere(self.component.name, key)
        if version is not None and version != there.version:
            raise Stale(self.component.name, key, version, there.version)

    def _still_shares(self, record: R, others: list[R]) -> bool:
        """Whether it was marked as a duplicate, and is one in the same value."""
        before = self._records.get(record.key)
        if before is None or not before.duplicate:
            return False
        rivals = [other for other in others if other.key != record.key]
        return any(
            _shared(record, before, name) and any(_shared(record, rival, name) for rival in rivals)
            for name in self.component.unique
        )

    def _commit(self, deleted: list[Key], written: list[R]) -> None:
        gone = {*deleted, *(record.key for record in written)}
        kept = [record for key, record in self._records.items() if key not in gone]
        for record in written:
            record.duplicate = self._still_shares(record, [*kept, *written])
        _check_unique(self.component, kept, written)
        for key in deleted:
            del self._records[key]
        for key in gone:
            self._versions[key] = self._versions.get(key, -1) + 1
        for record in written:
            self.put_as_it_is(record, self._versions[record.key])


def _shared(one: Record, other: Record, name: str) -> bool:
    value = getattr(one, name)
    return not is_empty(value) and value == getattr(other, name)


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {"<": operator.lt, ">": operator.gt, ">=": operator.ge}


def _within(bounds: list[tuple[str, Key]], key: Key) -> bool:
    return all(_SIGNS[sign](key, limit) for sign, limit in bounds)


def _check_unique(component: Component, kept: Iterable[Record], written: Iterable[Record]) -> None:
    for name in component.unique:
        holders = {getattr(record, name): record.key for record in kept if not record.duplicate}
        for record in written:
            value = getattr(record, name)
            if record.duplicate or is_empty(value):
                continue
            if value in holders:
                raise ValueTaken(component.name, record.key, name, value, holders[value])
            holders[value] = record.key
