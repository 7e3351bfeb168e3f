"""The store in PostgreSQL, for as long as the database is the authority; its triggers refuse every write otherwise.

Each write takes the component's lock in a statement of its own, so that the statements after it see what the lock
waited for (the triggers would fail them with 40001 otherwise). The versions are the triggers'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from django.db import Error, IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from legacy_json.errors import AlreadyThere, NotTheAuthority, NotThere, Stale
from legacy_json.keys import Key
from migration_control import locks
from migration_control.components import Component
from migration_control.records import Record
from migration_control.stores import base
from migration_control.stores.changes import Changes, derive, is_empty
from migration_control.stores.commits import NUMBER, took_effect
from migration_control.stores.refusals import Collision, explained, is_of_the_guard, is_transient, refuse_reserved
from migration_control.stores.statements import Statements, statements

R = TypeVar("R", bound=Record)
T = TypeVar("T")

ATTEMPTS = 5  # at a transaction that others stand in the way of


class DatabaseStore(Generic[R]):
    """Rows of one component. A write joins the transaction that is open around it."""

    def __init__(self, component: Component) -> None:
        self.component = component
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

        def insert() -> list[tuple[R, int]]:
            refuse_reserved(self.component, [record.key])
            return [(record, self._insert(record))]

        _set_versions(self._write(insert))
        return record

    def save(self, record: R) -> R:
        derive(self.component, record)
        _set_versions(self._write(lambda: [(record, self._update(record, record.version))]))
        return record

    def update(self, key: Key, change: Callable[[R], object]) -> R:
        return self.update_many([key], base.on_one(key, change))

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T]) -> T:
        named = sorted(set(keys))

        def run() -> tuple[T, list[tuple[R, int]]]:
            found = self._found(self._sql.lock, named)
            changes = Changes(self.component, named, found)
            result = change(changes)
            return result, self._apply(changes)

        result, written = self._write(run, again=AlreadyThere)
        _set_versions(written)
        return result

    def delete(self, key: Key, version: int | None = None) -> None:
        self._write(lambda: self._delete(key, version))

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

    def _write(self, run: Callable[[], T], again: type[Exception] | None = None) -> T:
        """Run it in a transaction under the component's lock; once more, if the database or `again` says so.

        What is transient in a transaction around us is its owner's to repeat: it holds its locks until it ends.
        """
        joined = connection.in_atomic_block
        for left in reversed(range(ATTEMPTS)):
            done: list[T] = []
            number = ""
            try:
                with transaction.atomic():
                    number = self._lock()
                    done.append(run())
                return done[0]
            except Collision as collision:
                refusal = explained(self.component, collision)
                if not (left and again and isinstance(refusal, again)):
                    raise refusal from collision.error
            except Error as error:
                if is_of_the_guard(error):
                    raise NotTheAuthority(self.component.name, "database") from error
                if joined:
                    raise
                if done:  # all but the reply to COMMIT
                    connection.close()
                    if took_effect(self.component.name, number):
                        return done[0]
                if not (left and (done or is_transient(error))):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _lock(self) -> str:
        """Take the component's lock, which waits for a move. Returns the transaction's number."""
        statement, values = locks.shared(self.component.name)
        ((_, number),) = _execute(f"{statement}, {NUMBER}", values)
        return str(number)

    def _apply(self, changes: Changes[R]) -> list[tuple[R, int]]:
        for key, version in changes.deleted():
            self._delete(key, version)
        released = self._release(changes)
        written = [(record, self._update(record, released.get(record.key, read))) for record, read in changes.saved()]
        return written + [(record, self._insert(record)) for record in changes.created()]

    def _release(self, changes: Changes[R]) -> dict[Key, int]:
        """Free the unique values that change hands; no order of the statements would do for a swap."""
        versions: dict[Key, int] = {}
        for name, statement in self._sql.release.items():
            keys = changes.handed_over(name)
            if keys:
                versions.update(_execute(statement, [keys]))
        return versions

    def _insert(self, record: R) -> int:
        sql = self._sql
        record.duplicate = False
        ((version,),) = self._colliding(record, sql.insert, sql.values(record, adding=True))
        return int(version)

    def _update(self, record: R, read: int) -> int:
        sql = self._sql
        record.duplicate = record.duplicate and self._still_shares(record)
        for (version,) in self._colliding(record, sql.update, [*sql.values(record, adding=False), record.key, read]):
            return int(version)
        raise self._refusal(record.key, read)

    def _still_shares(self, record: R) -> bool:
        """Whether it is marked as a duplicate, and is one in the same value."""
        for name in self.component.unique:
            sharing = self._rows.filter(**{name: getattr(record, name)})
            if not is_empty(getattr(record, name)) and sharing.filter(pk=record.pk, duplicate=True).exists():
                return sharing.exclude(pk=record.pk).exists()
        return False

    def _delete(self, key: Key, version: int | None) -> None:
        sql = self._sql
        if not (_execute(sql.delete, [key]) if version is None else _execute(sql.delete_version, [key, version])):
            raise self._refusal(key, version)

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


_LOOKUPS = {"<": "lt", ">": "gt", ">=": "gte"}


def _execute(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _set_versions(written: Iterable[tuple[Record, int]]) -> None:
    """Once nothing of it can fail any more."""
    for record, version in written:
        record.version, record.run, record._state.adding = version, None, False
