"""A bot's process asks for a bounded number of calls, waits a bounded time, and repeats what is safe to repeat."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from legacy_json.errors import StoreBusy
from migration_control.routing import threads
from migration_control.routing.errors import DatabaseAway, Moving, RouterError
from switchyard.overload import Gate, Overloaded, TimedOut


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
        with pytest.raises(TimedOut) as late:
            await gate.run(held)
        assert late.value.begun
        assert "may take effect" in str(late.value)
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
        with pytest.raises(TimedOut) as late:
            await gate.run(lambda: ran.append(1))
        assert not late.value.begun
        assert "Nothing was done" in str(late.value)
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


@pytest.mark.parametrize("error", [RouterError("users", "?"), ValueError(), TimedOut(1, begun=True)])
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
