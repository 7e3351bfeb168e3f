"""Payments while the database is away, or where there is none: kept, given once, and told to it on return."""

from __future__ import annotations

import time

import pytest
from pytest_django import Settings

from migration_control.inbox import settling
from migration_control.inbox.boxes import IndexBox
from migration_control.routing.errors import DatabaseAway, DatabaseUnused
from subscriptions import services
from subscriptions.errors import AnotherPayment, NoSuchPayer, UnknownCharge, WrongAmount
from subscriptions.models import Payment, Subscription
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.stores.worlds import in_threads
from tests.subscriptions.scene import ANN, NOBODY, NOW, Scene, charge, days, has, statuses, time_of, waiting

LATER = 3600.0  # seconds


def settle() -> None:
    for _ in range(3):
        settling.settle(time.time() + LATER)


def kept(scene: Scene) -> int:
    return IndexBox(scene.ground.index).count()


# The database is the authority


def test_a_payment_is_kept_and_applied_once_on_return(database_scene: Scene) -> None:
    database_scene.join(ANN)
    with database_away():
        receipts = [services.receive(charge(), now=NOW + days(n)) for n in range(3)]
        assert set(receipts) == {receipts[0]}
        assert (receipts[0].status, kept(database_scene)) == ("pending", 1)
        settle()
        with pytest.raises(AnotherPayment):
            services.receive(charge(amount=299), now=NOW)
    assert Subscription.records.get(ANN) is None
    settle()
    assert (time_of(ANN)[:2], statuses()) == (("premium", NOW + days(30)), {"stxABC_1": "completed"})
    assert services.receive(charge(), now=NOW).status == "completed"
    settle()
    assert (has(ANN).expires_at, waiting()) == (NOW + days(30), [0, 0])


def test_a_replay_on_return_that_comes_before_the_inbox_gives_once(database_scene: Scene) -> None:
    database_scene.join(ANN)
    with database_away():
        services.receive(charge(), now=NOW)
    assert services.receive(charge(), now=NOW).status == "completed"
    settle()
    assert (has(ANN).expires_at, waiting()) == (NOW + days(30), [0, 0])


def test_nothing_is_kept_where_that_is_switched_off_or_the_files_are_elsewhere(
    database_scene: Scene, settings: Settings
) -> None:
    database_scene.join(ANN)
    with database_away():
        settings.SERVICE_FALLBACK_ENABLED = False
        with pytest.raises(DatabaseAway):
            services.receive(charge(), now=NOW)
        settings.SERVICE_FALLBACK_ENABLED = True
        folder, settings.LEGACY_DIR = settings.LEGACY_DIR, None
        with pytest.raises(DatabaseAway):
            services.receive(charge(), now=NOW)
        with pytest.raises(DatabaseAway):
            services.refund("stxABC_1", now=NOW)
        settings.LEGACY_DIR = folder
    assert (kept(database_scene), statuses()) == (0, {})


def test_what_is_charged_and_not_sold_is_kept_as_failed_too(database_scene: Scene) -> None:
    database_scene.join(ANN)
    with database_away():
        for _ in range(2):
            with pytest.raises(WrongAmount):
                services.receive(charge(amount=5), now=NOW)
        services.receive(charge(2, user_id=NOBODY), now=NOW)
    settle()
    assert (statuses(), waiting()) == ({"stxABC_1": "failed", "stxABC_2": "failed"}, [0, 0])
    assert {row.reason for row in Payment.objects.all()} == {"wrong-amount", "unknown-payer"}
    assert Subscription.records.count() == 0
    with pytest.raises(NoSuchPayer):
        services.receive(charge(2, user_id=NOBODY), now=NOW)


def test_a_refund_waits_for_the_database(database_scene: Scene) -> None:
    database_scene.join(ANN)
    with database_away():
        services.receive(charge(), now=NOW)
        with pytest.raises(DatabaseAway):
            services.refund("stxABC_1", now=NOW)
    assert services.refund("stxABC_1", now=NOW).status == "refunded"  # what was kept is told first
    settle()
    assert (time_of(ANN), statuses(), waiting()) == (("free", None, None), {"stxABC_1": "refunded"}, [0, 0])


# JSON is


