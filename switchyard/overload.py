"""How much a bot's process asks for at a time, how long it waits, and how often it tries."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
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
    """begun: the call is at work and ends by itself, so that what it writes may take effect yet. Else nothing will."""

    code: ClassVar[str] = "timed-out"

    def __init__(self, seconds: float, *, begun: bool) -> None:
        self.begun = begun
        effect = "It ends by itself and may take effect yet: look before you repeat it."
        effect = effect if begun else "Nothing was done."
        super().__init__(f"The call took more than {seconds:g} s. {effect}", seconds=seconds, begun=begun)


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

        Raises Overloaded, TimedOut, and what the call does.

        again: whether the whole of it may be begun anew after an error that says that nothing was written. Not where
        it writes twice, and the first may have been written.
        """
        until = time.monotonic() + self.seconds
        for attempt in range(1, self.attempts + 1):
            try:
                return await self._once(call, until)
            except REPEATED:
                pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
                if not again or attempt == self.attempts or time.monotonic() + pause >= until:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, call: Callable[[], T], until: float) -> T:
        submitted = self._admitted(call)
        waiting = asyncio.wrap_future(submitted)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=max(0.0, until - time.monotonic()))
        except asyncio.CancelledError:
            submitted.cancel()
            raise
        if done:
            return waiting.result()
        # Whichever comes first: a thread that begins it, or this.
        begun = not submitted.cancel()
        waiting.add_done_callback(_forgotten)
        raise TimedOut(self.seconds, begun=begun)

    def _admitted(self, call: Callable[[], T]) -> Future[T]:
        with self._lock:
            if self._under_way >= self.limit:
                raise Overloaded(self.limit)
            self._under_way += 1
        try:
            submitted = threads.submit(call)
        except BaseException:
            self._left()
            raise
        submitted.add_done_callback(self._left)
        return submitted

    def _left(self, _: object = None) -> None:
        with self._lock:
            self._under_way -= 1


def _forgotten(waiting: asyncio.Future[T]) -> None:
    """Nobody asks for its error, which asyncio would complain of."""
    if not waiting.cancelled():
        waiting.exception()


@lru_cache(1)
def gate() -> Gate:
    """Of this process, as MAX_CONCURRENT_REQUESTS, REQUEST_TIMEOUT and RETRY_ATTEMPTS say."""
    return Gate(settings.MAX_CONCURRENT_REQUESTS, settings.REQUEST_TIMEOUT, settings.RETRY_ATTEMPTS)
