"""Each store with each kind of record, and what a test of the contract needs to know of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.db import connection

from legacy_json import findings
from legacy_json.index import Finding as Found
from legacy_json.index import Index, Outcome, Phase, State
from legacy_json.keys import Key
from legacy_json.owners import Owner
from legacy_json.places import Places
from legacy_json.unique import lookups_of
from migration_control import components
from migration_control.components import Component
from migration_control.models import ComponentState, Finding
from migration_control.stores.base import RecordStore
from migration_control.stores.database import DatabaseStore
from migration_control.stores.json import JsonStore
from migration_control.stores.memory import MemoryStore
from tests.staff import give_authority_to_the_database


@dataclass(frozen=True)
class Kind:
    """Records of one component. key: ascending with the number. counter: a field that counts, if only in digits."""

    component: str
    key: Callable[[int], Key]
    counter: str
    unique: str | None = None
    lookup: str = ""  # a plain one
    looked_up: tuple[Any, Any] = (None, None)  # two values of it

    def make(self, number: int, **values: Any) -> Any:
        model: Any = components.get(self.component).model
        return model(pk=self.key(number), **values)

    def count_up(self, record: Any) -> None:
        held = getattr(record, self.counter)
        count = int(held or 0) + 1
        setattr(record, self.counter, str(count) if isinstance(held, str) else count)

    def counted(self, record: Any) -> int:
        return int(getattr(record, self.counter) or 0)


USERS = Kind("users", lambda n: 5_000_000_000 + 7 * n, "total_requests", unique="faceit_player_id")
SUBSCRIPTIONS = Kind(
    "subscriptions", lambda n: 7 * n - 50, "referrals_count", "referral_code", "referred_by", looked_up=(12, 2**40)
)
# Neither PostgreSQL's order of texts in most locales, nor that of UTF-16, is that of code points.
STARTS = [*"-09AZ_az\u00e9\u044f\uff21\U0001f600"]
MATCHES = Kind(
    "matches",
    lambda n: f"1-{STARTS[min(n + 1, 11)]}{n:04}",
    counter="best_of",
    lookup="status",
    looked_up=("ready", "ongoing"),
)
MESSAGES = Kind("conversations", lambda n: f"-100123:{n:010d}", "text")
KINDS = (USERS, SUBSCRIPTIONS, MATCHES, MESSAGES)


class World:
    """A store of one kind of records, empty at first. What goes on behind its back is each store's own."""

    def __init__(self, kind: Kind, store: RecordStore[Any], backdoor: Backdoor) -> None:
        self.kind, self.store, self._backdoor = kind, store, backdoor

    def key(self, number: int) -> Key:
        return self.kind.key(number)

    def make(self, number: int, **values: Any) -> Any:
        return self.kind.make(number, **values)

    def put(self, number: int, **values: Any) -> Any:
        return self.store.create(self.make(number, **values))

    def put_many(self, count: int) -> list[Key]:
        return [self.put(number).key for number in range(count)]

    def get(self, number: int) -> Any:
        return self.store.get(self.key(number))

    def with_value(self, number: int, value: str | None) -> Any:
        """A record that is not stored, with this unique value."""
        return self.make(number, **{self.unique: value})

    @property
    def unique(self) -> str:
        assert self.kind.unique
        return self.kind.unique

    def value_of(self, number: int) -> object:
        return getattr(self.get(number), self.unique)

    def put_marked(self, number: int, value: str) -> None:
        """A record that an import marked as the duplicate of a unique value's holder."""
        record = self.with_value(number, value)
        record.duplicate = True
        self._backdoor.put_as_it_is(record)

    def raise_floor(self, number: int) -> None:
        self._backdoor.raise_floor(self.key(number))

    def quarantine(self, number: int) -> None:
        self._backdoor.quarantine(self.key(number), REASON)


REASON = "it cannot be held"


class Backdoor(Protocol):
    """What only an import does, or retention."""

    def put_as_it_is(self, record: Any) -> None: ...
    def quarantine(self, key: Key, reason: str) -> None: ...
    def raise_floor(self, floor: Key) -> None: ...


