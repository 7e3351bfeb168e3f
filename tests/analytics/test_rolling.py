"""Roll-ups that are kept: the same as counting, cheaper, and there still when the events are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from pytest_django import Settings

from analytics import rolling, scanning, services, tasks
from analytics.models import Event, RolledMonth, RollUp
from analytics.periods import Period, span, touching
from analytics.services import Count
from migration_control import components, retention
from migration_control.moving.rows import By
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground

BOT, BY = "companion", By("ann", "because")
FIRST = datetime(2024, 12, 25, tzinfo=UTC)
DAYS = 75  # into the middle of a third month


def fill(seed: int = 3) -> None:
    chance = Random(seed)
    for _ in range(100):
        at = FIRST + timedelta(seconds=chance.uniform(0, DAYS * 86_400))
        kind, bot = chance.choice(("message", "command", "error")), chance.choice((BOT, BOT, "other"))
        services.append(kind, {"command": "/a"}, bot_id=bot, at=at, user_id=chance.choice((None, 1, 2, 3)))


def everything() -> dict[tuple[str, Period, date], object]:
    """Of each period there is but the days, of which it is every sixth."""
    slots = list(touching(FIRST - timedelta(days=10), FIRST + timedelta(days=DAYS + 10)))
    chosen = [slot for slot in slots if slot[0] is not Period.DAILY or slot[1].toordinal() % 6 == 0]
    return {(bot, *slot): services.roll_up(*slot, bot_id=bot) for slot in chosen for bot in (BOT, "other")}


def test_kept_ones_are_what_counting_finds(staged: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    del staged
    fill()
    counted = everything()
    assert RollUp.objects.count() == 0
    assert tasks.roll_up() == 4
    assert RollUp.objects.count() > 50
    with monkeypatch.context() as patch:
        patch.setattr(scanning, "between", lambda *_, **__: pytest.fail("it was counted"))
        assert everything() == counted
    assert tasks.roll_up() == 0
    fill(seed=4)
    recounted = everything()
    assert recounted != counted
    assert tasks.roll_up() == 4
    assert everything() == recounted
    RollUp.objects.update(events=7)
    assert rolling.rebuild() == 4
    assert everything() == recounted


def test_only_months_with_news_are_read_again(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    del ground
    fill()
    tasks.roll_up()
    services.append("message", bot_id=BOT, at=datetime(2025, 3, 8, 12, tzinfo=UTC), user_id=9)
    read: list[str] = []
    real = scanning.of_month

    def noted(month: str, **options: bool) -> Iterator[Event]:
        read.append(month)
        return real(month, **options)

    monkeypatch.setattr(scanning, "of_month", noted)
    assert tasks.roll_up() == 1
    assert read == ["202502", "202503", "202504"]


def test_pruned_events_leave_their_figures(ground: Ground) -> None:
    fill()
    tasks.roll_up()
    before = everything()
    first = services.roll_up(Period.DAILY, date(2025, 2, 2), bot_id=BOT)
    del ground
    pruned = retention.prune(components.get("analytics"), "202502")
    assert pruned.records > 0
    assert everything() == before
    services.append("message", bot_id=BOT, at=datetime(2025, 2, 2, 12, tzinfo=UTC), user_id=99)
    assert tasks.roll_up() == 1
    january = services.roll_up(Period.MONTHLY, date(2025, 1, 5), bot_id=BOT)
    assert january == before[BOT, Period.MONTHLY, date(2025, 1, 1)]
    day = services.roll_up(Period.DAILY, date(2025, 2, 2), bot_id=BOT)
    assert day.total.events == first.total.events + 1
    # February began in Moscow while it was January in UTC: of the month as a whole not everything is there any more.
    assert (
        services.roll_up(Period.MONTHLY, date(2025, 2, 1), bot_id=BOT) == before[BOT, Period.MONTHLY, date(2025, 2, 1)]
    )
    assert not services.roll_up(Period.MONTHLY, date(2024, 5, 1), bot_id=BOT).complete
    assert services.roll_up(Period.MONTHLY, date(2025, 5, 1), bot_id=BOT).complete


def test_without_a_database_they_are_counted(ground: Ground, settings: Settings) -> None:
    del ground
    fill()
    counted = everything()
    tasks.roll_up()
    settings.DATABASE_USED = False
    assert everything() == counted
    assert tasks.roll_up() == 0


def test_while_the_database_is_away_they_are_counted(ground: Ground) -> None:
    ground.move(DUAL_JSON, "analytics")
    fill()
    counted = everything()
    tasks.roll_up()
    with database_away():
        assert everything() == counted


def test_another_zone_has_other_days(ground: Ground, settings: Settings) -> None:
    del ground
    at = datetime(2025, 1, 1, 2, tzinfo=UTC)
    services.append("message", bot_id=BOT, at=at, user_id=1)
    tasks.roll_up()
    day = date(2024, 12, 31)
    assert services.unique_users(BOT, day) == 0
    settings.BOT_TIME_ZONE = "America/New_York"
    assert services.unique_users(BOT, day) == 1
    assert tasks.roll_up() == 1
    assert RolledMonth.objects.get().time_zone == "America/New_York"
    assert services.unique_users(BOT, day) == 1
    assert services.unique_users(BOT, date(2025, 1, 1)) == 0


def test_a_move_changes_no_figure(ground: Ground) -> None:
    fill()
    tasks.roll_up()
    before = everything()
    for stage in (DUAL_JSON, DUAL_DATABASE, DUAL_JSON):
        ground.move(stage, "analytics")
        assert everything() == before
        assert tasks.roll_up() == 0


def test_metrics_and_odd_files_are_in_no_period(ground: Ground) -> None:
    del ground
    at = datetime(2025, 1, 1, 2, tzinfo=UTC)
    services.set_gauge("messages", 5, now=at)
    for stem in ("old", "metrics", "202513", "20250"):
        Event.records.append(Event(timestamp=at, bot_id=BOT, event_type="message"), stem=stem)
    assert list(scanning.months_there()) == []
    assert services.roll_up(Period.DAILY, date(2025, 1, 1), bot_id=BOT).total == Count()


def test_days_are_as_long_as_their_clock_has_them(settings: Settings) -> None:
    settings.BOT_TIME_ZONE = "Europe/Berlin"
    spring, autumn = (span(Period.DAILY, day) for day in (date(2025, 3, 30), date(2025, 10, 26)))
    assert [until - since for since, until in (spring, autumn)] == [timedelta(hours=23), timedelta(hours=25)]
    assert span(Period.WEEKLY, date(2024, 12, 31)) == span(Period.WEEKLY, date(2025, 1, 5))
    assert [Period.WEEKLY.named(day) for day in (date(2024, 12, 30), date(2027, 1, 3))] == ["2025-W01", "2026-W53"]
    assert span(Period.MONTHLY, date(2024, 2, 29)).until == datetime(2024, 2, 29, 23, tzinfo=UTC)
