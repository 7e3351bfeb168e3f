"""Every drop-in call from a bot's own process and virtual environment: without any server, and in each stage."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from migration_control.stages import STAGES, StageRow
from tests.switchyard.conftest import InStage
from tests.switchyard.hosting.beside import Beside

# The bot's own: it has a manager whose methods store what a language model said.
MANAGER = """
OWNER = "the bot"


class GirlProfile:
    def __init__(self, chat_id, name="", last_activity=None, message_count=0, summary=None, profile=None,
                 previous_response_id=None):
        self.__dict__.update(locals())
        self.summary, self.profile = summary or {}, profile or {}


class GirlsManager:
    async def load_profile(self, chat_id) -> "GirlProfile | None":
        raise AssertionError("past the protocol")

    async def save_profile(self, profile):
        raise AssertionError("past the protocol")

    async def summarize(self, chat_id):
        profile = await self.load_profile(chat_id)
        profile.summary["20260101000000"] = "said"
        await self.save_profile(profile)
        return type(profile).__name__
"""

# With `from switchyard.legacy import ...` in the place of the bot's own import.
CALLS = """
from switchyard.legacy import (
    DatabaseGirlsAdapter, DataStorage, Profile, ProfileManager, SubscriptionTier, UserData, UserSubscription, storage,
)
from switchyard.facade import BotIntegrationAdapter, Switchyard
from services import GirlsManager


async def users():
    new = UserData(user_id=5000000001, faceit_player_id="p", language="en", subscription=UserSubscription(tier="pro"))
    await storage.save_user(new)
    await DataStorage("data.json").save_user(UserData(user_id=2))
    held = await storage.get_user(5000000001)
    assert isinstance(held.subscription.tier, SubscriptionTier) and held.subscription.tier == "pro"
    assert abs((held.created_at - __import__("datetime").datetime.now()).total_seconds()) < 600, held.created_at
    await storage.update_last_checked_match(5000000001, "m")
    held.language = "de"
    await storage.save_user(held)
    code = await storage.generate_referral_code(5000000001)
    found = {
        "all": [user.user_id for user in await storage.get_all_users()],
        "can": [await storage.can_make_request(id) for id in (2, 9)],
        "count": await storage.increment_request_count(2),
        "referral": [await storage.apply_referral(2, code), await storage.apply_referral(2, code)],
        "upgrade": await storage.upgrade_subscription(2, "premium", 30),
        "expired": await storage.check_expired_subscriptions(),
        "stats": await storage.get_subscription_stats(),
    }
    last = (await storage.get_user(5000000001)).dict()
    return found | {"last": [last["language"], last["last_checked_match_id"], last["subscription"]["tier"]]}


async def profiles():
    girls = ProfileManager()
    await girls.load()
    made = await girls.ensure_girl(-7, "Ann")
    made.profile["1"] = {"likes": ["tea"]}
    await girls.save_profile(made)
    await girls.save_profile(Profile(chat_id=8, name="Beth"))
    await girls.update_last_activity(-7)
    await girls.set_previous_response_id(-7, "resp")
    adapter = DatabaseGirlsAdapter(GirlsManager())
    found = {
        "class": await adapter.summarize(-7),
        "latest": await girls.get_latest_summary_text(-7),
        "response": await girls.get_previous_response_id(-7),
        "backup": os.path.exists(await girls.backup_daily_chat(-7, [{"text": "hi"}])),
        "deleted": [await girls.delete_girl(8), await girls.delete_girl(8)],
        "names": [each.name for each in await girls.list_all_profiles()],
        "girls": [each.message_count for each in await girls.list_girls()],
        "profile": (await girls.get_profile(-7)).profile == (await girls.load_profile(-7)).profile,
    }
    await girls.save()
    return found


