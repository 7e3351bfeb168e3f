"""A bot's own manager without coroutines: how long its calls may hold the event loop up, and how not to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from conversations.services import profiles
from migration_control.stages import STAGES
from switchyard import overload
from switchyard.legacy import DatabaseGirlsAdapter
from switchyard.overload import Gate, Overloaded, StillAtWork
from tests.switchyard.conftest import InStage, Run

CHAT = 7


class Plain:
    """Not a coroutine in it."""

    def load_profile(self, chat_id: int) -> dict[str, Any] | None:
        raise AssertionError("it reads its own file")

    def save_profile(self, profile: dict[str, Any]) -> None:
        raise AssertionError("past the protocol")

    def rename(self, chat_id: int, name: str) -> None:
        profile = self.load_profile(chat_id)
        assert profile is not None
        profile["name"] = name
        self.save_profile(profile)


@pytest.fixture
def let_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until then the store takes no profile."""
    event, save = threading.Event(), profiles.save

    def slow(*arguments: Any, **named: Any) -> Any:
        assert event.wait(20)
        return save(*arguments, **named)

    monkeypatch.setattr(profiles, "save", slow)
    yield event
    event.set()


@pytest.fixture
def manager(in_stage: InStage, settings: Settings) -> Any:
    in_stage(STAGES[3])
    return DatabaseGirlsAdapter(Plain())


def test_a_slow_one_on_a_thread_of_the_bots_leaves_the_loop_alone(
    manager: Any, run: Run, let_go: threading.Event
) -> None:
    async def handler() -> None:
        slow = asyncio.create_task(asyncio.to_thread(manager.save_profile_plainly, {"chat_id": CHAT, "name": "Ann"}))
        while not overload.gate().under_way:
            await asyncio.sleep(0)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert not slow.done()
        let_go.set()
        await slow
        await asyncio.to_thread(manager.rename, CHAT, "Beth")
        assert (await manager.load_profile(CHAT))["name"] == "Beth"

    manager.save_profile_plainly = manager._girls.save_profile
    run(handler())


def test_a_slow_one_in_a_coroutine_gives_the_loop_back_when_its_time_is_over(
    manager: Any, run: Run, let_go: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No plain call can let others go on meanwhile. It may take effect yet, and says so."""
    short = Gate(limit=1, seconds=0.05, attempts=1)
    monkeypatch.setattr("switchyard.legacy.around.gate", lambda: short)

    async def handler() -> None:
        with pytest.raises(StillAtWork, match="may take effect yet"):
            manager._girls.save_profile({"chat_id": CHAT, "name": "Ann"})
        with pytest.raises(Overloaded):
            manager._girls.load_profile(CHAT)
        let_go.set()
        while short.under_way:
            await asyncio.sleep(0.005)

    run(handler())
    found = profiles.get(CHAT)
    assert found is not None
    assert found.name == "Ann"
