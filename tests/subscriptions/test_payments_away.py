"""Payments while the database is away, or where there is none: kept, given once, and told to it on return."""

from __future__ import annotations

import time

import pytest
from pytest_django import Settings

from accounts.models import User
from migration_control.inbox import settling
from migration_control.inbox.boxes import IndexBox
from migration_control.models import InboxEntry
from migration_control.moving import promotion
from migration_control.moving.rows import By
from migration_control.routing.errors import DatabaseAway, DatabaseUnused
from subscriptions import services
from subscriptions.errors import AnotherPayment, NoSuchPayer, PaymentRefused, UnknownCharge, WrongAmount
from subscriptions.models import Payment, Subscription
from subscriptions.services import charges, crediting, judged
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.stores.worlds import in_threads
from tests.subscriptions.scene import (  # fmt: skip
    ANN,
    BOB,
    NOBODY,
    NOW,
    STAGES,
    Scene,
    charge,
    days,
    has,
    statuses,
    time_of,
    waiting,
)

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


# The database is lost


def test_what_was_kept_is_given_by_a_replay_once_json_was_promoted(database_scene: Scene) -> None:
    database_scene.join(ANN)
    database_scene.ground.lag()
    with database_away():
        assert services.receive(charge(), now=NOW).status == "pending"
        promotion.promote(By("ann", "gone"), although_it_answers=True)
        for _ in range(2):
            assert services.receive(charge(), now=NOW + days(3)).status == "completed"
        assert services.receive(charge(2), now=NOW).status == "completed"
        settle()
    assert has(ANN).expires_at == NOW + days(60)


@pytest.mark.parametrize("used", [True, False])
def test_what_was_kept_is_given_by_the_inbox_once_json_was_promoted(
    database_scene: Scene, settings: Settings, used: bool
) -> None:
    database_scene.join(ANN)
    database_scene.ground.lag()
    with database_away():
        for paid in (charge(), charge(2, user_id=NOBODY)):
            assert services.receive(paid, now=NOW).status == "pending"
        promotion.promote(By("ann", "gone"), although_it_answers=True)
        settings.DATABASE_USED = used
        settle()
        assert has(ANN).expires_at == NOW + days(30)
        assert services.receive(charge(), now=NOW).status == "completed"
        with pytest.raises(NoSuchPayer):
            services.receive(charge(2, user_id=NOBODY), now=NOW)
    assert (has(ANN).expires_at, Subscription.records.get(NOBODY)) == (NOW + days(30), None)


# Users are the database's, subscriptions JSON's


def test_who_is_not_copied_yet_is_not_refused_as_nobody(json_scene: Scene, settings: Settings) -> None:
    json_scene.ground.put(STAGES["dual-write/json"], "users", "subscriptions")
    json_scene.ground.put(STAGES["dual-write/database"], "users")
    User.objects.create(user_id=ANN, created_at=NOW)
    with database_away():
        settings.SERVICE_FALLBACK_ENABLED = False
        with pytest.raises(DatabaseAway):
            services.receive(charge(), now=NOW)
        settings.SERVICE_FALLBACK_ENABLED = True
        for paid in (charge(), charge(), charge(2, user_id=NOBODY)):
            assert services.receive(paid, now=NOW).status == "pending"
        settle()
    settle()
    assert (statuses(), waiting()) == ({"stxABC_1": "completed", "stxABC_2": "failed"}, [0, 0])
    assert (services.receive(charge(), now=NOW).status, has(ANN).expires_at) == ("completed", NOW + days(30))


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


# What the database had judged, before it was away


def test_what_was_refused_and_refunded_is_not_given_by_a_replay(in_json: Scene) -> None:
    """The user registers between the two."""
    with pytest.raises(NoSuchPayer):
        services.receive(charge(), now=NOW)
    services.refund("stxABC_1", now=NOW)
    in_json.join(ANN)
    with database_away():
        for _ in range(2):
            with pytest.raises(PaymentRefused):
                services.receive(charge(), now=NOW)
    settle()
    assert (Subscription.records.get(ANN), statuses(), waiting()) == (None, {"stxABC_1": "refunded"}, [0, 0])


def test_what_was_refused_for_its_price_is_not_given_at_the_next_one(in_json: Scene, settings: Settings) -> None:
    in_json.join(ANN)
    with pytest.raises(WrongAmount):
        services.receive(charge(amount=249), now=NOW)
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [249]}
    with database_away(), pytest.raises(PaymentRefused):
        services.receive(charge(amount=249), now=NOW)
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [199]}
    with database_away(), pytest.raises(WrongAmount):
        services.receive(charge(amount=249), now=NOW)
    settle()
    assert (Subscription.records.get(ANN), statuses(), waiting()) == (None, {"stxABC_1": "failed"}, [0, 0])


def test_what_was_refused_in_one_outage_is_not_given_in_the_next(in_json: Scene) -> None:
    with database_away(), pytest.raises(NoSuchPayer):
        services.receive(charge(), now=NOW)
    settle()
    in_json.join(ANN)
    with database_away(), pytest.raises(PaymentRefused):
        services.receive(charge(), now=NOW)
    settle()
    assert (Subscription.records.get(ANN), statuses(), waiting()) == (None, {"stxABC_1": "failed"}, [0, 0])


def test_what_the_database_refused_as_the_authority_is_not_given_after_the_move_back(database_scene: Scene) -> None:
    with pytest.raises(NoSuchPayer):
        services.receive(charge(), now=NOW)
    settle()
    for name in ("subscriptions", "users"):
        database_scene.ground.put(STAGES["dual-write/json"], name)
    database_scene.join(ANN)
    with database_away(), pytest.raises(PaymentRefused):
        services.receive(charge(), now=NOW)
    assert Subscription.records.get(ANN) is None


