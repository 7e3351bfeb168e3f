"""The facade: every call, in every stage, with the same outcome; and what it answers when something is in the way."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from analytics.models import Event
from analytics.recording import recorder
from matches.faceit.errors import NotFound, Unavailable
from migration_control.routing import threads
from migration_control.routing.errors import DatabaseAway
from migration_control.stages import STAGES, StageRow
from subscriptions import services as subscriptions
from subscriptions.models import Subscription
from switchyard.facade import BotIntegrationAdapter, Switchyard
from switchyard.overload import gate
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)

MATCH = "1-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
LINK = f"https://www.faceit.com/en/cs2/room/{MATCH}"


class Faceit:
    """What of FACEIT the tests need."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def player_by_nickname(self, nickname: str, game: str = "cs2") -> dict[str, Any]:
        self.asked.append(nickname)
        if nickname == "nobody":
            raise NotFound("/players")
        if nickname == "away":
            raise Unavailable("/players", "no answer")
        return {"player_id": f"id-{nickname.lower()}", "nickname": nickname.capitalize()}

    async def match(self, match_id: str) -> dict[str, Any]:
        self.asked.append(match_id)
        teams = {
            side: {
                "faction_id": side,
                "name": f"team {side}",
                "roster": [{"player_id": f"{side}-{n}"} for n in range(5)],
            }
            for side in ("faction1", "faction2")
        }
        return {"match_id": match_id, "game": "cs2", "status": "READY", "teams": teams, "best_of": 1}

    async def player(self, player_id: str) -> dict[str, Any]:
        if player_id == "faction2-4":
            raise NotFound("/players")
        elo = 2500 if player_id.startswith("faction1") else 1500
        return {"player_id": player_id, "games": {"cs2": {"faceit_elo": elo, "skill_level": 9}}}

    async def player_stats(self, player_id: str, game: str = "cs2") -> dict[str, Any]:
        raise Unavailable("/stats", "no answer")

    async def player_games(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]:
        return []

    async def match_stats(self, match_id: str) -> dict[str, Any]:
        raise NotFound("/stats")

    async def history(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]:
        return []


@pytest.fixture
def faceit() -> Faceit:
    return Faceit()


@pytest.fixture
def desk(faceit: Faceit) -> Switchyard:
    return Switchyard(faceit=faceit)


@pytest.fixture
def served(in_stage: InStage, settings: Settings) -> Callable[[StageRow], None]:
    """1 has premium and speaks English, 2 nothing."""

    def make(stage: StageRow) -> None:
        settings.BOT_TIME_ZONE = "Europe/Moscow"
        in_stage(stage)
        User.records.create(User(user_id=1, language="en", faceit_player_id="id-taken", faceit_nickname="Taken"))
        ends = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
        Subscription.records.create(
            Subscription(user_id=1, tier="premium", expires_at=ends, referral_code="ABCDEFGH", referrals_count=2)
        )
        User.records.create(User(user_id=2))

    return make


async def outcome(desk: Switchyard) -> dict[str, Any]:
    made = await desk.get_or_create_user(7, "gamer", language="en", referral_code="ABCDEFGH")
    again = await desk.get_or_create_user(7, "nobody", language="de", referral_code="ABCDEFGH")
    found: dict[str, Any] = {
        "made": [made.user_id, made.faceit_nickname, made.language, str(made.subscription.tier)],
        "again": again.dict() == made.dict(),
        "link": [await desk.link_faceit_account(2, name) for name in ("my name", "nobody", "away", "taken", "second")],
        "link of nobody": await desk.link_faceit_account(99, "third"),
        "access": [
            await desk.check_subscription_access(1, "notifications"),
            await desk.check_subscription_access(1, "api_access"),
            await desk.check_subscription_access(1, "no such thing"),
            await desk.check_subscription_access(99, "notifications"),
        ],
        "rate": [(await desk.check_rate_limit(2))[0] for _ in range(11)],
        "rate of nobody": await desk.check_rate_limit(99),
        "status": [await desk.format_subscription_status(id) for id in (1, 99)],
        "track": await desk.track_command_usage(1, "/start", success=False, metadata={"x": 1}),
    }
    await desk.update_user_activity(1, "menu", {"page": 2})
    ok, error, analysis = await desk.analyze_match(LINK, 1)
    assert analysis is not None
    json.dumps(analysis)
    found["analysis"] = [ok, error, analysis["match_id"], analysis["favourite"], analysis["players_known"]]
    found["text"] = analysis["text"].partition(":")[0]
    found["fresh"] = (await desk.analyze_match(MATCH, 1))[2] == analysis
    found["bad links"] = [await desk.analyze_match(link, 1) for link in ("https://example.org/room/1", "x" * 5_000_000)]
    statistics = await desk.get_user_statistics(1)
    json.dumps(statistics)
    found["statistics"] = [statistics["faceit_nickname"], statistics["subscription"]["tier"], statistics["matches"]]
    found["statistics of nobody"] = await desk.get_user_statistics(99)
    return found


