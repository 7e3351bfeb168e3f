"""Questions about events, and single ones: the same in every stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from analytics import scanning, services
from analytics.models import Event
from analytics.scanning import TooManyEvents
from analytics.services import Count, Period
from legacy_json.errors import Pruned
from migration_control.bots import Bot
from migration_control.given import BadInput
from tests.migration_control.moving.ground import Ground
from tests.migration_control.stores.worlds import in_threads

BOT = "companion"
NOON = datetime(2025, 3, 30, 9, 0, tzinfo=UTC)  # a Sunday; in Moscow it is noon
MARCH, APRIL = datetime(2025, 2, 28, 21, tzinfo=UTC), datetime(2025, 3, 31, 21, tzinfo=UTC)


def say(kind: str, at: datetime, user: int | None = None, bot: str = BOT, **data: object) -> Event:
    return services.append(kind, data, bot_id=bot, at=at, user_id=user)


def fill() -> None:
    say("message", NOON, 1)
    say("message", NOON + timedelta(hours=11, minutes=59), 2)
    say("message", NOON + timedelta(hours=12), 1)  # Monday there, Sunday in UTC
    say("error", NOON)
    say("command", NOON, 2, command="/start", success=True)
    say("command", NOON + timedelta(days=1, hours=12), 3, command="/start")  # April there
    say("command", NOON, 3, command="/help")
    say("command", NOON, 3, bot="faceit", command="/help")
    say("message", MARCH - timedelta(microseconds=1), 9)
    say("message", MARCH, 9)


def test_questions_are_answered_alike_in_every_stage(staged: Ground) -> None:
    del staged
    fill()
    assert services.counters(BOT, MARCH, APRIL) == {"command": 2, "error": 1, "message": 4}
    assert services.totals(BOT, MARCH, APRIL) == Count(7, 4)
    assert services.totals(BOT, APRIL, APRIL) == Count()
    assert services.top_commands(BOT, MARCH, APRIL + timedelta(days=1)) == [("/start", 2), ("/help", 1)]
    assert services.top_commands(BOT, MARCH, APRIL + timedelta(days=1), limit=1) == [("/start", 2)]
    assert [services.unique_users(BOT, date(2025, 3, day)) for day in (29, 30, 31)] == [0, 3, 1]
    found, complete = services.by_user(3, MARCH, APRIL + timedelta(days=1))
    assert ([event.bot_id for event in found], complete) == (["faceit", BOT, BOT], True)
    assert services.by_user(3, MARCH, APRIL, bot_id=BOT).events[0].event_data["command"] == "/help"
    newest = services.by_type("message", MARCH, APRIL, limit=2)
    assert [event.event_data for event in newest.events] == [{"user_id": 1}, {"user_id": 2}]
    assert not newest.complete


def test_a_period_is_a_calendar_s_in_the_bot_s_zone(staged: Ground) -> None:
    del staged
    fill()
    sunday, week, month = (services.roll_up(period, date(2025, 3, 30), bot_id=BOT) for period in Period)
    assert (sunday.name, week.name, month.name) == ("2025-03-30", "2025-W13", "2025-03")
    assert (week.start, month.start) == (date(2025, 3, 24), date(2025, 3, 1))
    assert sunday.total == week.total == Count(5, 3)
    assert sunday.by_type == {"command": Count(2, 2), "error": Count(1, 0), "message": Count(2, 2)}
    assert month.total == Count(7, 4)
    following = services.roll_up(Period.WEEKLY, date(2025, 4, 2), bot_id=BOT)
    assert (following.name, following.total) == ("2025-W14", Count(2, 2))
    assert services.roll_up(Period.MONTHLY, date(2025, 2, 3), bot_id=BOT).total == Count(1, 1)


def test_an_event_is_there_once_under_its_key(staged: Ground) -> None:
    del staged
    first = services.append("paid", {"stars": 199}, bot_id=BOT, at=NOON, user_id=5, once="charge:abc")
    again = services.append("paid", {"stars": 199}, bot_id=BOT, at=NOON, user_id=5, once="charge:abc")
    assert (first.key, again.key) == ("202503:0000000000",) * 2
    assert Event.records.count() == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: say("", NOON),
        lambda: say("x" * 201, NOON),
        lambda: say("nul\0", NOON),
        lambda: say("half \ud800", NOON),
        lambda: say("message", NOON, user=True),
        lambda: say("message", NOON, 2**63),
        lambda: say("message", NOON, -1),
        lambda: say("message", NOON, bot=""),
        lambda: say("message", NOON, text="x" * 5_000_000),
        lambda: say("message", NOON, number=float("inf")),
        lambda: say("message", NOON, of={1, 2}),
        lambda: say("message", NOON.replace(tzinfo=None)),
        lambda: say("message", NOON.replace(year=1900)),
        lambda: services.counters(BOT, MARCH.replace(tzinfo=None), APRIL.replace(tzinfo=None)),
        lambda: services.by_user(0, MARCH, APRIL),
        lambda: services.by_user(1, MARCH, APRIL, limit=0),
        lambda: services.by_type("message", MARCH, APRIL, limit=10**6),
        lambda: services.set_gauge("x", float("nan"), now=NOON),
        lambda: services.set_gauge("", 1, now=NOON),
        lambda: services.count_up("x", by=True, now=NOON),
    ],
)
def test_what_no_store_can_hold_is_refused_and_nothing_changes(ground: Ground, call: Callable[[], object]) -> None:
    del ground
    with pytest.raises(BadInput):
        call()
    assert Event.records.count() == 0


def test_data_are_any_json_and_any_script(staged: Ground) -> None:
    del staged
    kinds = [None, 1, 1.5, True, "שלום 👩‍👩‍👧", ["a", None], {"nul": "\0", "half": "\ud800", "nested": {"a": [1]}}]
    for data in kinds:
        services.append("odd", data, bot_id=BOT, at=NOON)
    assert [event.event_data for event in Event.records.iterate()] == kinds
    told = services.append("odd", "text", bot_id=BOT, at=NOON, user_id=5)
    assert Event.records.get(told.key).event_data == {"user_id": 5, "data": "text"}  # type: ignore[union-attr]


def test_what_the_caller_changes_later_changes_nothing(ground: Ground) -> None:
    del ground
    data = {"a": [1]}
    event = services.append("odd", data, bot_id=BOT, at=NOON)
    data["a"].append(2)
    assert event.event_data == {"a": [1]}


def test_no_question_looks_at_more_than_so_many(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    del ground
    fill()
    monkeypatch.setattr(scanning, "MOST", 3)
    with pytest.raises(TooManyEvents, match="more than 3 events"):
        services.counters(BOT, MARCH, APRIL)
    found = services.by_user(77, MARCH, APRIL)
    assert found == ([], False)


def test_below_the_floor_nothing_is_appended(ground: Ground) -> None:
    fill()
    ground.index.prune("analytics", "202503")
    with pytest.raises(Pruned):
        say("message", MARCH - timedelta(days=1))


def test_gauges_count_each_of_many_at_once(staged: Ground) -> None:
    del staged
    assert services.gauges() == {}
    services.set_gauge("active_chats", 3, now=NOON)
    assert in_threads(10, lambda n: services.count_up("messages", now=NOON)) == []
    assert services.count_up("seconds", 0.5, now=NOON) == 0.5
    assert services.count_up("messages", -2, now=NOON) == 8
    expected = {"start_time": NOON.timestamp(), "active_chats": 3, "messages": 8, "seconds": 0.5}
    assert services.gauges() == expected
    assert services.gauges(Bot.FACEIT) == {}
    assert Event.records.count() == 1