async def facade():
    async with BotIntegrationAdapter(user_service=None) as desk:
        user = await desk.get_or_create_user(3, language="en")
        await desk.update_user_activity(3, "menu")
        health = await desk.health_check()
        return {
            "user": user.user_id,
            "link": await desk.link_faceit_account(3, "gamer"),
            "access": await desk.check_subscription_access(3, "notifications"),
            "rate": [(await desk.check_rate_limit(3))[0] for _ in range(11)],
            "status": (await desk.format_subscription_status(3)).splitlines()[1],
            "analysis": await desk.analyze_match("https://example.org", 3),
            "statistics": (await desk.get_user_statistics(3))["subscription"]["requests_today"],
            "track": await desk.track_command_usage(3, "/start"),
            "health": health["status"],
            "info": desk.get_service_info()["features"]["analytics"],
            "same": isinstance(desk, Switchyard),
        }


async def everything():
    return {"users": await users(), "profiles": await profiles(), "facade": await facade()}


found = asyncio.run(everything())
"""

EXPECTED: dict[str, Any] = {
    "users": {
        "all": [5000000001],
        "can": [True, False],
        "count": None,
        "referral": [True, False],
        "upgrade": True,
        "expired": [],
        "stats": {
            "total_users": 2, "free_users": 0, "premium_users": 1, "pro_users": 1, "active_users": 1,
            "daily_requests": 1,
        },
        "last": ["de", "m", "pro"],
    },
    "profiles": {
        "class": "GirlProfile", "latest": "said", "response": "resp", "backup": True, "deleted": [True, False],
        "names": ["Ann"], "girls": [1], "profile": True,
    },
    "facade": {
        "user": 3,
        "link": [False, "FACEIT does not let us in at present. Please write to support."],
        "access": [False, "Your subscription does not include this. See /subscription."],
        "rate": [True] * 10 + [False],
        "status": "Requests today: 10 of 10",
        "analysis": [False, "This is not a FACEIT match. Send the link to its room or its id.", None],
        "statistics": 10,
        "track": True,
        "health": "healthy",
        "info": True,
        "same": True,
    },
}  # fmt: skip


@pytest.fixture
def installation(beside: Beside, settings: Settings) -> dict[str, object]:
    (beside.folder / "services" / "__init__.py").write_text(MANAGER)
    return {"LEGACY_DIR": settings.LEGACY_DIR, "LEGACY_INDEX": settings.LEGACY_INDEX, "LEGACY_TIME_ZONE": "Asia/Tokyo"}


@pytest.fixture
def in_tokyo(bot: object, settings: Settings) -> None:
    settings.LEGACY_TIME_ZONE = "Asia/Tokyo"


@pytest.mark.parametrize("stage", STAGES, ids=str)
def test_every_call_beside_the_database(
    stage: StageRow, in_tokyo: None, in_stage: InStage, beside: Beside, url: str, installation: dict[str, object]
) -> None:
    in_stage(stage)
    servers = {"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"], "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "h"}
    beside.settings(**installation, **servers)
    assert beside.runs(CALLS) == EXPECTED


def test_every_call_without_any_server(
    in_tokyo: None, in_stage: InStage, beside: Beside, installation: dict[str, object]
) -> None:
    """And where whatever reaches for one fails the process."""
    in_stage(STAGES[0])
    beside.settings(**installation, STORAGE_BACKEND="json", ENABLE_SERVICES="false")
    bare = Path(__file__).parent.parent.parent / "config" / "bare"
    assert beside.runs(CALLS, PYTHONPATH=str(bare)) == EXPECTED


def test_a_database_that_is_away_is_a_typed_error_with_a_remedy(
    in_tokyo: None, in_stage: InStage, beside: Beside, url: str, installation: dict[str, object]
) -> None:
    in_stage(STAGES[3])
    gone = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "h"}
    beside.settings(**installation, **gone, REDIS_URL=os.environ["REDIS_URL"])
    body = """
from switchyard.legacy import storage, UserData
from migration_control.routing.errors import DatabaseAway

async def calls():
    try:
        await storage.save_user(UserData(user_id=1))
    except DatabaseAway as error:
        return str(error)

found = asyncio.run(calls())
"""
    assert "Nothing was written; try again when" in beside.runs(body)