@every_stage
def test_every_call_has_the_same_outcome_in_every_stage(
    stage: StageRow, served: Callable[[StageRow], None], run: Run, desk: Switchyard, faceit: Faceit
) -> None:
    """Defects: a missing method made the rate limit fail open; a referral overwrote the bonus it gave."""
    served(stage)
    assert run(outcome(desk)) == {
        "made": [7, "Gamer", "en", "premium"],
        "again": True,
        "link": [
            (False, "Никнейм FACEIT — это от 2 до 50 латинских букв, цифр, _ и -. Проверьте его, пожалуйста."),  # noqa: RUF001
            (False, "FACEIT этого не знает. Проверьте, пожалуйста, имя или ссылку."),
            (False, "FACEIT сейчас не отвечает. Попробуйте, пожалуйста, позже."),
            (False, "Аккаунт FACEIT Taken привязан к другому пользователю. Сначала отвяжите его там."),  # noqa: RUF001
            (True, None),
        ],
        "link of nobody": (False, "Вы ещё не зарегистрированы. Сначала отправьте /start."),
        "access": [
            (True, None),
            (False, "Your subscription does not include this. See /subscription."),
            (False, "There is no such feature."),
            (False, "Вы ещё не зарегистрированы. Сначала отправьте /start."),
        ],
        "rate": [True] * 10 + [False],
        "rate of nobody": (False, "Вы ещё не зарегистрированы. Сначала отправьте /start."),
        "status": [
            "Subscription: premium, until 2031-06-05 10:08\nRequests today: 0 of 100\nMatches of the history: 50"
            "\nFriends invited: 3",
            "Вы ещё не зарегистрированы. Сначала отправьте /start.",
        ],
        "track": True,
        "analysis": [True, None, MATCH, "faction1", 9],
        "text": "team faction1",
        "fresh": True,
        "bad links": [(False, "This is not a FACEIT match. Send the link to its room or its id.", None)] * 2,
        "statistics": ["Taken", "premium", {"stored": 0, "maps": 0, "wins": 0, "win_share": None, "kd": None}],
        "statistics of nobody": {},
    }  # fmt: skip
    assert faceit.asked.count(MATCH) == 1
    assert "third" not in faceit.asked  # nobody is looked up for somebody unknown
    assert User.records.get(99) is None


@every_stage
def test_many_at_once_are_allowed_as_many_requests_as_are_left(
    stage: StageRow, served: Callable[[StageRow], None], run: Run, desk: Switchyard
) -> None:
    served(stage)

    async def all_at_once() -> list[bool]:
        return [allowed for allowed, _ in await asyncio.gather(*(desk.check_rate_limit(2) for _ in range(30)))]

    assert sum(run(all_at_once())) == 10


