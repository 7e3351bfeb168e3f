"""The JSON store: records of the index, written in one commit while the fence is open. Files are rendered later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from legacy_json import selecting
from legacy_json.errors import KeyReserved, NotOurs, NotThere
from legacy_json.index import Index, State
from legacy_json.index import Record as Legacy
from legacy_json.keys import Key
from legacy_json.places import Places
from legacy_json.unique import as_lookup
from legacy_json.writing import Writer, commit
from migration_control.components import Component
from migration_control.records import Record
from migration_control.stores import base
from migration_control.stores.changes import Changes, derive, is_empty
from migration_control.stores.documents import document
from migration_control.stores.instances import Instances
from migration_control.stores.written import Written

R = TypeVar("R", bound=Record)

After = Callable[[Written, Index], None]  # called once what was written is committed


class JsonStore(Generic[R]):
    """Records of one component. zone: of its naive dates. To be opened by migration_control.store.json_store().

    All raise NotReadYet where the index has never read the component: what it does not know is not nothing.
    """

    def __init__(
        self, component: Component, index: Index, places: Places, zone: ZoneInfo, after: After | None = None
    ) -> None:
        self.component = component
        self._after = after
        self._index, self._places, self._zone = index, places, zone
        self._instances: Instances[R] = Instances(component, zone)
        self._collection = component.collection

    def get(self, key: Key) -> R | None:
        row = selecting.one(self._index, self.component.name, key)
        return None if row is None else self._shown(row)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        with self._index.snapshot():
            return {key: record for key in keys if (record := self.get(key)) is not None}

    def create(self, record: R) -> R:
        created: R = self.update_many([record.key], lambda changes: changes.create(record))
        return created

    def append(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        selecting.check_read(self._index, self.component.name)
        with self._commit() as writer:
            known = self._appended(writer, record, stem, once)
            if known is None:
                derive(self.component, record)
                version = writer.create(self._collection, record.key, self._document(record))
        if known is not None:
            return base.as_it_is(self.component, known, self.get(known))
        self._settle([(record, version)])
        return record

    def append_many(self, records: Sequence[R], *, stem: str, once: str | None = None) -> list[R]:
        selecting.check_read(self._index, self.component.name)
        given = list(records)
        with self._commit() as writer:
            if not given or self._appended(writer, given[0], stem, once) is not None:
                return []
            base.in_a_row(self.component, given, given[0].key)
            written = [(r, writer.create(self._collection, r.key, self._document(r))) for r in given]
        self._settle(written)
        return given

    def save(self, record: R) -> R:
        derive(self.component, record)
        with self._commit() as writer:
            version = self._replace(writer, record, record.version)
        self._settle([(record, version)])
        return record

    def update(self, key: Key, change: Callable[[R], object], once: str | None = None) -> R:
        written: R | None = self.update_many([key], base.on_one(key, change), once)
        return base.as_it_is(self.component, key, written or self.get(key))

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], object], once: str | None = None) -> Any:
        given = list(keys)
        named, effect = sorted(set(given)), base.effect_of(given, once)
        with self._commit() as writer:
            if effect and not writer.apply_once(self._collection, effect):
                return None
            rows = ((key, writer.get(self._collection, key)) for key in named)
            found = {key: self._instances.make(row) for key, row in rows if row is not None}
            if len(found) < len(named):
                selecting.check_read(self._index, self.component.name)
            changes = Changes(self.component, named, found)
            result = change(changes)
            written = self._apply(writer, changes)
            writer.post(changes.posted)
        self._settle(written)
        return result

    def delete(self, key: Key, version: int | None = None) -> None:
        with self._commit() as writer:
            writer.delete(self._collection, key, version)

    def find(self, name: str, value: object) -> list[R]:
        base.check_lookup(self.component, name)
        if is_empty(value) or not isinstance(value, str | int | float):
            selecting.check_read(self._index, self.component.name)
            return []
        return list(self._holdable(selecting.live_with(self._index, self.component.name, name, as_lookup(value))))

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
            rows = selecting.live_page(self._index, self.component.name, bounds, page, backwards=backwards)
            yield from self._holdable(rows)
            if len(rows) < page:
                return
            after = rows[-1].key

    def count(self) -> int:
        return selecting.count_live(self._index, self.component.name)

    # Reading

    def _shown(self, row: Legacy) -> R | None:
        """Raises KeyReserved."""
        if row.state == State.LIVE:
            return self._instances.make(row)
        if row.state == State.QUARANTINED:
            raise KeyReserved(self.component.name, row.key, selecting.reason(self._index, self.component.name, row.key))
        return None

    def _holdable(self, rows: Iterable[Legacy]) -> Iterator[R]:
        for row in rows:
            try:
                yield self._instances.make(row)
            except KeyReserved:
                continue  # as if the import had set it apart already

    # Writing

    @contextmanager
    def _commit(self) -> Iterator[Writer]:
        try:
            with commit(self._index, self._places) as writer:
                yield writer
                generations = self._mirrored(writer)
        except (NotThere, NotOurs):
            selecting.check_read(self._index, self.component.name)
            raise
        if self._after and generations:
            self._after(Written(writer.written, generations, writer.applied), self._index)

    def _mirrored(self, writer: Writer) -> dict[str, int]:
        """The components of this commit whose other store is written at once, with the index's generations."""
        if not self._after:
            return {}
        return {name: self._index.generation(name) for name, fence in writer.fences.items() if fence.mirrored}

    def _apply(self, writer: Writer, changes: Changes[R]) -> list[tuple[R, int]]:
        for key, version in changes.deleted():
            writer.delete(self._collection, key, version)
        written = [(record, self._replace(writer, record, read)) for record, read in changes.saved()]
        created = changes.created()
        return written + [(r, writer.create(self._collection, r.key, self._document(r))) for r in created]

    def _appended(self, writer: Writer, record: R, stem: str | None, once: str | None) -> Key | None:
        """The key that it was appended at before; None if it is to be, and then it has its key."""
        if stem is not None:
            known = None if once is None else writer.appended(self._collection, once, stem)
            if known is not None:
                return known
            record.pk = writer.next_key(self._collection, stem)
        effect = base.effect_of([record.key], once)
        return record.key if effect and not writer.apply_once(self._collection, effect) else None

    def _replace(self, writer: Writer, record: R, version: int) -> int:
        return writer.replace(self._collection, record.key, self._document(record), version)

    def _document(self, record: R) -> dict[str, object]:
        return document(self.component, record, self._zone)

    def _settle(self, written: Iterable[tuple[R, int]]) -> None:
        """Once it is committed. A mark may have gone with the value that it was for."""
        for record, version in written:
            record.version, record.run, record._state.adding = version, None, False
            if record.duplicate:
                now = self.get(record.key)
                record.duplicate = now is not None and now.duplicate
