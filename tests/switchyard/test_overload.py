"""A bot's process asks for a bounded number of calls, waits a bounded time, and repeats what is safe to repeat."""

from __future__ import annotations

import asyncio
import gc
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from pytest_django import Settings

from legacy_json.errors import StoreBusy
from migration_control.routing import threads
from migration_control.routing.errors import DatabaseAway, Moving, RouterError
from switchyard import overload
from switchyard.overload import Gate, NotBegun, Overloaded, StillAtWork
from switchyard.texts import say


@pytest.fixture(autouse=True)
def own_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threads, "_pool", None)
    yield
    if threads._pool is not None:
        threads._pool.shutdown()


class Held:
    """A call that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Semaphore(0), threading.Event()
        self.runs = 0

    def __call__(self) -> str:
        self.runs += 1
        self.begun.release()
        assert self.let_go.wait(20)
        return "done"


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.let_go.set()


async def under_way(gate: Gate, number: int) -> None:
    deadline = time.monotonic() + 20
    while gate.under_way != number:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def test_one_call_too_many_is_refused_at_once_and_the_others_are_not(held: Held) -> None:
    gate = Gate(limit=threads.THREADS + 3, seconds=20, attempts=3)

    async def go() -> list[str]:
        calls = [asyncio.create_task(gate.run(held)) for _ in range(gate.limit)]
        await under_way(gate, gate.limit)
        with pytest.raises(Overloaded) as refused:
            await gate.run(held)
        assert (refused.value.code, refused.value.facts) == ("overloaded", {"limit": gate.limit})
        held.let_go.set()
        return await asyncio.gather(*calls)

    assert asyncio.run(go()) == ["done"] * gate.limit
    assert gate.under_way == 0
    assert held.runs == gate.limit


def test_a_call_that_had_begun_may_take_effect_after_its_time_and_keeps_its_place_until_then(held: Held) -> None:
    gate = Gate(limit=1, seconds=0.05, attempts=3)

    async def go() -> None:
        with pytest.raises(StillAtWork) as late:
            await gate.run(held)
        assert late.value.begun
        assert "may take effect" in str(late.value)
        assert "look before" in say(late.value.code, "en")
        with pytest.raises(Overloaded):
            await gate.run(held)
        held.let_go.set()
        await under_way(gate, 0)

    asyncio.run(go())
    assert held.runs == 1


def test_a_call_that_no_thread_began_in_time_never_runs(held: Held) -> None:
    gate = Gate(limit=100, seconds=0.2, attempts=1)
    ran: list[int] = []

    async def go() -> None:
        blocked = [asyncio.create_task(gate.run(held)) for _ in range(threads.THREADS)]
        for _ in range(threads.THREADS):
            await asyncio.to_thread(held.begun.acquire)
        with pytest.raises(NotBegun) as late:
            await gate.run(lambda: ran.append(1))
        assert not late.value.begun
        assert "repeated safely" in str(late.value)
        assert "not begun. Please try again" in say(late.value.code, "en")
        held.let_go.set()
        await asyncio.gather(*blocked, return_exceptions=True)
        await under_way(gate, 0)

    asyncio.run(go())
    assert ran == []


def test_a_caller_that_is_cancelled_before_a_thread_began_leaves_nothing_behind(held: Held) -> None:
    gate = Gate(limit=100, seconds=20, attempts=1)
    ran: list[int] = []

    async def go() -> None:
        blocked = [asyncio.create_task(gate.run(held)) for _ in range(threads.THREADS)]
        for _ in range(threads.THREADS):
            await asyncio.to_thread(held.begun.acquire)
        waiting = asyncio.create_task(gate.run(lambda: ran.append(1)))
        await under_way(gate, threads.THREADS + 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        held.let_go.set()
        await asyncio.gather(*blocked)
        await under_way(gate, 0)

    asyncio.run(go())
    assert ran == []


class Fails:
    def __init__(self, *errors: Exception) -> None:
        self.errors, self.runs = list(errors), 0

    def __call__(self) -> int:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.runs


NOTHING_DONE: list[Callable[[], Exception]] = [
    lambda: Moving("users", 15),
    lambda: DatabaseAway("users"),
    lambda: StoreBusy(Path("index"), 5),
]


@pytest.mark.parametrize("error", NOTHING_DONE, ids=["moving", "database-away", "store-busy"])
def test_what_says_that_nothing_was_written_is_tried_again(error: Callable[[], Exception]) -> None:
    call = Fails(error(), error())
    assert asyncio.run(Gate(10, 20, attempts=3).run(call)) == 3


def test_it_is_tried_no_more_often_than_settings_say() -> None:
    call = Fails(*[Moving("users", 15) for _ in range(9)])
    with pytest.raises(Moving):
        asyncio.run(Gate(10, 20, attempts=2).run(call))
    assert call.runs == 2


def test_it_is_not_tried_again_beyond_its_time() -> None:
    call = Fails(*[Moving("users", 15) for _ in range(9)])
    with pytest.raises(Moving):
        asyncio.run(Gate(10, 0.02, attempts=9).run(call))
    assert call.runs == 1


@pytest.mark.parametrize("error", [RouterError("users", "?"), ValueError(), StillAtWork(1)])
def test_what_may_have_taken_effect_is_never_repeated(error: Exception) -> None:
    call = Fails(error)
    with pytest.raises(type(error)):
        asyncio.run(Gate(10, 20, attempts=9).run(call))
    assert call.runs == 1


def test_a_call_of_two_writes_is_not_begun_anew() -> None:
    call = Fails(Moving("users", 15))
    with pytest.raises(Moving):
        asyncio.run(Gate(10, 20, attempts=9).run(call, again=False))
    assert call.runs == 1


def test_the_event_loop_beats_on_while_all_calls_wait(held: Held) -> None:
    gate = Gate(limit=100, seconds=20, attempts=1)

    async def go() -> None:
        calls = [asyncio.create_task(gate.run(held)) for _ in range(50)]
        await under_way(gate, 50)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert not any(call.done() for call in calls)
        held.let_go.set()
        await asyncio.gather(*calls)

    asyncio.run(go())


def test_several_calls_have_one_time_together(held: Held) -> None:
    """And whoever is not within it has none."""
    gate = Gate(limit=100, seconds=20, attempts=3)

    async def go() -> None:
        assert overload.left() == math.inf
        with overload.within(0.1):
            assert await gate.run(lambda: 5) == 5
            with pytest.raises(StillAtWork):
                await gate.run(held)
            with pytest.raises(NotBegun):
                await gate.run(lambda: held.runs)
        assert await gate.run(lambda: held.runs) == 1
        held.let_go.set()

    asyncio.run(go())


# Plain calls


def test_a_plain_call_waits_for_a_thread_and_has_its_result_or_its_error(held: Held) -> None:
    gate = Gate(limit=1, seconds=20, attempts=3)
    held.let_go.set()
    assert gate.wait(held) == "done"
    call = Fails(TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        gate.wait(call)
    assert (call.runs, gate.under_way) == (1, 0)


def test_a_plain_call_holds_an_event_loop_up_no_longer_than_its_time(held: Held) -> None:
    gate = Gate(limit=1, seconds=0.05, attempts=3)
    beats: list[int] = []

    async def beside() -> None:
        for _ in range(5):
            beats.append(1)
            await asyncio.sleep(0)

    async def handler() -> None:
        with pytest.raises(StillAtWork):
            gate.wait(held)  # the loop stands still in here
        assert not beats
        with pytest.raises(Overloaded):
            gate.wait(held)
        await asyncio.to_thread(held.let_go.set)

    async def go() -> None:
        await asyncio.gather(handler(), beside())
        await under_way(gate, 0)

    asyncio.run(go())
    assert (len(beats), held.runs) == (5, 1)


def test_a_plain_call_in_a_thread_of_the_bots_own_leaves_the_loop_alone(held: Held) -> None:
    gate = Gate(limit=10, seconds=20, attempts=3)

    async def go() -> str:
        waiting = asyncio.create_task(asyncio.to_thread(gate.wait, held))
        await under_way(gate, 1)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert not waiting.done()
        held.let_go.set()
        return await waiting

    assert asyncio.run(go()) == "done"


def test_a_plain_call_on_a_thread_of_the_gates_needs_no_second_one() -> None:
    """Eight that waited for a ninth would wait for ever."""
    gate = Gate(limit=threads.THREADS, seconds=5, attempts=1)
    together = threading.Barrier(threads.THREADS)

    def nested() -> int:
        together.wait(5)
        return gate.wait(lambda: 1)

    async def go() -> list[int]:
        return await asyncio.gather(*(gate.run(nested) for _ in range(threads.THREADS)))

    assert asyncio.run(go()) == [1] * threads.THREADS


def test_what_ends_while_its_time_runs_out_has_ended(monkeypatch: pytest.MonkeyPatch, held: Held) -> None:
    """Between the time-out and the look whether it is done."""
    result = Future.result

    def late(self: Future[str], timeout: float | None = None) -> str:
        try:
            return result(self, timeout)
        except TimeoutError:
            held.let_go.set()
            result(self, 20)
            raise

    monkeypatch.setattr(Future, "result", late)
    assert Gate(1, 0.05, 1).wait(held) == "done"


def test_nobody_is_told_of_a_failure_that_a_cancelled_handler_did_not_wait_for(held: Held) -> None:
    told: list[dict[str, object]] = []

    def fails() -> None:
        held()
        raise ValueError

    async def go() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        handler = asyncio.create_task(Gate(1, 5.0, 1).run(fails))
        await asyncio.to_thread(held.begun.acquire)
        handler.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handler
        held.let_go.set()
        del handler
        while threads._pool is not None and threads._pool._work_queue.qsize():
            await asyncio.sleep(0)
        await asyncio.to_thread(threads.submit(lambda: None).result, 20)
        gc.collect()
        await asyncio.sleep(0.01)

    asyncio.run(go())
    assert told == []


def test_a_forked_process_has_nothing_under_way(held: Held, settings: Settings) -> None:
    settings.MAX_CONCURRENT_REQUESTS = 1
    overload.gate.cache_clear()
    waiting = threading.Thread(target=lambda: overload.gate().wait(held))
    waiting.start()
    assert held.begun.acquire(timeout=20)
    child = os.fork()
    if child == 0:
        os._exit(overload.gate().under_way)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert overload.gate().under_way == 1
    held.let_go.set()
    waiting.join()
    overload.gate.cache_clear()
