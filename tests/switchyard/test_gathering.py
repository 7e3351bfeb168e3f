"""What is asked for at once is done in one call, and one who is refused takes nobody along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from conversations.models import Profile as Record
from migration_control.given import BadInput
from migration_control.routing import threads
from migration_control.routing.errors import Moving
from migration_control.stages import STAGES, StageRow
from switchyard import gathering, overload
from switchyard.gathering import Gathering
from switchyard.legacy import ProfileManager
from switchyard.overload import Gate, NotBegun, Overloaded, TimedOut
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)


class Shop:
    """Nobody is served before it opens."""

    def __init__(self, refuses: dict[int, Exception] | None = None, most: int = 100) -> None:
        self.refuses = refuses or {}
        self.alone: list[int] = []
        self.several: list[list[int]] = []
        self.open = threading.Event()
        self.counter = Gathering[int, str, str](self.one, self.all, most)

    def one(self, key: int, argument: str) -> str:
        self.alone.append(key)
        assert self.open.wait(20)
        if key in self.refuses:
            raise self.refuses[key]
        return f"{key} {argument}"

    def all(self, asked: Mapping[int, str]) -> dict[int, str]:
        self.several.append(list(asked))
        assert self.open.wait(20)
        for key in asked.keys() & self.refuses.keys():
            raise self.refuses[key]
        return {key: f"{key} {argument}" for key, argument in asked.items()}

    async def visit(self, *keys: int) -> list[Any]:
        """One comes first, and the others while he is served. What each had, or the error."""
        first = asyncio.create_task(self.counter.ask(keys[0], "x"))
        while not self.alone:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(self.counter.ask(key, "x")) for key in keys[1:]]
        await asyncio.sleep(0)
        self.open.set()
        return await asyncio.gather(first, *others, return_exceptions=True)


@pytest.fixture(autouse=True)
def own_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(threads, "_pool", None)
    yield
    if threads._pool is not None:
        threads._pool.shutdown()


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gate]:
    def make(limit: int = 400, seconds: float = 20, attempts: int = 1) -> Gate:
        made = Gate(limit, seconds, attempts)
        monkeypatch.setattr(gathering, "gate", lambda: made)
        return made

    return make


def test_whoever_comes_while_one_is_served_is_taken_along_by_the_next(gated: Callable[..., Gate]) -> None:
    gated()
    shop = Shop()
    assert asyncio.run(shop.visit(*range(8))) == [f"{key} x" for key in range(8)]
    assert (shop.alone, shop.several) == ([0], [list(range(1, 8))])


def test_two_who_ask_the_same_both_have_it(gated: Callable[..., Gate]) -> None:
    gated()
    shop = Shop()
    assert asyncio.run(shop.visit(1, 2, 2, 1, 3)) == ["1 x", "2 x", "2 x", "1 x", "3 x"]
    assert (shop.alone, shop.several) == ([1, 2], [[2, 1, 3]])


def test_one_who_is_refused_takes_nobody_along(gated: Callable[..., Gate]) -> None:
    gated()
    error = BadInput("3 is none", name="a number")
    shop = Shop({3: error})
    assert asyncio.run(shop.visit(*range(6))) == ["0 x", "1 x", "2 x", error, "4 x", "5 x"]
    assert sorted(shop.alone) == list(range(6))


def test_what_is_said_of_the_store_is_said_to_everybody(gated: Callable[..., Gate]) -> None:
    """Else each would wait by itself as long again."""
    gated()
    moving = Moving("profiles", 15)
    shop = Shop({5: moving})
    assert asyncio.run(shop.visit(*range(6))) == ["0 x", *[moving] * 5]
    assert shop.alone == [0]


def test_more_than_go_in_at_once_go_after_one_another(gated: Callable[..., Gate]) -> None:
    gated()
    shop = Shop(most=3)
    assert asyncio.run(shop.visit(*range(8))) == [f"{key} x" for key in range(8)]
    assert shop.several == [[1, 2, 3], [4, 5, 6]]
    assert shop.alone == [0, 7]


def test_nobody_waits_beyond_their_time_and_only_so_many_wait(gated: Callable[..., Gate]) -> None:
    made = gated(limit=2, seconds=0.1)
    shop = Shop()

    async def go() -> None:
        async def within(seconds: float, key: int) -> str:
            with overload.within(seconds):
                return await shop.counter.ask(key, "x")

        first = asyncio.create_task(shop.counter.ask(0, "x"))
        while not shop.alone:
            await asyncio.sleep(0.001)
        left = asyncio.create_task(shop.counter.ask(1, "x"))
        await asyncio.sleep(0)
        with pytest.raises(NotBegun):
            await within(0.001, 2)
        full = asyncio.create_task(shop.counter.ask(3, "x"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await shop.counter.ask(4, "x")
        left.cancel()
        for late in (first, full):
            with pytest.raises(TimedOut):
                await late
        shop.open.set()
        while made.under_way:
            await asyncio.sleep(0.001)
        assert await shop.counter.ask(5, "x") == "5 x"

    asyncio.run(go())
    assert (shop.alone[0], shop.alone[-1], shop.several) == (0, 5, [])
    assert not {1, 2, 4} & set(shop.alone)


def test_who_came_first_in_a_hurry_hurries_nobody_else(gated: Callable[..., Gate]) -> None:
    gated()
    shop = Shop()

    async def go() -> None:
        with overload.within(0.05):
            first = asyncio.create_task(shop.counter.ask(0, "x"))
        while not shop.alone:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(shop.counter.ask(key, "x")) for key in (1, 2)]
        with pytest.raises(TimedOut):
            await first
        shop.open.set()
        assert await asyncio.gather(*others) == ["1 x", "2 x"]

    asyncio.run(go())


def test_each_event_loop_gathers_its_own(gated: Callable[..., Gate]) -> None:
    gated()
    shop = Shop()
    assert asyncio.run(shop.visit(0, 1, 2)) == ["0 x", "1 x", "2 x"]
    assert asyncio.run(shop.visit(3, 4)) == ["3 x", "4 x"]


@every_stage
def test_profiles_that_are_made_at_once_share_commits(
    stage: StageRow, in_stage: InStage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_stage(stage)
    commits: list[int] = []
    many = Record.records.update_many

    def noted(keys: Any, *arguments: Any, **named: Any) -> Any:
        commits.append(len(keys))
        return many(keys, *arguments, **named)

    monkeypatch.setattr(Record.records, "update_many", noted)
    manager = ProfileManager()

    async def go() -> None:
        made = await asyncio.gather(*(manager.ensure_girl(n // 2 + 1, f"name {n // 2}") for n in range(40)))
        assert [profile.chat_id for profile in made] == [n // 2 + 1 for n in range(40)]
        assert [profile.name for profile in made] == [f"name {n // 2}" for n in range(40)]
        assert made[0] is not made[1]
        assert (await manager.ensure_girl(1, "another")).name == "name 0"
        again = await asyncio.gather(*(manager.ensure_girl(n, "another") for n in range(1, 22)))
        assert [profile.name for profile in again[:20]] == [f"name {n}" for n in range(20)]
        wrong: list[Any] = [0, True, "7", 2**63, [], "x" * 10]
        refused = await asyncio.gather(*(manager.ensure_girl(id) for id in wrong), return_exceptions=True)
        assert all(isinstance(error, BadInput) for error in refused)
        named = await asyncio.gather(*(manager.ensure_girl(30 + n, "\0" * n) for n in range(3)), return_exceptions=True)
        assert [isinstance(one, BadInput) for one in named] == [False, True, True]

    run(go())
    assert commits == [20, 1]
    assert Record.records.count() == 22