def test_a_charge_of_another_user_is_not_given(in_json: Scene) -> None:
    in_json.join(ANN, BOB)
    services.receive(charge(), now=NOW)
    with database_away():
        with pytest.raises(AnotherPayment):
            services.receive(charge(user_id=BOB), now=NOW)
        services.receive(charge(2, user_id=BOB), now=NOW)
        settle()
        with pytest.raises(AnotherPayment):
            services.receive(charge(2), now=NOW)
    settle()
    assert ([has(user).expires_at for user in (ANN, BOB)], waiting()) == ([NOW + days(30)] * 2, [0, 0])


def test_of_two_users_with_one_charge_at_once_one_is_given_it(in_json: Scene) -> None:
    people = [ANN + number for number in range(8)]
    in_json.join(*people)
    with database_away():
        raised = in_threads(8, lambda n: services.receive(charge(user_id=people[n]), now=NOW))
    assert {type(error) for error in raised} == {AnotherPayment}
    assert len(raised) == 7
    assert Subscription.records.count() == 1


def test_whether_it_is_given_or_refused_first_nobody_has_both(in_json: Scene) -> None:
    """A replay in the outage, beside the act that refuses it."""
    in_json.join(ANN)
    told = charges.told(charge(), "premium", 30, NOW)
    with database_away():

        def act(number: int) -> None:
            crediting.credit(told) if number % 2 else crediting.refuse(told)

        raised = in_threads(8, act)
    refused = bool(judged._people(judged.REFUSED, "stxABC_1"))
    assert {type(error) for error in raised} == ({PaymentRefused} if refused else set())
    assert (Subscription.records.get(ANN) is None) == refused


def test_a_replay_of_what_was_taken_back_says_so_and_one_at_another_price_too(
    in_json: Scene, settings: Settings
) -> None:
    in_json.join(ANN)
    services.receive(charge(), now=NOW)
    services.receive(charge(2), now=NOW)
    services.refund("stxABC_2", now=NOW)
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [500]}
    with database_away():
        assert services.receive(charge(), now=NOW).status == "completed"
        assert services.receive(charge(2), now=NOW).status == "refunded"
        assert kept(in_json) == 0
    assert has(ANN).expires_at == NOW + days(30)


def test_what_was_given_for_a_refunded_charge_by_who_could_not_know_is_taken_back(
    in_json: Scene, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """The refusal had not reached this host: whoever was to bring it died, and the database went away."""
    in_json.subscribe(ANN, tier="premium", expires_at=NOW + days(5))
    with monkeypatch.context() as patch:
        patch.setattr("migration_control.inbox.settling.at_once", lambda entries: None)
        with pytest.raises(WrongAmount):
            services.receive(charge(amount=5), now=NOW)
        services.refund("stxABC_1", now=NOW)
        settings.PRICES = settings.PRICES | {("premium", "monthly"): [5]}
        with database_away():
            assert services.receive(charge(amount=5), now=NOW).status == "completed"
        assert has(ANN).expires_at == NOW + days(35)
    settle()
    assert (time_of(ANN)[:2], statuses(), waiting()) == (
        ("premium", NOW + days(5)), {"stxABC_1": "refunded"}, [0, 0],
    )  # fmt: skip


def test_what_another_users_charge_gave_is_taken_back(in_json: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their row was written on another host, and the act that gives waits for the files."""
    in_json.join(ANN, BOB)
    with monkeypatch.context() as patch:
        patch.setattr("migration_control.inbox.settling.at_once", lambda entries: None)
        services.receive(charge(), now=NOW)
        with database_away():
            services.receive(charge(user_id=BOB), now=NOW)
    settle()
    assert services.of(BOB, now=NOW).tier == "free"
    settle()
    assert [waiting(), Payment.objects.get().user_id] == [[0, 0], ANN]
    with pytest.raises(AnotherPayment):
        services.receive(charge(user_id=BOB), now=NOW)


def test_what_follows_from_a_refusal_waits_for_whoever_comes_after_a_crash(
    in_json: Scene, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    in_json.join(ANN)
    prices, others = settings.PRICES, settings.PRICES | {("premium", "monthly"): [5, 6]}
    for act in ("received", "refunded"):
        number, amount = (1, 5) if act == "received" else (2, 6)
        settings.PRICES = prices
        with monkeypatch.context() as patch:
            patch.setattr("migration_control.inbox.settling.at_once", lambda entries: None)
            with pytest.raises(WrongAmount):
                services.receive(charge(number, amount=amount), now=NOW)
            if act == "refunded":
                InboxEntry.objects.all().delete()  # of a release that posted none
                services.refund(f"stxABC_{number}", now=NOW)
        settle()
        settings.PRICES = others
        with database_away(), pytest.raises(PaymentRefused):
            services.receive(charge(number, amount=amount), now=NOW)


def test_a_charge_that_was_kept_for_somebody_else_takes_nothing_from_whose_it_is(
    database_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    database_scene.join(ANN, BOB)
    with monkeypatch.context() as patch:
        patch.setattr("migration_control.inbox.settling.at_once", lambda entries: None)
        services.receive(charge(), now=NOW)
        with database_away():
            services.receive(charge(user_id=BOB), now=NOW)
    settle()
    assert (has(ANN).expires_at, Subscription.records.get(BOB)) == (NOW + days(30), None)
    assert (statuses(), waiting()) == ({"stxABC_1": "completed"}, [0, 0])


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
