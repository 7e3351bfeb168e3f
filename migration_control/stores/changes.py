"""What a change function is given: the records that its call named, as its one commit sees them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Generic, NamedTuple, TypeVar

from legacy_json.effects import happening
from legacy_json.errors import AlreadyThere, NotThere
from legacy_json.inbox import Entry
from legacy_json.keys import Key
from migration_control.components import Component
from migration_control.records import Record

R = TypeVar("R", bound=Record)

Held = tuple[type, object]  # of a field: what tells 1 from true, and one list from the same list changed

_STORES_OWN = ("version", "run", "duplicate")


class KeyNotNamed(LookupError):
    """The record is not locked."""

    def __init__(self, component: str, key: Key) -> None:
        super().__init__(f"{component} {key!r} is not among the keys of this update. Name it in the call.")


class KeyChanged(ValueError):
    """A record's key never changes."""

    def __init__(self, component: str, key: Key, now: Key) -> None:
        super().__init__(f"{component} {key!r} was given the key {now!r}. Delete it and create another.")


class Before(NamedTuple):
    """A record as it was read: its version, and its fields in a form that later changes do not reach."""

    version: int
    fields: dict[str, Held]


class Changes(Generic[R]):
    """Alter the records in place; create and delete among the named keys.

    changes[key] raises NotThere, changes.get(key) does not; changes.records are those that there are, in key order.
    """

    def __init__(self, component: Component, keys: Collection[Key], found: Mapping[Key, R]) -> None:
        self._component, self._keys = component, frozenset(keys)
        self._before = {key: Before(record.version, _fields(record)) for key, record in found.items()}
        self._now = dict(found)
        self.posted: list[Entry] = []

    def __getitem__(self, key: Key) -> R:
        record = self.get(key)
        if record is None:
            raise NotThere(self._component.name, key)
        return record

    def get(self, key: Key) -> R | None:
        if key not in self._keys:
            raise KeyNotNamed(self._component.name, key)
        return self._now.get(key)

    @property
    def records(self) -> list[R]:
        return [self._now[key] for key in sorted(self._now)]

    def create(self, record: R) -> R:
        """Raises AlreadyThere, CannotHold."""
        if self.get(record.key) is not None:
            raise AlreadyThere(self._component.name, record.key)
        derive(self._component, record)
        self._now[record.key] = record
        return record

    def delete(self, key: Key) -> None:
        """Raises NotThere."""
        del self._now[self[key].key]

    def post(self, effect: str, component: str, key: Key, payload: object, id: str) -> None:
        """Have an effect take place on a record elsewhere, once this commit is made; see migration_control.inbox.

        id: its idempotency key, for that record. payload: what JSON can hold. Raises BadEffect.
        """
        once = happening(key, id).name
        self.posted.append(Entry(component, str(key), once, effect, json.dumps(payload, allow_nan=False)))

    # For the store, once the change function has returned. Everything in key order.

    def deleted(self) -> list[tuple[Key, int]]:
        """Keys, with the version that each was read at."""
        return [(key, self._before[key].version) for key in sorted(self._before) if key not in self._now]

    def created(self) -> list[R]:
        return [self._now[key] for key in sorted(self._now) if key not in self._before]

    def saved(self) -> list[tuple[R, int]]:
        """What differs from what was read, with the version that it was read at. Raises KeyChanged."""
        found = []
        for key in sorted(self._now):
            record, before = self._now[key], self._before.get(key)
            if record.key != key:
                raise KeyChanged(self._component.name, key, record.key)
            derive(self._component, record)
            if before is not None and _fields(record) != before.fields:
                found.append((record, before.version))
        return found

    def handed_over(self, name: str) -> list[Key]:
        """Records that held a value in this field which another of the written ones now has."""
        saved = [record for record, _ in self.saved()]
        now = {getattr(record, name): record.key for record in saved + self.created()}
        had = ((record.key, self._before[record.key].fields[name][1]) for record in saved)
        return [key for key, value in had if not is_empty(value) and now.get(value, key) != key]


def is_empty(value: object) -> bool:
    """Whether it is no value that a record could be found by, or two could dispute."""
    return value is None or value == ""


def derive(component: Component, record: Record) -> None:
    """Set the fields that follow from the key. Raises CannotHold for a key that no such record has."""
    if component.derived:
        for name, value in component.derived(record.key).items():
            setattr(record, name, value)


def _fields(record: Record) -> dict[str, Held]:
    names = (field.attname for field in record._meta.concrete_fields if field.attname not in _STORES_OWN)
    return {name: _value(getattr(record, name)) for name in names}


def _value(held: object) -> Held:
    return type(held), json.dumps(held) if isinstance(held, dict | list) else held
