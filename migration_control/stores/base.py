"""What every store of a component's records offers. One contract suite holds them to it.

A record is an instance of the component's model in every store, and carries the version that it was read or
written at. Nothing that a store hands out is shared with anybody: what is changed in it counts once it is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, overload

from legacy_json.effects import BadEffect, Effect, happening
from legacy_json.errors import NotALookup, NotThere
from legacy_json.keys import Key
from legacy_json.positions import position_of, positioned
from migration_control.components import Component
from migration_control.records import Record
from migration_control.stores.changes import Changes, derive

R = TypeVar("R", bound=Record)
T = TypeVar("T")

PAGE = 1000  # records


class RecordStore(Protocol[R]):
    """Raises what stores.errors names; then nothing of the call was applied. Safe to share between threads.

    A key that a quarantined document has, and no live record, is reserved: naming it raises KeyReserved; iterate(),
    find() and count() pass it over. version, run and duplicate are the store's own fields: what a caller puts there is
    not written. A record marked as a duplicate keeps its unique value beside the holder's until it is given another.
    A value that it cannot hold the JSON store refuses as Unholdable, the database as it does.
    """

    component: Component

    def get(self, key: Key) -> R | None:
        """The record, or None. Raises KeyReserved."""

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        """Those of the keys that there are, from one snapshot. Raises KeyReserved."""

    def create(self, record: R) -> R:
        """Returns it with its version, which is above a tombstone's. Raises AlreadyThere, KeyReserved, ValueTaken,
        Pruned.

        Fields that follow from the key are set; CannotHold, if no record of the component has such a key.
        """

    def append(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        """As create(). stem: of a list whose elements have no key of their own; the record is given the next one.

        once: an idempotency key. If the record was appended under it before, it is returned as it is now; NotThere, if
        it is gone since.
        """

    def append_many(self, records: Sequence[R], *, stem: str, once: str | None = None) -> list[R]:
        """All of them at the end of that list, in their order, in one commit. Returns them with their keys.

        once: an idempotency key of all of them together, kept with the first. If they were appended under it before,
        nothing is, and none is returned.
        """

    def save(self, record: R) -> R:
        """Every field of it, if the store has it at the version that it carries; returns it with the next one.

        Raises Stale, NotThere, ValueTaken.
        """

    def update(self, key: Key, change: Callable[[R], object], once: str | None = None) -> R:
        """Let change() alter the record under its lock. Returns it as written. Raises NotThere, ValueTaken.

        change must be pure and bounded: it may be called again on a fresh instance, its effect is there once. If it
        raises, nothing happened. What it leaves as it was is not written, and keeps its version.

        once: an idempotency key, as 'charge:abc'. If it was applied to the record before, here or in another store,
        and be the record a new one of that key, change is not called, and the record returned as it is. Raises
        BadEffect.
        """

    @overload
    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T]) -> T: ...

    @overload
    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T], once: str | None) -> T | None: ...

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T], once: str | None = None) -> Any:
        """The same for several records in one commit; they may be missing, created, deleted. Returns change()'s result.

        Unique values may change hands among the records. Raises what change() raises, KeyReserved, ValueTaken,
        Pruned.

        once: kept with the key that is named first, whether there is such a record or not; so name the same one first
        each time. Where it was applied before, change is not called, and None returned.
        """

    def delete(self, key: Key, version: int | None = None) -> None:
        """Whatever its version is, or only that one. Raises NotThere, Stale."""

    def find(self, name: str, value: object) -> list[R]:
        """In key order, the records with this value in one of the component's lookups. Nothing has an empty value.

        Raises NotALookup.
        """

    def iterate(
        self,
        *,
        after: Key | None = None,
        low: Key | None = None,
        high: Key | None = None,
        backwards: bool = False,
        page: int = PAGE,
    ) -> Iterator[R]:
        """Records with low <= key < high beyond `after`, in key order (numbers; texts by code point), or backwards.

        A page at a time is in memory, and no snapshot is held: what is written meanwhile beyond the page at hand
        is seen, and no record is seen twice.
        """

    def count(self) -> int:
        """Records that there are."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the keys that an iteration is yet to give."""

    after: Key | None
    low: Key | None
    high: Key | None
    backwards: bool

    @property
    def conditions(self) -> list[tuple[str, Key]]:
        """Comparisons, as SQL writes them, and what the key is compared with."""
        beyond = "<" if self.backwards else ">"
        named = ((beyond, self.after), (">=", self.low), ("<", self.high))
        return [(sign, key) for sign, key in named if key is not None]


def on_one(key: Key, change: Callable[[R], object]) -> Callable[[Changes[R]], R]:
    """A change of one record, as update_many() takes it."""

    def run(changes: Changes[R]) -> R:
        record = changes[key]
        change(record)
        return record

    return run


def effect_of(keys: Sequence[Key], once: str | None) -> Effect | None:
    """What takes place with a change of these, in the order in which they were named. Raises BadEffect."""
    if once is None:
        return None
    if not keys:
        raise BadEffect(once, "an update of no record has nothing to keep it with")
    return happening(keys[0], once)


def in_a_row(component: Component, records: Iterable[Record], first: Key) -> None:
    """Give them the keys of a list from that one on, and what follows from these."""
    stem, position = position_of(first)
    for at, record in enumerate(records, position):
        record.pk = positioned(stem, at)
        derive(component, record)


def as_it_is(component: Component, key: Key, record: R | None) -> R:
    """Of an effect that took place before. Raises NotThere, if the record is gone since."""
    if record is None:
        raise NotThere(component.name, key)
    return record


def lookups(component: Component) -> tuple[str, ...]:
    """The fields that its records are found by."""
    return (*component.unique, *component.lookups)


def check_lookup(component: Component, name: str) -> None:
    """Raises NotALookup."""
    if name not in lookups(component):
        raise NotALookup(component.name, name, lookups(component))
