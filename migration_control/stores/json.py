"""The JSON store: records of the index, written in one commit while the fence is open. Files are rendered later."""

# ruff: noqa: S608 - what is put into the statements is our own names of columns

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from legacy_json.errors import KeyReserved
from legacy_json.index import RECORD, Index, Outcome, State
from legacy_json.index import Record as Legacy
from legacy_json.keys import Key
from legacy_json.places import Places
from legacy_json.unique import as_lookup
from legacy_json.writing import Writer, commit
from migration_control.components import Component
from migration_control.records import Record
from migration_control.stores import base
from migration_control.stores.changes import Changes, derive, is_empty
from migration_control.stores.instances import Instances

R = TypeVar("R", bound=Record)
T = TypeVar("T")

# Nothing of a component is shown before its first reading is complete.
SHOWN = "r.component = :component AND EXISTS (SELECT 1 FROM scanned WHERE component = :component)"
LIVE = f"r.state = {State.LIVE:d}"


class JsonStore(Generic[R]):
    """Records of one component. zone: of its naive dates."""

    def __init__(self, component: Component, index: Index, places: Places, zone: ZoneInfo) -> None:
        self.component = component
        self._index, self._places, self._zone = index, places, zone
        self._instances: Instances[R] = Instances(component, zone)
        self._collection = component.collection
        self._get = f"SELECT {RECORD} FROM record r WHERE {SHOWN} AND r.key = :key"

    def get(self, key: Key) -> R | None:
        row = self._index.connection().execute(self._get, {"component": self.component.name, "key": key}).fetchone()
        return self._shown(Legacy._make(row)) if row else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        with self._index.snapshot():
            return {key: record for key in keys if (record := self.get(key)) is not None}

    def create(self, record: R) -> R:
        return self.update_many([record.key], lambda changes: changes.create(record))

    def save(self, record: R) -> R:
        derive(self.component, record)
        with commit(self._index, self._places) as writer:
            version = self._replace(writer, record, record.version)
        self._settle([(record, version)])
        return record

    def update(self, key: Key, change: Callable[[R], object]) -> R:
        return self.update_many([key], base.on_one(key, change))

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T]) -> T:
        named = sorted(set(keys))
        with commit(self._index, self._places) as writer:
            rows = ((key, writer.get(self._collection, key)) for key in named)
            found = {key: self._instances.make(row) for key, row in rows if row is not None}
            changes = Changes(self.component, named, found)
            result = change(changes)
            written = self._apply(writer, changes)
        self._settle(written)
        return result

    def delete(self, key: Key, version: int | None = None) -> None:
        with commit(self._index, self._places) as writer:
            writer.delete(self._collection, key, version)

    def find(self, name: str, value: object) -> list[R]:
        base.check_lookup(self.component, name)
        if is_empty(value) or not isinstance(value, str | int | float):
            return []
        query = (
            "FROM lookup l JOIN record r USING (component, key)"
            f" WHERE l.name = :name AND l.value = :value AND {SHOWN} AND {LIVE} ORDER BY r.key"
        )
        return list(self._read(query, {"name": name, "value": as_lookup(value)}))

    def iterate(
        self,
        *,
        after: Key | None = None,
        low: Key | None = None,
        high: Key | None = None,
        backwards: bool = False,
        page: int = base.PAGE,
    ) -> Iterator[R]:
        order = "DESC" if backwards else "ASC"
        while True:
            bounds = base.Bounds(after, low, high, backwards).conditions
            within = "".join(f" AND r.key {sign} :bound{number}" for number, (sign, _) in enumerate(bounds))
            values = {f"bound{number}": key for number, (_, key) in enumerate(bounds)}
            query = f"FROM record r WHERE {SHOWN} AND {LIVE}{within} ORDER BY r.key {order} LIMIT :page"
            rows = self._rows(query, {**values, "page": page})
            yield from self._holdable(rows)
            if len(rows) < page:
                return
            after = rows[-1].key

    def count(self) -> int:
        query = f"SELECT count(*) FROM record r WHERE {SHOWN} AND {LIVE}"
        (count,) = self._index.connection().execute(query, {"component": self.component.name}).fetchone()
        return int(count)

    # Reading

    def _shown(self, row: Legacy) -> R | None:
        """Raises KeyReserved."""
        if row.state == State.LIVE:
            return self._instances.make(row)
        if row.state == State.QUARANTINED:
            raise KeyReserved(self.component.name, row.key, self._reason(row.key))
        return None

    def _reason(self, key: Key) -> str:
        query = "SELECT detail FROM finding WHERE component = ? AND key = ? AND outcome = ? ORDER BY id LIMIT 1"
        values = (self.component.name, key, Outcome.QUARANTINED)
        row = self._index.connection().execute(query, values).fetchone()
        return str(row[0]) if row else "its reason is not on record"

    def _read(self, query: str, values: dict[str, object]) -> Iterator[R]:
        return self._holdable(self._rows(query, values))

    def _rows(self, query: str, values: dict[str, object]) -> list[Legacy]:
        statement, named = f"SELECT {RECORD} {query}", {"component": self.component.name, **values}
        return [Legacy._make(row) for row in self._index.connection().execute(statement, named)]

    def _holdable(self, rows: Iterable[Legacy]) -> Iterator[R]:
        for row in rows:
            try:
                yield self._instances.make(row)
            except KeyReserved:
                continue  # as if the import had set it apart already

    # Writing

    def _apply(self, writer: Writer, changes: Changes[R]) -> list[tuple[R, int]]:
        for key, version in changes.deleted():
            writer.delete(self._collection, key, version)
        written = [(record, self._replace(writer, record, read)) for record, read in changes.saved()]
        created = changes.created()
        return written + [(r, writer.create(self._collection, r.key, self._document(r))) for r in created]

    def _replace(self, writer: Writer, record: R, version: int) -> int:
        return writer.replace(self._collection, record.key, self._document(record), version)

    def _document(self, record: R) -> dict[str, object]:
        return self.component.mapping.write(record, self._zone)

    def _settle(self, written: Iterable[tuple[R, int]]) -> None:
        """Once it is committed. A mark may have gone with the value that it was for."""
        for record, version in written:
            record.version, record.run, record._state.adding = version, None, False
            if record.duplicate:
                now = self.get(record.key)
                record.duplicate = now is not None and now.duplicate