@every_stage
def test_activity_is_noted_by_itself(
    stage: StageRow, served: Callable[[StageRow], None], run: Run, desk: Switchyard
) -> None:
    served(stage)
    begun = datetime.now(UTC) - timedelta(seconds=1)

    async def calls() -> None:
        await desk.check_subscription_access(2, "notifications")
        await desk.track_command_usage(2, "/help")
        while (await User.records.aget(2)).last_active_at is None:  # type: ignore[union-attr]
            await asyncio.sleep(0.02)

    run(calls())
    assert recorder().flush(20)
    events = [event for event in Event.records.iterate() if event.event_type in ("user_activity", "command")]
    assert {event.event_type for event in events} == {"user_activity", "command"}
    assert "/help" in str([event.event_data for event in events])
    user = User.records.get(2)
    assert user is not None
    assert user.last_active_at is not None
    assert user.last_active_at > begun


def test_what_is_switched_off_answers_so(
    served: Callable[[StageRow], None], run: Run, desk: Switchyard, settings: Settings
) -> None:
    served(STAGES[3])
    settings.ENABLE_MATCH_ANALYSIS = settings.ENABLE_SUBSCRIPTION_SYSTEM = settings.ENABLE_ANALYTICS = False
    off = "Сейчас это отключено."
    assert run(desk.analyze_match(LINK)) == (False, off, None)
    assert [run(desk.check_rate_limit(2)) for _ in range(11)] == [(True, None)] * 11
    assert run(desk.check_subscription_access(2, "api_access")) == (True, None)
    assert run(desk.check_rate_limit(99))[0] is False
    assert run(desk.format_subscription_status(2)) == off
    assert run(desk.apply_referral(2, "ABCDEFGH")) == (False, off)
    assert run(desk.track_command_usage(2, "/start")) is False
    assert desk.get_service_info()["features"] == {
        "match_analysis": False, "subscriptions": False, "referrals": True, "analytics": False,
    }  # fmt: skip
    assert Subscription.records.get(2) is None


