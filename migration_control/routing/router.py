"""Which store answers, and which one takes a write: asked anew each time, of the fence and of the database itself.

No cached stage decides anything. A belief that is out of date is refused by the store that it is put to, under that
store's own lock, and the other one is tried.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import psycopg
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from legacy_json import promoting
from legacy_json.errors import FenceClosed, NotTheAuthority
from legacy_json.fences import Fence
from migration_control import pairing, releases, store
from migration_control.components import Component
from migration_control.mirroring import servers
from migration_control.mirroring.inline import Inline
from migration_control.mirroring.watchdog import watching
from migration_control.models import ComponentState
from migration_control.records import Record
from migration_control.routing import elsewhere
from migration_control.routing.errors import DatabaseAway, DatabaseUnused, FilesElsewhere, JsonInsideAtomic, Moving
from migration_control.stages import Store, answers
from migration_control.stores.base import RecordStore
from migration_control.stores.database import DatabaseStore
from migration_control.stores.json import JsonStore

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Record)
T = TypeVar("T")

PATIENCE = 15.0  # seconds for a move to let a write through
ANSWER = 10.0  # seconds for the database to answer, after which it counts as away
LOCK_NOT_AVAILABLE = "55P03"
LOOK = 2.0  # seconds for a look whether index and database are a pair, which JSON does without
REOPENED = 60.0  # seconds that a JSON store is kept open
PAUSE = 0.02  # seconds before a store is asked again


class Router(Generic[R]):
    """Of one component. Safe to share between threads."""

    def __init__(self, component: Component) -> None:
        self.component = component

    def read(self, ask: Callable[[RecordStore[R]], T]) -> T:
        """Raises DatabaseAway, FilesElsewhere, DatabaseUnused, NewerRelease, and what the stores raise."""
        if not store.has_files():
            return self._asked(lambda database: elsewhere.read(self.component, lambda: ask(database)))
        while True:
            fence = self._fence()
            try:
                if (answers(fence.state) or self._row()) is Store.JSON:
                    found, now = self._of_one_moment(ask)
                    # JSON was the authority at that moment: no copy of the database's is in what was read.
                    if now == fence or answers(now.state) is Store.JSON:
                        return found
                else:
                    found = self._asked(ask)
                    if self._fence() == fence:
                        return found
            except DatabaseAway:
                if not fence.mirrored:
                    raise
                return _marked(ask(self._json))
            # It moved while several records were read: they might be of both sides of the move.

    def write(self, write: Callable[[RecordStore[R]], T]) -> T:
        """Raises Moving, JsonInsideAtomic, what read() raises, and what the stores raise of the write itself."""
        until = time.monotonic() + PATIENCE
        where = self._believed()
        for attempt in range(1_000_000):
            try:
                return self._to_json(write) if where is Store.JSON else self._to_database(write)
            except NotTheAuthority as refusal:
                if time.monotonic() >= until:
                    raise Moving(self.component.name, PATIENCE) from refusal
                if attempt:
                    self._settle(attempt)
                where = Store.DATABASE if isinstance(refusal, FenceClosed) else Store.JSON
            except OperationalError as error:
                if not _is_locked(error) or connection.in_atomic_block:
                    raise
                if time.monotonic() >= until:
                    raise Moving(self.component.name, PATIENCE) from error
            except (DatabaseAway, DatabaseUnused):
                # Half closed, and the mover cannot reach the database either: the fence opens when it is overdue, or
                # has been opened since it refused.
                if not self._may_open() or time.monotonic() >= until:
                    raise
                time.sleep(PAUSE)
                where = Store.JSON
        raise AssertionError("the deadline comes first")

    # JSON

    def _of_one_moment(self, ask: Callable[[RecordStore[R]], T]) -> tuple[T, Fence]:
        """What the index has, and how the fence stood."""
        opened = self._json
        with store.index().snapshot():
            return ask(opened), self._fence()

    @property
    def _json(self) -> JsonStore[R]:
        """Opened anew from time to time, which is when it is looked whether index and folder belong together."""
        minute = int(time.monotonic() / REOPENED)
        return _opened(self.component, settings.LEGACY_INDEX, settings.LEGACY_DIR, settings.LEGACY_TIME_ZONE, minute)

    def _fence(self) -> Fence:
        return store.fence(self.component)

    def _may_open(self) -> bool:
        return store.has_files() and answers(self._fence().state) is Store.JSON

    def _to_json(self, write: Callable[[RecordStore[R]], T]) -> T:
        if not store.has_files():
            raise FilesElsewhere(self.component.name)
        if connection.in_atomic_block:
            raise JsonInsideAtomic(self.component.name)
        return write(self._json)

    # The database

    @cached_property
    def _database(self) -> DatabaseStore[R]:
        return DatabaseStore(self.component, Inline().after_database)

    def _believed(self) -> Store:
        if not store.has_files():
            return Store.DATABASE
        return answers(self._fence().state) or Store.DATABASE

    def _row(self) -> Store:
        return self._asked(lambda _: elsewhere.authority(self.component))

    def _to_database(self, write: Callable[[RecordStore[R]], T]) -> T:
        """Raises DatabaseAway, NewerRelease."""

        def checked(database: RecordStore[R]) -> T:
            releases.refuse_at_first_use()
            return write(database)

        return self._asked(checked)

    def _asked(self, ask: Callable[[RecordStore[R]], T]) -> T:
        """Raises DatabaseAway."""
        if not settings.DATABASE_USED:
            raise DatabaseUnused(self.component.name)
        if connection.in_atomic_block:
            return ask(self._database)
        if servers.silent():
            raise DatabaseAway(self.component.name)
        # One that broke while it was idle says nothing of the server, and nothing was committed over it.
        tries = 2 if connection.connection is not None else 1
        while True:
            tries -= 1
            try:
                return self._watched(ask)
            except (OperationalError, InterfaceError) as error:
                if not servers.is_away(error):
                    raise
                connection.close()
                if not tries or not _answers_at_once():
                    servers.failed(error)
                    raise DatabaseAway(self.component.name) from error

    def _watched(self, ask: Callable[[RecordStore[R]], T]) -> T:
        connection.ensure_connection()
        with watching(connection.connection.fileno(), ANSWER):
            if store.has_files():
                _paired(self.component, settings.LEGACY_INDEX, int(time.monotonic() / REOPENED))
            return ask(self._database)

    def _settle(self, attempt: int) -> None:
        """Both stores have refused: a move goes on, or was broken off."""
        if settings.DATABASE_USED and not connection.in_atomic_block:
            from migration_control.moving.recovery import recover  # which writes through the stores

            try:
                connection.ensure_connection()
                with watching(connection.connection.fileno(), ANSWER):
                    recover(self.component)
            except Error as error:
                log.warning("%s cannot be recovered just now: %s", self.component.name, error)
        time.sleep(min(PAUSE * attempt, 0.5))


@lru_cache(64)
def _opened(component: Component, index: Path, folder: Path, zone: str, minute: int) -> JsonStore[Any]:
    """Raises StoresDisagree, if the database can be asked."""
    del index, folder, zone, minute  # what store.json_store reads, or when
    if settings.DATABASE_USED and not servers.away():
        try:
            connection.ensure_connection()
            with watching(connection.connection.fileno(), LOOK):
                _check_pair(component)
        except (Error, psycopg.Error) as error:
            connection.close()
            servers.failed(error)
            log.warning("%s: whether index and database are a pair is not known: %s", component.name, error)
    return store.json_store(component, Inline().after_json)


@lru_cache(64)
def _paired(component: Component, index: Path, minute: int) -> None:
    """Before the database is asked for records, on the host with the files. Raises StoresDisagree."""
    del index, minute
    pairing.check(component.name, store.index())


def _check_pair(component: Component) -> None:
    """Raises StoresDisagree, but for a database that JSON was promoted over: JSON serves beside it."""
    try:
        pairing.check(component.name, store.index())
    except pairing.StoresDisagree:
        state = ComponentState.objects.get(name=component.name)
        if not promoting.is_over(store.index(), state.index_id):
            raise


def _answers_at_once() -> bool:
    try:
        connection.ensure_connection()
        with watching(connection.connection.fileno(), 1.0), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        connection.close()
        return False
    return True


def _is_locked(error: Error) -> bool:
    """Whether a lock, a move's above all, was not to be had in time."""
    return getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE


def _marked(found: T) -> T:
    """What JSON has of it may be older than what the database took last."""
    several = found.values() if isinstance(found, dict) else found if isinstance(found, list) else [found]
    for record in several:
        if isinstance(record, Record):
            record.stale = True
    return found