@pytest.fixture(params=["disabled/json", "dual-write/json"])
def in_json(request: pytest.FixtureRequest, json_scene: Scene) -> Scene:
    json_scene.stand(request.param)
    return json_scene


def test_what_was_paid_for_is_given_at_once_and_its_row_follows(in_json: Scene) -> None:
    in_json.join(ANN)
    with database_away():
        raised = in_threads(8, lambda _: services.receive(charge(), now=NOW))
        assert raised == []
        assert services.receive(charge(), now=NOW + days(1)) == ("stxABC_1", ANN, "premium", 30, 199, "completed", NOW)
        assert (time_of(ANN), kept(in_json)) == (("premium", NOW + days(30), "telegram_stars"), 1)
    settle()
    row = Payment.objects.get()
    assert (row.status, row.created_at, row.undo is not None) == ("completed", NOW, True)
    assert services.receive(charge(), now=NOW).status == "completed"
    services.refund("stxABC_1", now=NOW)
    assert (time_of(ANN), waiting()) == (("free", None, None), [0, 0])


def test_once_it_was_told_a_replay_in_the_next_outage_gives_nothing(in_json: Scene) -> None:
    in_json.join(ANN)
    services.receive(charge(), now=NOW)
    with database_away():
        assert services.receive(charge(), now=NOW).status == "completed"
        assert kept(in_json) == 0
        with pytest.raises(DatabaseAway):
            services.refund("stxABC_1", now=NOW)  # what it gave is in the database's row
    assert has(ANN).expires_at == NOW + days(30)


def test_moved_to_the_database_before_its_row_is_there_it_is_given_once(in_json: Scene) -> None:
    in_json.join(ANN)
    with database_away():
        services.receive(charge(), now=NOW)
    in_json.stand("dual-write/database")
    services.receive(charge(), now=NOW)
    settle()
    assert (has(ANN).expires_at, statuses(), waiting()) == (NOW + days(30), {"stxABC_1": "completed"}, [0, 0])


def test_a_price_that_changed_meanwhile_makes_no_failure_of_what_was_given(in_json: Scene, settings: Settings) -> None:
    in_json.join(ANN)
    with database_away():
        services.receive(charge(), now=NOW)
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [500]}
    assert services.receive(charge(), now=NOW).status == "completed"  # what this host kept is told first
    settle()
    assert services.receive(charge(), now=NOW).status == "completed"
    services.refund("stxABC_1", now=NOW)
    assert time_of(ANN) == ("free", None, None)


# There is no database


@pytest.fixture
def no_server(json_scene: Scene, settings: Settings) -> Scene:
    json_scene.join(ANN)
    settings.DATABASE_USED = False
    return json_scene


def test_without_a_database_payments_are_given_refunded_and_wait_to_be_told(
    no_server: Scene, settings: Settings
) -> None:
    for _ in range(2):
        assert services.receive(charge(), now=NOW).status == "completed"
    services.receive(charge(2), now=NOW)
    assert has(ANN).expires_at == NOW + days(60)
    receipts = [services.refund("stxABC_1", now=NOW) for _ in range(3)]
    assert set(receipts) == {receipts[0]}
    assert services.receive(charge(), now=NOW) == receipts[0]
    assert has(ANN).expires_at == NOW + days(30)
    with pytest.raises(WrongAmount):
        services.receive(charge(3, amount=5), now=NOW)
    assert services.refund("stxABC_3", now=NOW).status == "refunded"
    with pytest.raises(NoSuchPayer):
        services.receive(charge(4, user_id=NOBODY), now=NOW)
    with pytest.raises((DatabaseUnused, UnknownCharge)):
        services.refund("nothing", now=NOW)
    settings.DATABASE_USED = True
    settle()
    assert (statuses(), waiting()) == (
        {"stxABC_1": "refunded", "stxABC_2": "completed", "stxABC_3": "refunded", "stxABC_4": "failed"}, [0, 0],
    )  # fmt: skip
    assert services.refund("stxABC_2", now=NOW).status == "refunded"
    assert services.of(ANN, now=NOW).tier == "free"


def test_without_a_database_limits_and_referrals_work(no_server: Scene) -> None:
    assert services.check_and_count(ANN, now=NOW).used == 1
    assert len(services.referral_code(ANN, now=NOW)) == 8
    assert services.statistics(now=NOW)["daily_requests"] == 1
