"""What many handlers ask for at once, done in one call for all: a commit costs about the same for a hundred as for one.

Who comes alone is served at once. Whoever comes while a call is under way is taken along by the next one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from migration_control.routing.errors import RouterError
from switchyard.overload import NotBegun, Overloaded, StillAtWork, TimedOut, gate, left

K = TypeVar("K")
A = TypeVar("A")
T = TypeVar("T")

OF_ALL = (RouterError, TimedOut, Overloaded)  # it says nothing of anyone in particular


@dataclass(eq=False)
class _Asked(Generic[K, A, T]):
    key: K
    argument: A
    answer: asyncio.Future[T]


class Gathering(Generic[K, A, T]):
    """alone: of one; it is also run after `everything` has failed, and may then find done what it is to do.
    everything: of up to `most` keys in one commit, the results by key. Safe to share between threads and event loops,
    of which each gathers its own.
    """

    def __init__(
        self, alone: Callable[[K, A], T], everything: Callable[[dict[K, A]], Mapping[K, T]], most: int
    ) -> None:
        self.alone, self.everything, self.most = alone, everything, most
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop[K, A, T]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    async def ask(self, key: K, argument: A) -> T:
        """Raises what `alone` does, and as the gate: Overloaded, where as many wait already as it lets through;
        NotBegun, StillAtWork.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            gathered = self._loops.setdefault(loop, _Loop(self))
        return await gathered.ask(_Asked(key, argument, loop.create_future()))


class _Loop(Generic[K, A, T]):
    def __init__(self, gathering: Gathering[K, A, T]) -> None:
        self._gathering = gathering
        self._waiting: list[_Asked[K, A, T]] = []
        self._working: asyncio.Task[None] | None = None

    async def ask(self, asked: _Asked[K, A, T]) -> T:
        limit, seconds = gate().limit, min(gate().seconds, left())
        if len(self._waiting) >= limit:
            raise Overloaded(limit)
        self._waiting.append(asked)
        if self._working is None:
            # Of nobody's context: the time of who came first is not that of the others.
            self._working = asyncio.get_running_loop().create_task(self._work(), context=Context())
        try:
            done, _ = await asyncio.wait({asked.answer}, timeout=seconds)
        except asyncio.CancelledError:
            self._leaves(asked)
            raise
        if done:
            return asked.answer.result()
        raise StillAtWork(seconds) if self._leaves(asked) else NotBegun(seconds)

    def _leaves(self, asked: _Asked[K, A, T]) -> bool:
        """Whether it was begun. Nobody asks for its answer any more."""
        if asked in self._waiting:
            self._waiting.remove(asked)
            return False
        asked.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())
        return True

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._carry_out(self._taken())
        finally:
            self._working = None

    def _taken(self) -> list[_Asked[K, A, T]]:
        """Of those with one key the first; the others are for the next time, when it is there."""
        keys, taken = set[K](), list[_Asked[K, A, T]]()
        for asked in self._waiting:
            if asked.key not in keys and len(taken) < self._gathering.most:
                keys.add(asked.key)
                taken.append(asked)
        chosen = set(taken)
        self._waiting = [asked for asked in self._waiting if asked not in chosen]
        return taken

    async def _carry_out(self, taken: Sequence[_Asked[K, A, T]]) -> None:
        if len(taken) == 1:
            await self._by_itself(taken[0])
            return
        wanted = {asked.key: asked.argument for asked in taken}
        try:
            found = await gate().run(lambda: self._gathering.everything(wanted))
        except OF_ALL as error:
            for asked in taken:
                _tell(asked.answer, error)
        except Exception:  # noqa: BLE001 - of one of them perhaps: each has its own, or none
            await asyncio.gather(*map(self._by_itself, taken))
        else:
            for asked in taken:
                if not asked.answer.done():
                    asked.answer.set_result(found[asked.key])

    async def _by_itself(self, asked: _Asked[K, A, T]) -> None:
        try:
            found = await gate().run(partial(self._gathering.alone, asked.key, asked.argument))
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            _tell(asked.answer, error)
        else:
            if not asked.answer.done():
                asked.answer.set_result(found)


def _tell(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
