"""Events are recorded without waiting: into a queue in memory, which a thread of its own writes in batches.

What a handler pays is one append to a queue. What is lost when the process is killed (`kill -9`) is what the thread has
not written yet: at most ANALYTICS_QUEUE events, and while the store takes writes those of the last
ANALYTICS_FLUSH_SECONDS and of the batch at hand. An ordinary end of the process writes them first.
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import uuid4

from django.conf import settings
from django.db import DataError, Error, connection

from analytics import events
from analytics.models import Event
from legacy_json.errors import LegacyError, NotItsKey, Pruned, Unholdable
from migration_control import components
from migration_control.inbox import kept
from migration_control.routing.errors import DatabaseAway, RouterError
from migration_control.stores.commits import OutcomeUnknown

log = logging.getLogger(__name__)

BATCH = 500  # events of one commit
ENDING = 5.0  # seconds that the end of the process waits for the last of them
FIRST, LONGEST = 0.5, 10.0  # seconds before a batch that failed is tried again
QUIET = 60.0  # seconds between two complaints of a kind
PASSING = (RouterError, LegacyError, Error, sqlite3.Error, OSError, OutcomeUnknown)
REFUSALS = (Pruned, Unholdable, NotItsKey, DataError)  # among these, those of an event itself

Noted = tuple[str, object, str, "int | None", datetime]


class Counts(NamedTuple):
    """Of events, since the process began. dropped: the queue was full. refused: no store can hold them. kept: on this
    host, until the database is back."""

    written: int
    kept: int
    dropped: int
    refused: int
    waiting: int


class Batch(NamedTuple):
    """Events of one month. once: under which a repeated attempt does nothing more."""

    month: str
    once: str
    events: list[Event]

    def split(self) -> list[Batch]:
        return [Batch(self.month, f"{self.once}:{n}", [event]) for n, event in enumerate(self.events)]


class Recorder:
    """Safe to share between threads; a fork's child begins with nothing in it.

    most: events that wait in memory; beyond them the newest are dropped. seconds: between two looks at the queue.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._limit, self._seconds = most, seconds
        self._begin()
        _recorders.add(self)

    def _begin(self) -> None:
        self._queue: deque[Noted] = deque()
        self._most = 0  # until there is a thread: record() then looks no further than at the queue
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._asked = self._answered = 0
        self._batches: list[Batch] = []  # taken from the queue and not written yet
        self._written = self._kept = self._dropped = self._refused = 0

    def record(
        self, event_type: str, data: object = None, *, bot_id: str, user_id: int | None = None, at: datetime
    ) -> bool:
        """Whether it is to be written; False where the queue is full or closed. Neither waits nor raises.

        The data are read later, by another thread: leave them as they are. What events.made() refuses is counted and
        logged then.
        """
        if len(self._queue) >= self._most and not self._has_room():
            return False
        self._queue.append((event_type, data, bot_id, user_id, at))
        return True

    def flush(self, timeout: float) -> bool:
        """Whether what was recorded before the call is written, or kept, within so many seconds."""
        with self._changed:
            if self._thread is None:
                return not self._queue
            self._asked += 1
            mine = self._asked
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._answered >= mine, timeout)

    def close(self, timeout: float = ENDING) -> bool:
        """flush(), then no more is taken. What could not be written by then is dropped, and said."""
        with self._changed:
            self._closed, self._most = True, 0
        done = self.flush(timeout)
        with self._changed:
            thread, self._thread = self._thread, None
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout if done else 0.1)
        if not done:
            log.error("%d events could not be written in %g s, and are lost.", self.counts.waiting, timeout)
        return done

    @property
    def counts(self) -> Counts:
        waiting = len(self._queue) + sum(len(batch.events) for batch in self._batches)
        return Counts(self._written, self._kept, self._dropped, self._refused, waiting)

    def _has_room(self) -> bool:
        """Seldom called: at first, and when it is full."""
        with self._changed:
            if self._thread is None and not self._closed:
                self._most = self._limit
                self._thread = threading.Thread(target=self._run, name="switchyard-recorder", daemon=True)
                self._thread.start()
                return True
            self._dropped += 1
            return False

    # The thread

    def _run(self) -> None:
        me, pause, complaints = threading.current_thread(), 0.0, Complaints()
        try:
            while True:
                with self._changed:
                    if self._thread is not me:
                        return
                    if self._asked == self._answered or pause:
                        asked = self._asked
                        self._changed.wait_for(
                            lambda asked=asked: self._asked > asked or self._thread is not me,  # type: ignore[misc]
                            max(self._seconds, pause),
                        )
                    asked = self._asked
                trouble = self._write_all()
                pause = min(max(2 * pause, FIRST), LONGEST) if trouble else 0.0
                complaints.of(self.counts, trouble)
                if not trouble:
                    with self._changed:
                        self._answered = asked
                        self._changed.notify_all()
        finally:
            connection.close()

    def _write_all(self) -> Exception | None:
        """What the queue has by now, in batches; why the rest must wait, if it must."""
        left = len(self._queue)
        while self._batches or left:
            if not self._batches:
                taken = min(left, BATCH)
                left -= taken
                self._batches = self._batched([self._queue.popleft() for _ in range(taken)])
                continue
            try:
                self._write(self._batches[0])
            except Exception as error:  # noqa: BLE001 - whatever it is, the events stay, and the thread lives on
                return error
        return None

    def _batched(self, noted: Iterable[Noted]) -> list[Batch]:
        found: dict[str, Batch] = {}
        for event_type, data, bot_id, user_id, at in noted:
            try:
                event = events.made(event_type, data, bot_id=bot_id, user_id=user_id, at=at)
            except Exception as error:  # noqa: BLE001 - what callers gave is looked at only here
                self._refuse(error)
                continue
            month = events.month_of(at)
            if month not in found:
                found[month] = Batch(month, f"events:{uuid4().hex}", [])
            found[month].events.append(event)
        return list(found.values())

    def _write(self, batch: Batch) -> None:
        """The first of the batches. Raises what is worth another try."""
        try:
            self._store(batch)
        except Exception as error:
            if _is_passing(error):
                raise
            if len(batch.events) > 1:  # nothing of it was written; only what is refused by itself is given up
                self._batches[:1] = batch.split()
                return
            self._refuse(error)
        del self._batches[0]

    def _store(self, batch: Batch) -> None:
        try:
            Event.records.append_many(batch.events, stem=batch.month, once=batch.once)
            self._written += len(batch.events)
        except DatabaseAway:
            if not kept.is_wanted():
                raise
            kept.keep_many(components.get(Event.component), batch.events, batch.month, batch.once)
            self._kept += len(batch.events)

    def _refuse(self, why: Exception) -> None:
        self._refused += 1
        log.debug("An event was refused: %s", why)


