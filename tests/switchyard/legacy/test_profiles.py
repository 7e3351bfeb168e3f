"""The companion bot's profile manager, and the bot's own one with an adapter around it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from conversations.errors import UnknownChat
from conversations.models import Profile as Record
from migration_control.given import BadInput
from migration_control.stages import STAGES, StageRow
from switchyard.legacy import CannotWrap, DatabaseGirlsAdapter, Profile, ProfileManager
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)

CHAT = -1001234567890


@pytest.fixture
def girls(in_stage: InStage, settings: Settings, tmp_path: Path) -> Callable[[StageRow], ProfileManager]:
    def make(stage: StageRow) -> ProfileManager:
        settings.VAR_DIR = tmp_path / "var"
        in_stage(stage)
        return ProfileManager()

    return make


def outcome(girls: ProfileManager, run: Run) -> dict[str, Any]:
    made = run(girls.ensure_girl(CHAT, "Аня 🌸"))
    made.summary["20250101000000"] = "first"
    made.summary["20250201000000"] = "second"
    made.profile["20250101000000"] = {"mood": [1, None, "ок"]}
    run(girls.save_profile(made))
    before = run(girls.get_profile(CHAT)).last_activity
    found = {
        "again": run(girls.ensure_girl(CHAT, "another")).name,
        "nobody": [run(girls.load_profile(7)), run(girls.get_profile(7))],
        "touch": [run(girls.update_last_activity(chat)) for chat in (CHAT, CHAT, 7)],
        "summary": [run(girls.get_latest_summary_text(chat)) for chat in (CHAT, 7)],
        "response": [
            run(girls.get_previous_response_id(CHAT)),
            run(girls.set_previous_response_id(CHAT, "resp_1")),
            run(girls.get_previous_response_id(CHAT)),
            run(girls.set_previous_response_id(7, "resp_1")),
            run(girls.get_previous_response_id(7)),
        ],
        "all": [each.chat_id for each in run(girls.list_all_profiles())],
        "girls": [each.chat_id for each in run(girls.list_girls())],
    }
    seen = run(girls.load_profile(CHAT))
    found["seen"] = [seen.message_count, seen.profile, seen.summary, seen.previous_response_id]
    found["later"] = datetime.fromisoformat(seen.last_activity) >= datetime.fromisoformat(before)
    path = Path(run(girls.backup_daily_chat(CHAT, [{"text": "hi"}])))
    found["backup"] = json.loads(path.read_text())
    found["delete"] = [run(girls.delete_girl(CHAT)), run(girls.delete_girl(CHAT)), run(girls.load_profile(CHAT))]

    async def old() -> None:
        girls.load()
        girls.save()
        await girls.load()
        await girls.save()

    return found | {"old": run(old())}


@every_stage
def test_every_call_has_the_same_outcome_in_every_stage(
    stage: StageRow, girls: Callable[[StageRow], ProfileManager], run: Run
) -> None:
    """Defect: a round trip blanked names."""
    assert outcome(girls(stage), run) == {
        "again": "Аня 🌸",
        "nobody": [None, None],
        "touch": [None, None, None],
        "summary": ["second", None],
        "response": [None, None, "resp_1", None, None],
        "all": [CHAT],
        "girls": [CHAT],
        "seen": [
            2, {"20250101000000": {"mood": [1, None, "ок"]}}, {"20250101000000": "first", "20250201000000": "second"},
            "resp_1",
        ],
        "later": True,
        "backup": [{"text": "hi"}],
        "delete": [True, False, None],
        "old": None,
    }  # fmt: skip


@every_stage
def test_only_the_members_that_were_changed_are_applied(
    stage: StageRow, girls: Callable[[StageRow], ProfileManager], run: Run
) -> None:
    manager = girls(stage)

    async def handler() -> None:
        await manager.save_profile(Profile(chat_id=CHAT, name="Ann", summary={"1": "old", "2": "goes"}))
        held, other = await manager.load_profile(CHAT), await manager.load_profile(CHAT)
        assert held is not None
        assert other is not None
        other.summary["3"], other.message_count = "others", 2
        await manager.save_profile(other)
        await manager.set_previous_response_id(CHAT, "resp")
        held.summary["4"], held.message_count = "mine", 1
        del held.summary["2"]
        await manager.save_profile(held)
        found = await manager.load_profile(CHAT)
        assert found
        assert found.summary == {"1": "old", "3": "others", "4": "mine"}
        assert (found.message_count, found.previous_response_id, found.name) == (3, "resp", "Ann")

    run(handler())


@every_stage
def test_what_no_store_should_hold_is_refused_and_nothing_changes(
    stage: StageRow, girls: Callable[[StageRow], ProfileManager], run: Run
) -> None:
    manager = girls(stage)
    run(manager.save_profile(Profile(CHAT, "Ann")))
    before = run(manager.load_profile(CHAT))
    for name, value in {
        "name": "a\0b", "message_count": -1, "summary": {"1": "\ud800"}, "profile": {"1": float("nan")}, "chat_id": 5,
        "previous_response_id": "x" * 5_000_000, "last_activity": "some day",
    }.items():  # fmt: skip
        held = run(manager.load_profile(CHAT))
        held.message_count = 9
        setattr(held, name, value)
        with pytest.raises(BadInput):
            run(manager.save_profile(held))
    assert run(manager.load_profile(CHAT)) == before
    wrong: list[Any] = [0, True, "7", 2**63]
    for chat in wrong:
        with pytest.raises(BadInput):
            run(manager.load_profile(chat))
    held = run(manager.load_profile(CHAT))
    run(manager.delete_girl(CHAT))
    held.name = "Beth"
    with pytest.raises(UnknownChat):
        run(manager.save_profile(held))
    assert Record.records.get(CHAT) is None


# The bot's own manager


@dataclass
class GirlProfile:
    chat_id: int
    name: str = ""
    last_activity: str | None = None
    message_count: int = 0
    summary: dict[str, str] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    previous_response_id: str | None = None

    def greeting(self) -> str:
        return f"Hi {self.name}"


class GirlsManager:
    """As a bot has it: its own file, and methods of its own that ask a language model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = asyncio.Event()
        self.answered = asyncio.Event()

    async def load_profile(self, chat_id: int) -> GirlProfile | None:
        raise AssertionError("it reads its own file")

    async def save_profile(self, profile: GirlProfile) -> None:
        (self.folder / f"{profile.chat_id}.json").write_text("past the protocol")

    async def ensure_girl(self, chat_id: int, name: str = "") -> GirlProfile:
        found = await self.load_profile(chat_id)
        if found is None:
            found = GirlProfile(chat_id, name)
            await self.save_profile(found)
        return found

    def _write(self) -> None:
        (self.folder / "all.json").write_text("past the protocol")

    async def summarize(self, chat_id: int) -> str:
        """Slow: meanwhile others write."""
        profile = await self.load_profile(chat_id)
        assert profile is not None
        self.asked.set()
        await self.answered.wait()
        profile.summary["20260101000000"] = f"{profile.greeting()}, said the model"
        await self.save_profile(profile)
        self._write()
        return profile.summary["20260101000000"]