def test_where_no_store_answers_nobody_is_allowed_and_everybody_is_told(
    served: Callable[[StageRow], None], run: Run, desk: Switchyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(STAGES[3])
    assert run(desk.check_subscription_access(1, "notifications"))[0]

    def away(*_: object, **__: object) -> None:
        raise DatabaseAway("users")

    for name in ("get", "link", "get_or_create"):
        monkeypatch.setattr(f"switchyard.facade.adapter.accounts.{name}", away)
    monkeypatch.setattr("switchyard.facade.adapter.subscriptions.check_and_count", away)
    busy = "That cannot be done just now. Please try again in a minute."
    assert run(desk.check_rate_limit(1)) == (False, busy)
    assert run(desk.check_subscription_access(1, "notifications")) == (False, busy)
    assert run(desk.link_faceit_account(1, "gamer")) == (False, busy)
    assert run(desk.format_subscription_status(1)) == busy
    assert run(desk.get_user_statistics(1)) == {"error": busy}
    with pytest.raises(DatabaseAway):
        run(desk.get_or_create_user(1))


def test_people_are_spoken_to_as_they_chose_last(
    served: Callable[[StageRow], None], run: Run, desk: Switchyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if somebody else wrote it, and while no store answers."""
    served(STAGES[0])

    def spoken() -> list[str]:
        return [run(desk.language_of(*asked)) for asked in ((1, "de"), (99, "de"), (99,))]

    assert spoken() == ["en", "de", "ru"]

    def choose(user: User) -> None:
        user.language = "ru"

    User.records.update(1, choose)
    assert spoken() == ["ru", "de", "ru"]

    def away(_: int) -> None:
        raise DatabaseAway("users")

    monkeypatch.setattr("switchyard.facade.desk.accounts.get", away)
    assert spoken() == ["ru", "de", "ru"]


def test_what_is_held_in_memory_is_written_at_the_end(served: Callable[[StageRow], None], run: Run) -> None:
    served(STAGES[3])

    async def life() -> None:
        async with Switchyard() as desk:
            assert await desk.track_command_usage(2, "/help")

    for times in (1, 2):
        run(life())
        assert Event.records.count() == times


def test_too_many_calls_are_an_answer_too(
    served: Callable[[StageRow], None],
    run: Run,
    desk: Switchyard,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served(STAGES[0])
    settings.MAX_CONCURRENT_REQUESTS = 3
    gate.cache_clear()
    let_go, count = threading.Event(), subscriptions.check_and_count

    def slow(user_id: int, *, now: datetime) -> subscriptions.Allowance:
        assert let_go.wait(20)
        return count(user_id, now=now)

    monkeypatch.setattr("switchyard.facade.adapter.subscriptions.check_and_count", slow)

    async def many() -> list[tuple[bool, str | None]]:
        calls = [asyncio.create_task(desk.check_rate_limit(1)) for _ in range(20)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        let_go.set()
        return await asyncio.gather(*calls)

    answers = run(many())
    assert sum(allowed for allowed, _ in answers) == 3
    assert {said for allowed, said in answers if not allowed} == {
        "Сейчас слишком много запросов. Попробуйте, пожалуйста, через несколько секунд."
    }


def test_the_event_loop_beats_on_beside_every_call(
    served: Callable[[StageRow], None], run: Run, desk: Switchyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each store call is held up; a coroutine beside goes on."""
    served(STAGES[2])
    submit = threads.submit

    def slow(call: Any, *args: Any, **named: Any) -> Any:
        def later() -> Any:
            time.sleep(0.03)
            return call(*args, **named)

        return submit(later)

    monkeypatch.setattr(threads, "submit", slow)
    beats: list[int] = []

    async def beside() -> None:
        async def heart() -> None:
            while True:
                beats.append(1)
                await asyncio.sleep(0)

        beating = asyncio.create_task(heart())
        calls = [
            desk.get_or_create_user(7), desk.link_faceit_account(2, "gamer"), desk.check_rate_limit(2),
            desk.check_subscription_access(2, "notifications"), desk.format_subscription_status(1),
            desk.analyze_match(LINK, 1), desk.get_user_statistics(1), desk.health_check(),
        ]  # fmt: skip
        for call in calls:
            before = len(beats)
            await call
            assert len(beats) > before + 20, call
        beating.cancel()

    run(beside())


def test_health_says_what_is_there(served: Callable[[StageRow], None], run: Run, desk: Switchyard) -> None:
    served(STAGES[1])
    found = run(desk.health_check())
    assert (found["status"], found["database"], found["files"]) == ("healthy", "ok", "ok")
    assert found["stores"]["users"] == "json"
    json.dumps(found)
    assert run(desk.health_check())["checked_at"] == found["checked_at"]


BAD_IDS: list[Any] = [0, -1, True, "1", None, 2**63, 1.5]


@every_stage
def test_an_id_that_is_none_is_refused_by_every_call_and_nothing_is_stored(
    stage: StageRow, served: Callable[[StageRow], None], run: Run, desk: Switchyard
) -> None:
    served(stage)
    before = User.records.count(), Subscription.records.count()
    for id in BAD_IDS:
        assert run(desk.check_rate_limit(id))[0] is False
        assert run(desk.check_subscription_access(id, "notifications"))[0] is False
        assert run(desk.link_faceit_account(id, "gamer"))[0] is False
        assert "error" in run(desk.get_user_statistics(id))
    nicknames: list[Any] = ["", "a\0b", "\ud800", "x" * 5_000_000, "аня", "👾👾👾", 5]
    for nickname in nicknames:
        assert run(desk.link_faceit_account(2, nickname))[0] is False
    assert (User.records.count(), Subscription.records.count()) == before
    assert User.records.get(2).faceit_player_id is None  # type: ignore[union-attr]


def test_it_is_built_as_the_integration_guide_builds_it(served: Callable[[StageRow], None], run: Run) -> None:
    served(STAGES[0])
    adapter = BotIntegrationAdapter(
        storage_adapter=object(),
        user_service=None,
        subscription_service=None,
        match_service=None,
        analytics_service=None,
    )
    assert run(adapter.get_or_create_user(2)).user_id == 2
