"""How much a bot's process asks for at a time, how long it waits, and how often it tries."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar, TypeVar

from django.conf import settings

from legacy_json.errors import StoreBusy
from migration_control.routing import threads
from migration_control.routing.errors import DatabaseAway, Moving
from migration_control.service_errors import ServiceError

T = TypeVar("T")

# Each says of itself that nothing was written.
REPEATED = (Moving, DatabaseAway, StoreBusy)
FIRST_PAUSE = 0.05  # seconds before the second try; twice as long before each further one
LONGEST_PAUSE = 2.0  # seconds


class Overloaded(ServiceError):
    """Refused at once: nothing was begun."""

    code: ClassVar[str] = "overloaded"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit} calls are under way in this process, which is the most. Nothing was done; try again in a moment,"
            " or raise MAX_CONCURRENT_REQUESTS.",
            limit=limit,
        )


class TimedOut(ServiceError):
    """Its time is over: StillAtWork or NotBegun. begun: whether what it writes may take effect yet."""

    begun: ClassVar[bool]

    def __init__(self, seconds: float, effect: str) -> None:
        super().__init__(f"The call took more than {seconds:.3g} s. {effect}", seconds=seconds, begun=self.begun)


class StillAtWork(TimedOut):
    """Its outcome is unknown: it ends by itself, and may take effect yet."""

    code: ClassVar[str] = "timed-out"
    begun = True

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, "It ends by itself and may take effect yet: look before you repeat it.")


class NotBegun(TimedOut):
    """No thread was free for it, and none will begin it."""

    code: ClassVar[str] = "timed-out-not-begun"
    begun = False

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds, "It was not begun, so it can be repeated safely.")


_here = threading.local()
_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is begun in here, of several calls all together, takes no longer than so."""
    before = _until.set(min(_until.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(before)


def left() -> float:
    """Seconds, inf outside within(); never less than 0."""
    return max(0.0, _until.get() - time.monotonic())


@dataclass
class Gate:
    """limit: calls under way at a time, those included that nobody waits for any more. seconds: for a call in all.

    attempts: tries of a call that did certainly nothing. Safe to share between threads and event loops.
    """

    limit: int
    seconds: float
    attempts: int
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def under_way(self) -> int:
        return self._under_way

    async def run(self, call: Callable[[], T], *, again: bool = True) -> T:
        """What the call returns, from a thread: the event loop never waits.

        Raises Overloaded, StillAtWork, NotBegun, and what the call does.

        again: whether the whole of it may be begun anew after an error that says that nothing was written. Not where
        it writes twice, and the first may have been written.
        """
        seconds = self._seconds()
        until = time.monotonic() + seconds
        for attempt in range(1, self.attempts + 1):
            try:
                return await self._once(call, until, seconds)
            except REPEATED:
                pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
                if not again or attempt == self.attempts or time.monotonic() + pause >= until:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def wait(self, call: Callable[[], T]) -> T:
        """The same for whoever is no coroutine, once: it waits here, and if an event loop runs in this thread that one
        stands still meanwhile, for `seconds` at most. On one of the threads that calls run on it runs at once.
        """
        if getattr(_here, "is_ours", False):
            return call()
        seconds = self._seconds()
        submitted = self._admitted(call)
        try:
            return submitted.result(seconds)
        except Late:
            if submitted.done():  # just now, or the error is the call's own
                return submitted.result()
            raise self._late(submitted, seconds) from None

    async def _once(self, call: Callable[[], T], until: float, seconds: float) -> T:
        submitted = self._admitted(call)
        waiting = asyncio.wrap_future(submitted)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=max(0.0, until - time.monotonic()))
        except asyncio.CancelledError:
            submitted.cancel()
            waiting.add_done_callback(_forgotten)
            raise
        if done:
            return waiting.result()
        late = self._late(submitted, seconds)
        waiting.add_done_callback(_forgotten)
        raise late

    def _seconds(self) -> float:
        """Raises NotBegun."""
        seconds = min(self.seconds, left())
        if not seconds:
            raise NotBegun(self.seconds)
        return seconds

    def _late(self, submitted: Future[T], seconds: float) -> TimedOut:
        # Whichever comes first: a thread that begins it, or this.
        return NotBegun(seconds) if submitted.cancel() else StillAtWork(seconds)

    def _admitted(self, call: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._under_way >= self.limit:
                raise Overloaded(self.limit)
            self._under_way += 1
        try:
            submitted = threads.submit(_marked, call)
        except BaseException:
            self._left()
            raise
        submitted.add_done_callback(self._left)
        return submitted

    def _left(self, _: object = None) -> None:
        with self._lock:
            self._under_way -= 1


def _marked(call: Callable[[], T]) -> T:
    """On a thread that is one of those for good."""
    _here.is_ours = True
    return call()


def _forgotten(waiting: asyncio.Future[T]) -> None:
    """Nobody asks for its error, which asyncio would complain of."""
    if not waiting.cancelled():
        waiting.exception()


@lru_cache(1)
def gate() -> Gate:
    """Of this process, as MAX_CONCURRENT_REQUESTS, REQUEST_TIMEOUT and RETRY_ATTEMPTS say."""
    return Gate(settings.MAX_CONCURRENT_REQUESTS, settings.REQUEST_TIMEOUT, settings.RETRY_ATTEMPTS)


os.register_at_fork(after_in_child=gate.cache_clear)  # what is under way in the parent never ends here
