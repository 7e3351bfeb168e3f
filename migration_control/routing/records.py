"""`Model.records`: one component's records, read from and written to whichever store is the authority.

What a handler writes here does not change when the stage does. Each call has a coroutine whose name begins with `a`;
it runs on a thread of this process's own, so that the event loop never waits for a disk or a server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, Generic, TypeVar, overload

from django.db import connection, transaction

from legacy_json.inbox import Entry
from legacy_json.keys import Key
from migration_control import components
from migration_control.components import Component
from migration_control.inbox import kept, settling
from migration_control.records import Record
from migration_control.routing import threads
from migration_control.routing.errors import DatabaseAway
from migration_control.routing.router import Router
from migration_control.stores.base import PAGE
from migration_control.stores.changes import Changes

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@cache
def records_of(model: type[R]) -> Records[R]:
    return Records(components.get(model.component))


class Records(Generic[R]):
    """See stores.base.RecordStore for what each call promises; besides that, all raise what routing.errors names.

    While the database is away and JSON has a copy (dual-write), what a read returns has `stale` set.
    """

    def __init__(self, component: Component) -> None:
        self.component = component
        self._router: Router[R] = Router(component)

    def get(self, key: Key) -> R | None:
        return self._router.read(lambda store: store.get(key))

    def get_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        named = list(keys)
        return self._router.read(lambda store: store.get_many(named))

    def create(self, record: R) -> R:
        return self._router.write(lambda store: store.create(record))

    def append(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        """As create(); with a stem, at the end of that list. While the database, as the authority, is away, a record
        with an idempotency key is kept on this host until it is back (SERVICE_FALLBACK_ENABLED), and returned with
        `kept` set; NothingKept if its migration is closed.
        """
        try:
            return self.append_now(record, stem=stem, once=once)
        except DatabaseAway:
            if once is None or not kept.is_wanted():
                raise
            kept.keep(self.component, record, stem, once)
            record.kept = True
            return record

    def append_now(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        """Or raise DatabaseAway."""
        return self._router.write(lambda store: store.append(record, stem=stem, once=once))

    def append_many(self, records: Sequence[R], *, stem: str, once: str | None = None) -> list[R]:
        """See the stores. Nothing is kept while the database is away: raises DatabaseAway; inbox.kept.keep_many()."""
        given = list(records)
        return self._router.write(lambda store: store.append_many(given, stem=stem, once=once))

    def save(self, record: R) -> R:
        return self._router.write(lambda store: store.save(record))

    def update(self, key: Key, change: Callable[[R], object], once: str | None = None) -> R:
        return self._router.write(lambda store: store.update(key, change, once))

    @overload
    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T]) -> T: ...

    @overload
    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T], once: str | None) -> T | None: ...

    def update_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T], once: str | None = None) -> Any:
        """What change() posts takes place right after the commit, if it can: see migration_control.inbox."""
        named, posted = list(keys), list[Entry]()

        def run(changes: Changes[R]) -> T:
            result = change(changes)
            posted[:] = changes.posted
            return result

        result = self._router.write(lambda store: store.update_many(named, run, once))
        if posted:
            if connection.in_atomic_block:
                transaction.on_commit(lambda: settling.at_once(posted))
            else:
                settling.at_once(posted)
        return result

    def delete(self, key: Key, version: int | None = None) -> None:
        self._router.write(lambda store: store.delete(key, version))

    def find(self, name: str, value: object) -> list[R]:
        return self._router.read(lambda store: store.find(name, value))

    def iterate(
        self,
        *,
        after: Key | None = None,
        low: Key | None = None,
        high: Key | None = None,
        backwards: bool = False,
        page: int = PAGE,
    ) -> Iterator[R]:
        """Each page is asked of whoever is the authority then."""
        while True:
            records = self._page(after, low, high, backwards, page)
            yield from records
            if len(records) < page:
                return
            after = records[-1].key

    def count(self) -> int:
        return self._router.read(lambda store: store.count())

    def _page(self, after: Key | None, low: Key | None, high: Key | None, backwards: bool, page: int) -> list[R]:
        def ask(store: Any) -> list[R]:
            found = store.iterate(after=after, low=low, high=high, backwards=backwards, page=page)
            return list(islice(found, page))

        return self._router.read(ask)

    # The same for coroutines

    async def aget(self, key: Key) -> R | None:
        return await threads.run(self.get, key)

    async def aget_many(self, keys: Iterable[Key]) -> dict[Key, R]:
        return await threads.run(self.get_many, list(keys))

    async def acreate(self, record: R) -> R:
        return await threads.run(self.create, record)

    async def aappend(self, record: R, *, stem: str | None = None, once: str | None = None) -> R:
        return await threads.run(lambda: self.append(record, stem=stem, once=once))

    async def aappend_many(self, records: Sequence[R], *, stem: str, once: str | None = None) -> list[R]:
        return await threads.run(lambda: self.append_many(records, stem=stem, once=once))

    async def asave(self, record: R) -> R:
        return await threads.run(self.save, record)

    async def aupdate(self, key: Key, change: Callable[[R], object], once: str | None = None) -> R:
        return await threads.run(self.update, key, change, once)

    @overload
    async def aupdate_many(self, keys: Iterable[Key], change: Callable[[Changes[R]], T]) -> T: ...

    @overload
    async def aupdate_many(
        self, keys: Iterable[Key], change: Callable[[Changes[R]], T], once: str | None
    ) -> T | None: ...

    async def aupdate_many(
        self, keys: Iterable[Key], change: Callable[[Changes[R]], T], once: str | None = None
    ) -> Any:
        return await threads.run(self.update_many, list(keys), change, once)

    async def adelete(self, key: Key, version: int | None = None) -> None:
        await threads.run(self.delete, key, version)

    async def afind(self, name: str, value: object) -> list[R]:
        return await threads.run(self.find, name, value)

    async def aiterate(
        self,
        *,
        after: Key | None = None,
        low: Key | None = None,
        high: Key | None = None,
        backwards: bool = False,
        page: int = PAGE,
    ) -> AsyncIterator[R]:
        while True:
            records = await threads.run(self._page, after, low, high, backwards, page)
            for record in records:
                yield record
            if len(records) < page:
                return
            after = records[-1].key

    async def acount(self) -> int:
        return await threads.run(self.count)
