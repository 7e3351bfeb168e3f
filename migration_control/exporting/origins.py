"""Where exported records come from: either store, each as of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from django.db import connection, transaction

from legacy_json import selecting
from legacy_json.documents import written
from legacy_json.errors import KeyReserved, LegacyError
from legacy_json.index import Index, Outcome, Phase
from legacy_json.keys import Key
from legacy_json.records import DUPLICATE_KEY, State
from migration_control import store
from migration_control.components import Component
from migration_control.models import ComponentState, Finding
from migration_control.records import Record
from migration_control.stages import Store
from migration_control.stores.instances import Instances

PAGE = 2000  # rows that the database sends at once


class Exported(NamedTuple):
    """One record. document: as the bot has it, compact JSON."""

    key: Key
    version: int
    document: bytes


class Apart(NamedTuple):
    """An entry of a file of the bot's that is no record of this store: it is in quarantine."""

    key: Key | None
    file: str
    ordinal: int | None
    reason: str

    @property
    def place(self) -> str:
        return self.file if self.ordinal is None else f"entry {self.ordinal} of {self.file}"


class Origin(Protocol):
    """One of the stores, as it was at one moment, however long the reading of it takes."""

    store: Store

    def said(self) -> dict[str, Any]:
        """For the manifest: what it is, and as of when."""

    def count(self, component: Component) -> int: ...

    def records(self, component: Component, low: Key | None = None, high: Key | None = None) -> Iterator[Exported]:
        """In key order, from one key to another if they are given."""

    def instances(self, component: Component) -> Iterator[Record | tuple[Key, str]]:
        """The same as the model has them; of what it cannot hold the key, and why."""

    def apart(self, component: Component) -> Iterator[Apart]: ...


class NeverRead(LegacyError):
    def __init__(self, component: Component) -> None:
        super().__init__(
            f"The index has never read {component.name}. Nothing was written. First: migration_import {component.name}"
        )


class Mixed(LegacyError):
    """The records that are wanted have not one authority."""

    def __init__(self, names: dict[str, list[str]]) -> None:
        told = " and ".join(f"{store} for {', '.join(sorted(of))}" for store, of in sorted(names.items()))
        super().__init__(f"The authority is {told}. Name what to write out: --from database, or --from index.")


def authority(chosen: list[Component]) -> Store:
    """Raises Mixed."""
    rows = dict(ComponentState.objects.filter(name__in=[c.name for c in chosen]).values_list("name", "authority"))
    found: dict[str, list[str]] = {}
    for component in chosen:
        found.setdefault(rows.get(component.name, Store.JSON.value), []).append(component.name)
    if len(found) > 1:
        raise Mixed(found)
    return Store(next(iter(found), Store.JSON.value))


@contextmanager
def opened(which: Store) -> Iterator[Origin]:
    """As of now, until the end of the block."""
    with _of_database() if which is Store.DATABASE else _of_index(store.index()) as origin:
        yield origin


@contextmanager
def _of_database() -> Iterator[Origin]:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT now(), pg_current_snapshot()::text, current_database()")
        at, snapshot, name = cursor.fetchone()
        yield _Database({"database": name, "as_of": at.isoformat(), "snapshot": snapshot})


class _Database:
    store = Store.DATABASE

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts

    def said(self) -> dict[str, Any]:
        return self._facts

    def count(self, component: Component) -> int:
        return component.model._base_manager.count()

    def records(self, component: Component, low: Key | None = None, high: Key | None = None) -> Iterator[Exported]:
        mapping, zone = component.mapping, store.time_zone(component)
        for row in self._rows(component, low, high):
            _, document = written(mapping.write(row, zone))
            yield Exported(row.key, row.version, document)

    def instances(self, component: Component) -> Iterator[Record | tuple[Key, str]]:
        return self._rows(component, None, None)

    def apart(self, component: Component) -> Iterator[Apart]:
        """As of the last import."""
        rows = Finding.objects.filter(component_id=component.name, outcome=Outcome.QUARANTINED).order_by("pk")
        found = rows.values_list("key", "source", "ordinal", "detail").iterator(chunk_size=PAGE)
        for key, source, ordinal, detail in found:
            yield Apart(None if key is None else component.key(key), source, ordinal, detail)

    def _rows(self, component: Component, low: Key | None, high: Key | None) -> Iterator[Record]:
        rows = component.model._base_manager.order_by("pk")
        if low is not None:
            rows = rows.filter(pk__range=(low, high))
        return rows.iterator(chunk_size=PAGE)  # a cursor of the server's: it is never all in memory


@contextmanager
def _of_index(index: Index) -> Iterator[Origin]:
    with index.snapshot():
        yield IndexOrigin(index)


class IndexOrigin:
    """Quarantined documents also: the files have them."""

    store = Store.JSON

    def __init__(self, index: Index) -> None:
        self.index = index

    def said(self) -> dict[str, Any]:
        return {"index": self.index.store_id, "counter": self.index.counter}

    def count(self, component: Component) -> int:
        if not self.index.is_read(component.name):
            raise NeverRead(component)
        return selecting.count_in_files(self.index, component.name)

    def records(self, component: Component, low: Key | None = None, high: Key | None = None) -> Iterator[Exported]:
        rows = selecting.in_files(self.index, component.name, low, high)
        return (Exported(row.key, row.version, row.document) for row in rows)

    def instances(self, component: Component) -> Iterator[Record | tuple[Key, str]]:
        made: Instances[Record] = Instances(component, store.time_zone(component))
        for row in selecting.in_files(self.index, component.name):
            try:
                yield made.make(row)
            except KeyReserved as error:
                yield row.key, error.reason

    def apart(self, component: Component) -> Iterator[Apart]:
        for found in self.index.findings(component.name, Phase.READING):
            if found.outcome is Outcome.QUARANTINED and not self._has(component, found.key, found.code):
                yield Apart(found.key, found.source, found.ordinal, found.detail)

    def _has(self, component: Component, key: Key | None, code: str) -> bool:
        """Whether it is among the records, in quarantine."""
        if key is None or code == DUPLICATE_KEY:
            return False
        row = selecting.one(self.index, component.name, key)
        return row is not None and row.state == State.QUARANTINED
