"""One object, saved by two tasks at once: what its holder counted counts once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from accounts.models import User
from conversations.models import Profile as Record
from migration_control.stages import STAGES, StageRow
from subscriptions.models import Subscription
from switchyard.legacy import DatabaseGirlsAdapter, ProfileManager, storage
from tests.switchyard.conftest import InStage, Run

some_stages = pytest.mark.parametrize("stage", [STAGES[1], STAGES[3]], ids=str)


class Plain:
    def load_profile(self, chat_id: int) -> dict[str, Any] | None: ...
    def save_profile(self, profile: dict[str, Any]) -> None: ...


def slowed(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("update", "update_many"):
        whole = getattr(model.records, name)

        def slow(*arguments: Any, whole: Any = whole, **named: Any) -> Any:
            time.sleep(0.1)
            return whole(*arguments, **named)

        monkeypatch.setattr(model.records, name, slow)


@some_stages
def test_a_user(stage: StageRow, in_stage: InStage, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(stage)
    User.records.create(User(user_id=1, total_requests=10))
    Subscription.records.create(Subscription(user_id=1, daily_requests=3))

    async def go() -> None:
        user = await storage.get_user(1)
        assert user is not None
        slowed(User, monkeypatch)
        user.total_requests += 5
        user.subscription.daily_requests += 2
        await asyncio.gather(*(storage.save_user(user) for _ in range(3)))
        found = await storage.get_user(1)
        assert found is not None
        assert (found.total_requests, found.subscription.daily_requests) == (15, 5)

    run(go())


@pytest.mark.parametrize("plain", [False, True])
def test_a_profile(in_stage: InStage, run: Run, monkeypatch: pytest.MonkeyPatch, plain: bool) -> None:
    in_stage(STAGES[3])
    manager: Any = DatabaseGirlsAdapter(Plain()) if plain else ProfileManager()

    async def go() -> None:
        await manager.ensure_girl(7, "Ann")
        profile = await manager.load_profile(7)
        slowed(Record, monkeypatch)
        if plain:
            profile["message_count"] += 4
        else:
            profile.message_count += 4
        await asyncio.gather(*(manager.save_profile(profile) for _ in range(3)))

    run(go())
    found = Record.records.get(7)
    assert found is not None
    assert found.message_count == 4
