"""Time is given. No day that was paid for is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from migration_control.given import BadInput
from subscriptions import services
from subscriptions.errors import UnknownTier, UnknownUser
from subscriptions.models import Subscription
from subscriptions.services.tiers import Time, extended, said
from tests.migration_control.stores.worlds import in_threads
from tests.subscriptions.scene import ANN, NOBODY, NOW, Scene, days, has, time_of

MONTH = days(30)


def test_time_is_given_from_now_and_then_from_its_end(scene: Scene) -> None:
    scene.join(ANN)
    found = services.upgrade(ANN, "premium", now=NOW)
    assert (found.tier, found.expires_at, found.payment_method) == ("premium", NOW + MONTH, "telegram_stars")
    services.upgrade(ANN, "premium", days=365, method="gift", now=NOW + days(3))
    assert time_of(ANN) == ("premium", NOW + MONTH + days(365), "gift")


@pytest.mark.parametrize("tier", ["premium", "pro"])
def test_what_has_lapsed_begins_anew(scene: Scene, tier: str) -> None:
    scene.subscribe(ANN, tier=tier, expires_at=NOW)
    assert services.upgrade(ANN, "premium", now=NOW).expires_at == NOW + MONTH
    assert has(ANN).tier == "premium"


@pytest.mark.parametrize(
    ("has_tier", "left", "given", "tier", "ends"),
    [
        # 30 days of premium at 199 are 1725110.4 seconds of pro at 299
        ("premium", days(30), "pro", "pro", timedelta(seconds=1725111) + MONTH),
        ("pro", days(30), "premium", "pro", timedelta(seconds=1725111) + MONTH),
        ("pro", days(10), "pro", "pro", days(40)),
        ("premium", None, "premium", "premium", None),
        ("pro", None, "premium", "pro", None),
        ("free", days(10), "premium", "premium", days(30)),
        ("platinum", days(10), "premium", "premium", days(30)),
    ],
)
def test_of_two_tiers_the_higher_one_is_had_and_the_lower_one_counts_by_its_price(
    has_tier: str, left: timedelta | None, given: str, tier: str, ends: timedelta | None
) -> None:
    found = extended(Time(has_tier, None if left is None else NOW + left), given, MONTH, NOW)
    assert found == Time(tier, None if ends is None else NOW + ends)


def test_prices_of_conversion_are_settings(settings: Settings) -> None:
    settings.PRICES = settings.PRICES | {("pro", "monthly"): [398]}
    found = extended(Time("premium", NOW + days(10)), "pro", MONTH, NOW)
    assert found == Time("pro", NOW + days(35))


def test_what_has_no_end_lies_underneath_a_higher_tier_until_that_runs_out(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", payment_method="gift")
    services.upgrade(ANN, "pro", now=NOW)
    services.upgrade(ANN, "pro", days=10, now=NOW)
    services.upgrade(ANN, "premium", days=1, now=NOW)
    bought = NOW + days(40) + timedelta(seconds=57504)  # a day at 199 of 299, rounded up
    assert time_of(ANN)[:2] == ("pro", bought)
    assert services.of(ANN, now=bought).tier == "premium"
    assert services.may_request(ANN, now=bought).limit == 100
    assert services.expire(now=bought) == []  # nobody is free
    assert (time_of(ANN)[:2], has(ANN).extra) == (("premium", None), {})
    services.upgrade(ANN, "premium", days=10, now=bought)
    assert time_of(ANN)[:2] == ("premium", None)


def test_who_is_given_time_after_it_ran_out_unseen_keeps_what_lies_underneath(scene: Scene) -> None:
    scene.subscribe(ANN, tier="pro", expires_at=NOW, extra={"tier_without_end": "premium", "theirs": 1})
    services.upgrade(ANN, "premium", days=10, now=NOW + days(1))
    assert (time_of(ANN)[:2], has(ANN).extra) == (("premium", None), {"theirs": 1})


def test_nothing_is_extended_beyond_what_a_date_holds() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert extended(Time("pro", last), "pro", MONTH, NOW) == Time("pro", last)
    assert extended(Time("premium", last), "premium", days(3650), NOW).expires_at == last


def test_a_moment_is_one_that_the_bots_file_can_say(settings: Settings) -> None:
    settings.LEGACY_TIME_ZONE = "Europe/Berlin"
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert said(first) == first
    assert said(second) == second + timedelta(hours=1)


def test_the_end_is_the_same_in_every_stage_in_an_hour_that_comes_twice(scene: Scene, settings: Settings) -> None:
    settings.LEGACY_TIME_ZONE = "Europe/Berlin"
    scene.join(ANN)
    services.upgrade(ANN, "premium", days=1, now=datetime(2026, 10, 24, 1, 30, tzinfo=UTC))
    assert has(ANN).expires_at == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def test_the_same_key_gives_once(scene: Scene) -> None:
    scene.join(ANN)
    for _ in range(3):
        assert services.upgrade(ANN, "pro", once="gift:1", now=NOW).expires_at == NOW + MONTH
    assert in_threads(12, lambda n: services.upgrade(ANN, "pro", once=f"gift:{n % 3}", now=NOW)) == []
    assert has(ANN).expires_at == NOW + 4 * MONTH - MONTH


def test_many_upgrades_at_once_all_count(scene: Scene) -> None:
    scene.join(ANN)
    assert in_threads(20, lambda n: services.upgrade(ANN, "premium", days=1, now=NOW)) == []
    assert has(ANN).expires_at == NOW + days(20)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"tier": "free"}, UnknownTier),
        ({"tier": "gold"}, UnknownTier),
        ({"tier": None}, UnknownTier),
        ({"tier": "premium\0"}, UnknownTier),
        ({"days": 0}, BadInput),
        ({"days": -1}, BadInput),
        ({"days": True}, BadInput),
        ({"days": 10**9}, BadInput),
        ({"method": "\ud800"}, BadInput),
        ({"method": "x" * 5_000_000}, BadInput),
        ({"user_id": 2**70}, BadInput),
        ({"user_id": NOBODY}, UnknownUser),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    scene: Scene, change: dict[str, Any], error: type[Exception]
) -> None:
    before = scene.subscribe(ANN).version
    given: dict[str, Any] = {"user_id": ANN, "tier": "premium", "now": NOW} | change
    with pytest.raises(error):
        services.upgrade(given.pop("user_id"), given.pop("tier"), **given)
    assert (has(ANN).version, Subscription.records.count()) == (before, 1)