@every_stage
def test_what_the_managers_other_methods_store_goes_through_us(
    stage: StageRow, girls: Callable[[StageRow], ProfileManager], run: Run, tmp_path: Path
) -> None:
    girls(stage)
    folder = tmp_path / "own"
    folder.mkdir()

    async def handler() -> None:
        own = GirlsManager(folder)
        adapter = DatabaseGirlsAdapter(own, writers=["_write"])
        assert isinstance(await adapter.ensure_girl(CHAT, "Ann"), GirlProfile)
        slow = asyncio.create_task(adapter.summarize(CHAT))
        await own.asked.wait()
        await adapter.update_last_activity(CHAT)
        held = await adapter.load_profile(CHAT)
        held.profile["1"], held.summary["2"] = {"likes": "tea"}, "others"
        await adapter.save_profile(held)
        own.answered.set()
        assert await slow == "Hi Ann, said the model"
        found: Any = await adapter.get_profile(CHAT)
        assert found.summary == {"2": "others", "20260101000000": "Hi Ann, said the model"}
        assert (found.profile, found.message_count, found.name) == ({"1": {"likes": "tea"}}, 1, "Ann")
        await adapter.save_profile(GirlProfile(8, "new"))
        assert [each.name for each in await adapter.list_girls()] == ["Ann", "new"]
        with pytest.raises(AttributeError):
            adapter.unheard_of  # noqa: B018

    run(handler())
    assert list(folder.iterdir()) == []


class PlainManager:
    """Not a coroutine in it, and dictionaries as profiles."""

    def load_profile(self, chat_id: int) -> dict[str, Any] | None:
        raise AssertionError("it reads its own file")

    def save_profile(self, profile: dict[str, Any]) -> None:
        raise AssertionError("past the protocol")

    def rename(self, chat_id: int, name: str) -> None:
        profile = self.load_profile(chat_id)
        assert profile is not None
        profile["name"] = name
        self.save_profile(profile=profile)


def test_a_manager_without_coroutines_and_with_dictionaries_is_served_too(
    girls: Callable[[StageRow], ProfileManager], run: Run
) -> None:
    girls(STAGES[3])

    async def handler() -> None:
        adapter = DatabaseGirlsAdapter(PlainManager())
        await adapter.save_profile({"chat_id": CHAT, "name": "Ann", "message_count": 4})
        adapter.rename(CHAT, "Beth")
        found = await adapter.load_profile(CHAT)
        assert (found["name"], found["message_count"]) == ("Beth", 4)

    run(handler())


class Slotted:
    __slots__ = ()

    def load_profile(self, chat_id: int) -> None: ...
    def save_profile(self, profile: object) -> None: ...


@pytest.mark.parametrize("manager", [object(), Slotted()], ids=["no-manager", "slots"])
def test_what_cannot_be_wrapped_is_said(manager: object) -> None:
    with pytest.raises(CannotWrap, match="Pass the bot's own profile manager"):
        DatabaseGirlsAdapter(manager)