class MemoryBackdoor:
    def __init__(self, store: MemoryStore[Any]) -> None:
        self.store = store

    def put_as_it_is(self, record: Any) -> None:
        self.store.put_as_it_is(record, 0)

    def quarantine(self, key: Key, reason: str) -> None:
        self.store.reserve(key, reason)

    def raise_floor(self, floor: Key) -> None:
        self.store.raise_floor(floor)


class DatabaseBackdoor:
    def __init__(self, component: Component) -> None:
        self.component = component

    def put_as_it_is(self, record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            record.save(force_insert=True)
            cursor.execute("SET session_replication_role = DEFAULT")

    def quarantine(self, key: Key, reason: str, code: str = "number-too-large") -> None:
        Finding.objects.create(
            component_id=self.component.name, key=str(key), source="data.json", ordinal=3, phase="mapping",
            outcome="quarantined", code=code, detail=reason,
        )  # fmt: skip

    def raise_floor(self, floor: Key) -> None:
        ComponentState.objects.filter(name=self.component.name).update(floor=str(floor))


class JsonBackdoor:
    def __init__(self, component: Component, index: Index) -> None:
        self.component, self.index = component, index

    def put_as_it_is(self, record: Any) -> None:
        document = self.component.mapping.write(record, ZONE)
        self._row(record.key, State.LIVE, int(record.duplicate), json.dumps(document).encode())
        with self.index.write() as (connection, _):
            connection.executemany(
                "INSERT INTO lookup VALUES (?, ?, ?, ?)",
                [
                    (self.component.name, *found, record.key)
                    for found in lookups_of(self.component.collection, document)
                ],
            )

    def quarantine(self, key: Key, reason: str) -> None:
        self._row(key, State.QUARANTINED, 0, b'{"user_id": 1e999}')
        finding = Found(self.component.name, key, "", 3, Phase.MAPPING, Outcome.QUARANTINED, "x", reason, None)
        with self.index.write() as (connection, _):
            findings.add(connection, [finding])

    def raise_floor(self, floor: Key) -> None:
        self.index.prune(self.component.name, floor)

    def _row(self, key: Key, state: State, duplicate: int, document: bytes) -> None:
        with self.index.write() as (connection, counter):
            (file,) = connection.execute(
                "INSERT INTO file (source, name, signature) SELECT name, 'given', '' FROM source LIMIT 1"
                " ON CONFLICT (name) DO UPDATE SET signature = '' RETURNING id"
            ).fetchone()
            connection.execute("INSERT OR IGNORE INTO scanned (component) VALUES (?)", (self.component.name,))
            connection.execute(
                "INSERT INTO record (component, key, version, state, duplicate, odd, changed, file, ordinal, document)"
                " VALUES (?, ?, 0, ?, ?, 0, ?, ?, 0, ?)",
                (self.component.name, key, state, duplicate, counter, file, document),
            )


ZONE = ZoneInfo("Europe/Moscow")


def memory(kind: Kind) -> World:
    store: MemoryStore[Any] = MemoryStore(components.get(kind.component))
    return World(kind, store, MemoryBackdoor(store))


def database(kind: Kind) -> World:
    give_authority_to_the_database(kind.component)
    component = components.get(kind.component)
    return World(kind, DatabaseStore(component), DatabaseBackdoor(component))


def of_json(kind: Kind, index: Index) -> World:
    """Over an index whose files are all ours."""
    component = components.get(kind.component)
    places = Places([c.collection for c in components.everything()])
    with index.write() as (connection, _):
        connection.executemany(
            "INSERT OR IGNORE INTO source VALUES (?, ?, '')", [(name, Owner.SWITCHYARD) for name in places.sources]
        )
        connection.execute("INSERT OR IGNORE INTO scanned (component) VALUES (?)", (component.name,))
    return World(kind, JsonStore(component, index, places, ZONE), JsonBackdoor(component, index))


def in_threads(count: int, act: Callable[[int], object]) -> list[BaseException]:
    """Act that many times at once, each in a thread of its own; what was raised."""
    raised: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait(60)
            act(number)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return raised


def values(record: Any) -> dict[str, object]:
    """Its fields, but for the store's own and those that follow from the key."""
    names = {field.name for field in record._meta.concrete_fields} - {"version", "chat_id", "position"}
    return {name: getattr(record, name) for name in names}


def counted(world: World, number: int) -> int:
    return world.kind.counted(world.get(number))


def version(world: World, number: int) -> int:
    return int(world.get(number).version)
