"""How often somebody may ask: limits by tier, the calendar day, and nobody let through by mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from accounts.models import User
from legacy_json.errors import KeyReserved
from migration_control.given import BadInput
from migration_control.inbox.boxes import boxes
from subscriptions import services
from subscriptions.errors import UnknownUser
from subscriptions.models import Subscription
from tests.migration_control.inbox.paying import database_away
from tests.points import Points, before
from tests.subscriptions.scene import ANN, BOB, NOBODY, NOW, Scene, days, has

LIMIT = 10
MOSCOW = ZoneInfo("Europe/Moscow")


def ask(user_id: int = ANN, now: datetime = NOW) -> bool:
    return services.check_and_count(user_id, now=now).allowed


def test_so_many_requests_a_day_are_allowed_and_no_more(scene: Scene) -> None:
    scene.join(ANN)
    assert [ask() for _ in range(LIMIT + 3)] == [True] * LIMIT + [False] * 3
    found = services.check_and_count(ANN, now=NOW)
    assert found == services.Allowance(
        allowed=False, used=LIMIT, limit=LIMIT, resets_at=datetime(2026, 5, 6, 21, tzinfo=UTC), code="limit-reached"
    )
    assert has(ANN).daily_requests == LIMIT
    assert ask(now=found.resets_at - timedelta(microseconds=1)) is False
    assert [ask(now=found.resets_at) for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]


def test_a_first_request_makes_the_subscription_of_a_user_who_has_none(scene: Scene) -> None:
    scene.join(ANN)
    assert Subscription.records.get(ANN) is None
    assert services.check_and_count(ANN, now=NOW).used == 1
    found = has(ANN)
    assert (found.tier, found.daily_requests, found.last_reset_date) == ("free", 1, NOW)


def test_a_refusal_writes_nothing(scene: Scene) -> None:
    scene.subscribe(ANN, daily_requests=LIMIT, last_reset_date=NOW)
    version = has(ANN).version
    assert not ask()
    assert has(ANN).version == version


@pytest.mark.parametrize(
    ("tier", "ends", "used", "allowed"),
    [
        ("free", None, 10, False),
        ("premium", days(1), 10, True),
        ("premium", days(1), 100, False),
        ("premium", days(-1), 10, False),  # it has lapsed, whether or not anybody has written that down
        ("pro", days(1), 10**9, True),
        ("platinum", days(1), 10, False),
        ("pro", None, 10**9, True),
    ],
)
def test_the_tier_that_counts_now_has_the_limit(
    json_scene: Scene, tier: str, ends: timedelta | None, used: int, *, allowed: bool
) -> None:
    ends_at = None if ends is None else NOW + ends
    json_scene.subscribe(ANN, tier=tier, expires_at=ends_at, daily_requests=used, last_reset_date=NOW)
    assert services.may_request(ANN, now=NOW).allowed is allowed
    assert ask() is allowed


def test_looking_counts_nothing(scene: Scene) -> None:
    scene.join(ANN)
    for _ in range(LIMIT + 1):
        assert services.may_request(ANN, now=NOW).allowed
    assert Subscription.records.get(ANN) is None


def test_a_new_day_is_only_looked_at_until_somebody_counts(scene: Scene) -> None:
    scene.subscribe(ANN, daily_requests=LIMIT, last_reset_date=NOW - days(1))
    found = services.may_request(ANN, now=NOW)
    assert (found.allowed, found.used) == (True, 0)
    assert has(ANN).daily_requests == LIMIT
    assert services.count(ANN, now=NOW).daily_requests == 1


def test_counting_without_asking_goes_past_the_limit(scene: Scene) -> None:
    scene.join(ANN)
    for _ in range(LIMIT + 2):
        services.count(ANN, now=NOW)
    assert has(ANN).daily_requests == LIMIT + 2
    assert services.may_request(ANN, now=NOW).code == "limit-reached"


def test_counts_of_two_paths_are_one_count(scene: Scene) -> None:
    """Of the old code one path started anew on each call, and another counted in one store only."""
    scene.join(ANN)
    for number in range(LIMIT):
        _ = services.count(ANN, now=NOW) if number % 2 else ask()
    assert not ask()
    assert scene.ground.in_json(ANN, "subscriptions") is None or has(ANN).daily_requests == LIMIT


def test_nobody_is_allowed_by_mistake(scene: Scene) -> None:
    for found in (services.check_and_count(NOBODY, now=NOW), services.may_request(NOBODY, now=NOW)):
        assert (found.allowed, found.code) == (False, "unknown-user")
    with pytest.raises(UnknownUser):
        services.count(NOBODY, now=NOW)
    assert Subscription.records.get(NOBODY) is None


@pytest.mark.parametrize("user_id", [0, -1, 2**63, True, "7", 7.0, None])
def test_what_is_no_telegram_id_is_refused(json_scene: Scene, user_id: object) -> None:
    for call in (services.check_and_count, services.may_request, services.count, services.of):
        with pytest.raises(BadInput):
            call(user_id, now=NOW)  # type: ignore[arg-type]
    assert Subscription.records.count() == 0


def test_a_store_that_fails_allows_nothing(json_scene: Scene, points: Points) -> None:
    """The old code let everybody through when a method was missing."""
    json_scene.join(ANN)
    points.fail(before("migration_control.stores.changes.Changes.saved"), ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        ask()
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr("subscriptions.services.days.turn")
        with pytest.raises(AttributeError):
            ask()


def test_while_the_database_is_away_nothing_is_allowed_that_it_would_count(database_scene: Scene) -> None:
    from migration_control.routing.errors import DatabaseAway

    database_scene.join(ANN)
    with database_away(), pytest.raises(DatabaseAway):
        ask()
    assert [box.count() for box in boxes()] == [0, 0]


def test_a_quarantined_subscription_is_no_empty_one(json_scene: Scene) -> None:
    from tests.migration_control.stores.worlds import SUBSCRIPTIONS, JsonBackdoor

    json_scene.join(ANN)
    component = Subscription.records.component
    assert component.name == SUBSCRIPTIONS.component
    JsonBackdoor(component, json_scene.ground.index).quarantine(ANN, "it cannot be held")
    with pytest.raises(KeyReserved):
        ask()


# Days


def local(zone: str, *when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("zone", "now", "resets_at"),
    [
        # 23 and 25 hours long; a midnight that is left out; one that comes twice, of which the first begins the day
        ("Europe/Berlin", local("Europe/Berlin", 2026, 3, 29, 1), local("Europe/Berlin", 2026, 3, 30)),
        ("Europe/Berlin", local("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1), local("Europe/Berlin", 2026, 10, 26)),
        ("Asia/Beirut", local("Asia/Beirut", 2026, 3, 28, 23), datetime(2026, 3, 28, 22, tzinfo=UTC)),
        ("America/Havana", local("America/Havana", 2026, 10, 31, 12), datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_day_ends_with_the_calendar_day_of_its_zone(
    json_scene: Scene, settings: Settings, zone: str, now: datetime, resets_at: datetime
) -> None:
    settings.BOT_TIME_ZONE = zone
    json_scene.join(ANN)
    assert [ask(now=now) for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]
    assert services.may_request(ANN, now=now).resets_at == resets_at
    assert not ask(now=resets_at - timedelta(seconds=1))
    assert ask(now=resets_at)


@pytest.mark.parametrize("zone", ["Europe/Moscow", "UTC", "America/Mexico_City", "America/Havana"])
def test_each_hour_of_a_year_with_changes_of_clock_each_day_has_one_allowance(
    json_scene: Scene, settings: Settings, zone: str
) -> None:
    """LEGACY_TIME_ZONE being another zone, whose file knows no second hour: it is midnight in Mexico then."""
    settings.BOT_TIME_ZONE, settings.LEGACY_TIME_ZONE = zone, "America/New_York"
    settings.DAILY_REQUESTS = {"free": 1, "premium": 1, "pro": 1}
    json_scene.join(ANN)
    allowed: list[datetime] = []
    for first in (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)):
        allowed += [now for hour in range(4 * 48) if ask(now=(now := first + timedelta(minutes=30 * hour)))]
    found = [now.astimezone(ZoneInfo(zone)).date() for now in allowed]
    assert len(found) == len(set(found))
    assert len(found) >= 8


def test_a_clock_that_goes_back_gives_no_second_allowance(scene: Scene) -> None:
    scene.join(ANN)
    tomorrow = NOW + days(1)
    assert [ask() for _ in range(LIMIT)] == [True] * LIMIT
    assert [ask(now=tomorrow) for _ in range(LIMIT)] == [True] * LIMIT
    for now in (NOW, tomorrow, NOW, tomorrow):
        assert not ask(now=now)
    assert services.may_request(ANN, now=NOW).resets_at == datetime(2026, 5, 7, 21, tzinfo=UTC)
    assert ask(now=NOW + days(2))


def test_a_clock_that_was_wrong_for_long_does_not_lock_anybody_out(scene: Scene) -> None:
    scene.join(ANN)
    assert [ask(now=NOW + days(400)) for _ in range(LIMIT)] == [True] * LIMIT
    assert not ask()
    assert services.may_request(ANN, now=NOW).resets_at <= NOW + days(2)
    assert ask(now=NOW + days(1))


@pytest.mark.parametrize(("count", "date"), [(-5, NOW), (7, None)])
def test_what_files_have_in_the_place_of_a_count_does_no_harm(
    json_scene: Scene, count: int, date: datetime | None
) -> None:
    json_scene.subscribe(ANN, daily_requests=count, last_reset_date=date)
    assert services.check_and_count(ANN, now=NOW).used == 1


# Features


def test_features_come_with_their_tier(scene: Scene) -> None:
    scene.join(ANN)
    scene.subscribe(BOB, tier="premium", expires_at=NOW + days(1))
    assert services.allows(ANN, "match_analysis", now=NOW) == (True, "")
    assert services.allows(ANN, "notifications", now=NOW) == (False, "tier-too-low")
    assert services.allows(BOB, "notifications", now=NOW).allowed
    assert not services.allows(BOB, "api_access", now=NOW).allowed
    assert not services.allows(BOB, "notifications", now=NOW + days(1)).allowed
    with pytest.raises(BadInput):
        services.allows(BOB, ["notifications"], now=NOW)  # type: ignore[arg-type]
    assert services.allows(BOB, "flying", now=NOW) == (False, "unknown-feature")
    assert services.allows(NOBODY, "match_analysis", now=NOW) == (False, "unknown-user")


def test_limits_are_settings(settings: Settings) -> None:
    assert services.limits("free") == (10, 20, frozenset({"match_analysis"}))
    assert services.limits("premium")[:2] == (100, 50)
    assert services.limits("pro")[:2] == (None, 200)
    assert services.limits("pro").features == services.FEATURES
    settings.DAILY_REQUESTS = {"free": 1, "premium": 1000, "pro": 5}
    assert services.limits("premium").requests_per_day == 1000


def test_a_lapsed_subscription_is_shown_as_free_and_not_written(scene: Scene) -> None:
    scene.subscribe(ANN, tier="pro", expires_at=NOW)
    shown = services.of(ANN, now=NOW)
    assert (shown.tier, shown.expires_at) == ("free", None)
    assert has(ANN).tier == "pro"
    assert services.of(BOB, now=NOW).tier == "free"
    assert User.records.get(BOB) is None
