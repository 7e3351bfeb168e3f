"""Each call has a coroutine, which does the same and never holds up the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from accounts.models import User
from migration_control.routing import threads
from migration_control.routing.records import Records
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

CALLS: dict[str, tuple[Any, ...]] = {
    "get": (1,),
    "get_many": ([1, 2, 9],),
    "find": ("faceit_player_id", "one"),
    "iterate": (),
    "count": (),
    "create": (lambda: User(user_id=5),),
    "save": (lambda: User(user_id=1, version=User.records.get(1).version),),  # type: ignore[union-attr]
    "update": (1, lambda user: setattr(user, "language", "en")),
    "update_many": ([1, 2], lambda changes: [user.pk for user in changes.records]),
    "delete": (2,),
}


@pytest.fixture(autouse=True)
def own_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whose connections are closed at the end."""
    monkeypatch.setattr(threads, "_pool", None)
    yield
    pool = threads._pool
    if pool is not None:
        together = threading.Barrier(threads.THREADS)

        def close() -> None:
            together.wait(10)
            connections.close_all()

        for closed in [pool.submit(close) for _ in range(threads.THREADS)]:
            closed.result()
        pool.shutdown()


@pytest.fixture
def users(ground: Ground) -> Records[User]:
    for number, name in ((1, "one"), (2, "two")):
        ground.records.create(User(user_id=number, faceit_player_id=name))
    return ground.records


def arguments_of(name: str) -> tuple[Any, ...]:
    """A record is made anew for each call, which keeps it."""
    if name in ("create", "save"):
        return tuple(make() for make in CALLS[name])
    return CALLS[name]


def told(found: object) -> object:
    """What a call returned, or raised, without the moment and the version of it."""
    if isinstance(found, User):
        return (found.pk, found.language, found.faceit_player_id)
    if isinstance(found, dict):
        return {key: told(value) for key, value in found.items()}
    if isinstance(found, list):
        return [told(value) for value in found]
    return type(found) if isinstance(found, Exception) else found


def plainly(records: Records[User], name: str) -> object:
    try:
        found = getattr(records, name)(*arguments_of(name))
    except Exception as error:  # noqa: BLE001 - to be compared
        return error
    return list(found) if name == "iterate" else found


def awaited(records: Records[User], name: str) -> object:
    given = arguments_of(name)  # outside the loop: some of them read

    async def call() -> object:
        found: Awaitable[object] | AsyncIterator[object] = getattr(records, f"a{name}")(*given)
        return [one async for one in found] if isinstance(found, AsyncIterator) else await found

    try:
        return asyncio.run(call())
    except Exception as error:  # noqa: BLE001 - to be compared
        return error


def test_every_call_has_its_coroutine() -> None:
    public = {name for name in vars(Records) if not name.startswith("_")}
    plain = {name for name in public if f"a{name}" in public}
    # append_now is what append calls where it is not to be kept for later.
    assert public - {"append_now"} == plain | {f"a{name}" for name in plain}
    assert set(CALLS) <= plain


@pytest.mark.parametrize("stage", [DISABLED, DUAL_DATABASE], ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_a_coroutine_returns_and_raises_what_the_plain_call_does(
    ground: Ground, users: Records[User], stage: StageRow, name: str
) -> None:
    ground.move(stage)
    first = told(awaited(users, name))
    undo(users, name)
    assert first == told(plainly(users, name))
    # The second time there is something in the way of creating and deleting.
    assert told(awaited(users, name)) == told(plainly(users, name))


def undo(users: Records[User], name: str) -> None:
    if name == "create":
        users.delete(5)
    if name == "delete":
        users.create(User(user_id=2, faceit_player_id="two"))


def test_the_event_loop_goes_on_while_a_call_waits(ground: Ground, users: Records[User]) -> None:
    ground.move(DUAL_JSON)
    let_go = threading.Event()
    begun = threading.Event()

    def waits(user: User) -> None:
        begun.set()
        assert let_go.wait(20)

    async def beside() -> int:
        waiting = asyncio.create_task(users.aupdate(1, waits))
        turns = 0
        deadline = time.monotonic() + 20
        while not begun.is_set() or turns < 100:
            assert time.monotonic() < deadline
            turns += 1
            await asyncio.sleep(0)
        assert not waiting.done()
        let_go.set()
        await waiting
        return turns

    assert asyncio.run(beside()) >= 100


def test_calls_of_one_loop_run_beside_one_another(users: Records[User]) -> None:
    together = threading.Barrier(3)

    def meet(user: User | None) -> None:
        together.wait(20)

    async def three() -> None:
        calls: list[Callable[[], object]] = [lambda: meet(users.get(1))] * 3
        await asyncio.gather(*(threads.run(call) for call in calls))

    asyncio.run(three())
    assert not together.broken


def test_a_caller_that_is_cancelled_leaves_the_call_to_end_by_itself(users: Records[User]) -> None:
    begun, let_go = threading.Event(), threading.Event()

    def waits(user: User) -> None:
        begun.set()
        let_go.wait(20)
        user.language = "en"

    async def cancelled() -> None:
        waiting = asyncio.create_task(users.aupdate(1, waits))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        let_go.set()
        await users.aget(2)
        while (await users.aget(1)).language != "en":  # type: ignore[union-attr]
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(cancelled(), 20))
