"""The store in PostgreSQL, for as long as the database is the authority; its triggers refuse every write otherwise.

Each write takes the component's lock in a statement of its own, so that the statements after it see what the lock
waited for (the triggers would fail them with 40001 otherwise). The versions are the triggers'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar, cast

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from legacy_json.effects import Effect
from legacy_json.errors import AlreadyThere, NotThere, Pruned, Stale
from legacy_json.inbox import Entry
from legacy_json.keys import Key, below
from legacy_json.positions import position_of, positioned, span_of
from migration_control import effects, locks
from migration_control.components import Component
from migration_control.models import InboxEntry
from migration_control.records import Record
from migration_control.stores import base
from migration_control.stores.changes import Changes, derive, is_empty
from migration_control.stores.refusals import Collision, refuse_reserved
from migration_control.stores.statements import Statements, statements
from migration_control.stores.transacting import transact
from migration_control.stores.written import Copy

R = TypeVar("R", bound=Record)
T = TypeVar("T")

# Called once what was written is committed: each key with its version and its record, None if it was deleted.
After = Callable[[Component, list[Copy]], None]


class DatabaseStore(Generic[R]):
    """Rows of one component. A write joins the transaction that is open around it."""

    def __init__(self, component: Component, after: After | None = None) -> None:
        self.component = component
        self._after = after
        self._model = cast(type[R], component.model)

    @cached_property
    def _sql(self) -> Statements:
        return statements(self.component)

    def get(self, key: Key) -> R | None:
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        return self._found(self._sql.select, sorted(set(keys)))

    def create(self, record: R) -> R:
        derive(self.component, record)

        def insert(floor: Key | None) -> list[_Wrote[R]]:
            refuse_reserved(self.component, [record.key])
            return [self._insert(record, floor)]

        self._settle(self._write(insert))
        return record

    def append(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        def run(floor: Key | None) -> tuple[Key | None, list[_Wrote[R]]]:
            known = self._appended(record, stem, once)
            if known is not None:
                return known, []
            derive(self.component, record)
            refuse_reserved(self.component, [record.key])
            return None, [self._insert(record, floor)]

        known, written = self._write(run, again=None if stem is None else AlreadyThere)
        if known is not None:
            return base.as_it_is(self.component, known, self.get(known))
        self._settle(written)
        return record

    def append_many(self, records: Sequence[R], *, stem: str, once: str | None = None) -> list[R]:
        given = list(records)

        def run(floor: Key | None) -> list[_Wrote[R]]:
            if not given or self._appended(given[0], stem, once) is not None:
                return []
            base.in_a_row(self.component, given, given[0].key)
            refuse_reserved(self.component, [record.key for record in given])
            return [self._insert(record, floor) for record in given]

        written = self._write(run, again=AlreadyThere)
        self._settle(written)
        return [wrote.record for wrote in written]

    def save(self, record: R) -> R:
        derive(self.component, record)
        self._settle(self._write(lambda _: [self._update(record, record.version)]))
        return record

    def update(self, key: Key, change: Callable[[R], object], once: str | None = None) -> R:
        written: R | None = self.update_many([key], base.on_one(key, change), once)
        return base.as_it_is(self.component, key, written or self.get(key))

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], object], once: str | None = None) -> Any:
        given = list(keys)
        named, effect = sorted(set(given)), base.effect_of(given, once)

        def run(floor: Key | None) -> tuple[object, list[Copy], list[_Wrote[R]]]:
            if effect and not self._apply_once(effect):
                return None, [], []
            found = self._found(self._sql.lock, named)
            changes = Changes(self.component, named, found)
            result = change(changes)
            self._post(changes.posted)
            return result, [self._delete(*deleted) for deleted in changes.deleted()], self._apply(changes, floor)

        result, deleted, written = self._write(run, again=AlreadyThere)
        self._settle(written, deleted)
        return result

    def delete(self, key: Key, version: int | None = None) -> None:
        self._settle([], [self._write(lambda _: self._delete(key, version))])

    def find(self, name: str, value: object) -> list[R]:
        base.check_lookup(self.component, name)
        if is_empty(value):
            return []
        return list(self._rows.filter(**{name: value}).order_by("pk"))

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
            rows = self._rows.filter(*(Q((f"pk__{_LOOKUPS[sign]}", key)) for sign, key in bounds))
            records = list(rows.order_by("-pk" if backwards else "pk")[:page])
            yield from records
            if len(records) < page:
                return
            after = records[-1].key

    def count(self) -> int:
        return self._rows.count()

    @property
    def _rows(self) -> QuerySet[R]:
        return self._model._base_manager.all()

    def _found(self, statement: str, keys: list[Key]) -> dict[Key, R]:
        """Raises KeyReserved."""
        sql = self._sql
        records = [sql.record(self._model, row) for row in _execute(statement, [keys])] if keys else []
        found = {record.key: record for record in records}
        refuse_reserved(self.component, [key for key in keys if key not in found])
        return found

    def _write(self, run: Callable[[Key | None], T], again: type[Exception] | None = None) -> T:
        return transact(self.component, run, again)

    def _apply(self, changes: Changes[R], floor: Key | None) -> list[_Wrote[R]]:
        released = self._release(changes)
        written = [self._update(record, released.get(record.key, read)) for record, read in changes.saved()]
        return written + [self._insert(record, floor) for record in changes.created()]

    def _apply_once(self, effect: Effect) -> bool:
        """Whether it has not taken place yet; it does with this transaction. Whoever is at the same is waited for."""
        return bool(effects.insert(self.component.name, [effect], acked=False))

    def _appended(self, record: R, stem: str | None, once: str | None) -> Key | None:
        """The key that it was appended at before; None if it is to be, and then it has its key."""
        if stem is not None:
            _execute(*locks.end_of(self.component.name, stem))
            known = None if once is None else effects.appended(self.component, once, stem)
            if known is not None:
                return known
            record.pk = self._next(stem)
        effect = base.effect_of([record.key], once)
        return record.key if effect and not self._apply_once(effect) else None

    def _next(self, stem: str) -> Key:
        """The key after the last one that was ever given in that list. Under the lock of its end."""
        span, name = span_of(stem), self.component.name
        ((last,),) = _execute(self._sql.last, [*span, name, *span, name, *span, *span])
        return positioned(stem, 0 if last is None else position_of(last)[1] + 1)

    def _post(self, entries: Sequence[Entry]) -> None:
        if entries:
            InboxEntry.objects.bulk_create([InboxEntry(**entry._asdict()) for entry in entries], ignore_conflicts=True)

    def _release(self, changes: Changes[R]) -> dict[Key, int]:
        """Free the unique values that change hands; no order of the statements would do for a swap."""
        versions: dict[Key, int] = {}
        for name, statement in self._sql.release.items():
            keys = changes.handed_over(name)
            if keys:
                versions.update(_execute(statement, [keys]))
        return versions

    def _insert(self, record: R, floor: Key | None) -> _Wrote[R]:
        """Raises Pruned: JSON would pass it over, and the move back lose it."""
        if floor is not None and below(record.key, floor):
            raise Pruned(self.component.name, record.key, floor)
        sql = self._sql
        record.duplicate = False
        ((version, lacked),) = self._colliding(record, sql.insert, sql.values(record, adding=True))
        return _Wrote(record, version, lacked)

    def _update(self, record: R, read: int) -> _Wrote[R]:
        sql = self._sql
        record.duplicate = record.duplicate and self._still_shares(record)
        values = [*sql.values(record, adding=False), record.key, read]
        for version, lacked in self._colliding(record, sql.update, values):
            return _Wrote(record, version, lacked)
        raise self._refusal(record.key, read)

    def _still_shares(self, record: R) -> bool:
        """Whether it is marked as a duplicate, and is one in the same value."""
        for name in self.component.unique:
            sharing = self._rows.filter(**{name: getattr(record, name)})
            if not is_empty(getattr(record, name)) and sharing.filter(pk=record.pk, duplicate=True).exists():
                return sharing.exclude(pk=record.pk).exists()
        return False

    def _delete(self, key: Key, version: int | None) -> Copy:
        sql = self._sql
        gone = _execute(sql.delete, [key]) if version is None else _execute(sql.delete_version, [key, version])
        if not gone:
            raise self._refusal(key, version)
        for tombstone, lacked in _execute(_tombstone(self.component), [self.component.name, str(key)]):
            return Copy(key, int(tombstone), None, effects.parsed(key, lacked))
        return Copy(key, gone[0][0] + 1, None)  # its migration is closed: nothing is noted, and nothing copied

    def _settle(self, written: list[_Wrote[R]], deleted: Iterable[Copy] = ()) -> None:
        """Once nothing of it can fail any more; what is copied on waits for the transaction around us."""
        for record, version, _ in written:
            record.version, record.run, record._state.adding = version, None, False
        after = self._after
        if after is None:
            return
        # In a transaction around us the caller may go on changing what it was given, before that is committed.
        kept = deepcopy if connection.in_atomic_block else _as_it_is
        copies = [
            *deleted,
            *(Copy(r.key, r.version, kept(r), effects.parsed(r.key, lacked)) for r, _, lacked in written),
        ]
        if copies:
            transaction.on_commit(lambda: after(self.component, copies), robust=True)

    def _colliding(self, record: R, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
        try:
            return _execute(statement, values)
        except IntegrityError as error:
            raise Collision(record, error) from error

    def _refusal(self, key: Key, read: int | None) -> Exception:
        now = self._rows.filter(pk=key).values_list("version", flat=True).first()
        if now is None or read is None:
            refuse_reserved(self.component, [key])
            return NotThere(self.component.name, key)
        return Stale(self.component.name, key, read, now)


class _Wrote(NamedTuple, Generic[R]):
    """A record that was written, its version, and which of its effects JSON lacks, as effects.pending_of has them."""

    record: R
    version: int
    lacked: list[str]


_LOOKUPS = {"<": "lt", ">": "gt", ">=": "gte"}


def _tombstone(component: Component) -> str:
    lacked = effects.pending_of(component.name, "c.key")
    return f"SELECT c.version, {lacked} FROM migration_control_change c WHERE c.component = %s AND c.key = %s"  # noqa: S608


def _as_it_is(record: R) -> R:
    return record


def _execute(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
