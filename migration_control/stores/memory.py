"""The simplest store that keeps the contract: what the others are compared with, and what a test of services needs."""

from __future__ import annotations

import copy
import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from legacy_json.errors import AlreadyThere, KeyReserved, NotThere, Pruned, Stale, ValueTaken
from legacy_json.inbox import Entry
from legacy_json.keys import Key, below
from legacy_json.positions import position_of, positioned, span_of
from migration_control.components import Component
from migration_control.records import Record
from migration_control.stores import base
from migration_control.stores.changes import Changes, derive, is_empty

R = TypeVar("R", bound=Record)


class MemoryStore(Generic[R]):
    """Records of one component in this process."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self._reserved: dict[Key, str] = {}
        self._floor: Key | None = None
        self._lock = threading.Lock()
        self._records: dict[Key, R] = {}
        self._versions: dict[Key, int] = {}  # tombstones' too
        self._applied: set[tuple[Key, str]] = set()
        self.posted: list[Entry] = []  # nobody settles them

    def get(self, key: Key) -> R | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        named = list(keys)
        with self._lock:
            self._refuse_reserved(named)
            return self._copies(named)

    def create(self, record: R) -> R:
        created: R = self.update_many([record.key], lambda changes: changes.create(record))
        return created

    def append(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        with self._lock:
            if stem is not None:
                record.pk = self._next(stem, once)
            effect = base.effect_of([record.key], once)
            if effect and (effect.key, effect.name) in self._applied:
                return base.as_it_is(self.component, record.key, self._copies([record.key]).get(record.key))
            self._refuse_reserved([record.key])
            if record.key in self._records:
                raise AlreadyThere(self.component.name, record.key)
            derive(self.component, record)
            self._commit([], [record])
            if effect:
                self._applied.add((effect.key, effect.name))
        return record

    def append_many(self, records: Sequence[R], *, stem: str, once: str | None = None) -> list[R]:
        given = list(records)
        with self._lock:
            first = self._next(stem, once) if given else ""
            effect = base.effect_of([first], once)
            if not given or (effect and (effect.key, effect.name) in self._applied):
                return []
            base.in_a_row(self.component, given, first)
            self._refuse_reserved([record.key for record in given])
            self._commit([], given)
            if effect:
                self._applied.add((effect.key, effect.name))
        return given

    def save(self, record: R) -> R:
        derive(self.component, record)
        with self._lock:
            self._check_version(record.key, record.version)
            self._commit([], [record])
        return record

    def update(self, key: Key, change: Callable[[R], object], once: str | None = None) -> R:
        written: R | None = self.update_many([key], base.on_one(key, change), once)
        return base.as_it_is(self.component, key, written or self.get(key))

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], object], once: str | None = None) -> Any:
        named = list(keys)
        effect = base.effect_of(named, once)
        with self._lock:
            self._refuse_reserved(named)
            if effect and (effect.key, effect.name) in self._applied:
                return None
            changes = Changes(self.component, named, self._copies(named))
            result = change(changes)
            self._commit(
                [key for key, _ in changes.deleted()],
                [*(record for record, _ in changes.saved()), *changes.created()],
            )
            if effect:
                self._applied.add((effect.key, effect.name))
            self.posted += changes.posted
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

    def raise_floor(self, floor: Key) -> None:
        """As retention does; there is nothing below it yet."""
        self._floor = floor

    def put_as_it_is(self, record: R, version: int) -> None:
        """Without a question; an import puts marked duplicates so."""
        record.version, record.run, record._state.adding = version, None, False
        self._versions[record.key] = version
        self._records[record.key] = copy.deepcopy(record)

    def _next(self, stem: str, once: str | None) -> Key:
        """The key at the list's end, or the one that was given under this name before."""
        low, high = span_of(stem)
        for key, name in self._applied:
            if name == once and low <= str(key) <= high:
                return key
        given = [str(key) for key in (*self._versions, *self._reserved) if low <= str(key) <= high]
        return positioned(stem, position_of(max(given))[1] + 1 if given else 0)

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
        for record in written:
            if self._floor is not None and below(record.key, self._floor):
                raise Pruned(self.component.name, record.key, self._floor)
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