class Complaints:
    """What the log is told of, once a minute."""

    def __init__(self) -> None:
        self._told = self._trouble_told = -QUIET
        self._dropped = self._refused = 0

    def of(self, counts: Counts, trouble: Exception | None) -> None:
        now = time.monotonic()
        dropped, refused = counts.dropped - self._dropped, counts.refused - self._refused
        if (dropped or refused) and now >= self._told + QUIET:
            self._told, self._dropped, self._refused = now, counts.dropped, counts.refused
            log.warning("Events: %d were dropped (ANALYTICS_QUEUE), %d cannot be held.", dropped, refused)
        if trouble and now >= self._trouble_told + QUIET:
            self._trouble_told = now
            log.warning("%d events wait to be written: %s: %s", counts.waiting, type(trouble).__name__, trouble)


def _is_passing(error: Exception) -> bool:
    """Whether it says something of the store, rather than of what is to be written."""
    return isinstance(error, PASSING) and not isinstance(error, REFUSALS)


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


@cache
def recorder() -> Recorder:
    """This process's own, written out when the process ends by itself."""
    return Recorder(settings.ANALYTICS_QUEUE, settings.ANALYTICS_FLUSH_SECONDS)


def _close() -> None:
    for each in list(_recorders):
        each.close()


def _begin_anew() -> None:
    """In the child of a fork: what waits is its parent's to write, and the thread is not here."""
    for each in list(_recorders):
        each._begin()


atexit.register(_close)
os.register_at_fork(after_in_child=_begin_anew)
