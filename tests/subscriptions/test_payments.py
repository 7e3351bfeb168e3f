"""Payments: each charge gives once what was paid for, and is refunded once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from migration_control import components, trimming
from migration_control.given import BadInput
from migration_control.inbox import settling
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json
from migration_control.models import AppliedEffect
from subscriptions import services
from subscriptions.errors import (
    AnotherPayment,
    ForgedPayload,
    NoSuchPayer,
    OrderRefused,
    PaymentRefused,
    SomebodyElses,
    UnknownCharge,
    WrongAmount,
    WrongCurrency,
)
from subscriptions.models import Payment, Subscription
from subscriptions.services import charges
from tests.migration_control.stores.worlds import in_threads
from tests.points import Points
from tests.subscriptions.scene import ANN, BOB, NOBODY, NOW, Scene, charge, days, has, statuses, time_of, waiting

AT_ONCE = "migration_control.inbox.settling.at_once"


def test_a_charge_gives_what_was_paid_for(scene: Scene) -> None:
    scene.join(ANN)
    receipt = services.receive(charge(), now=NOW)
    assert receipt == ("stxABC_1", ANN, "premium", 30, 199, "completed", NOW)
    assert time_of(ANN) == ("premium", NOW + days(30), "telegram_stars")
    row = Payment.objects.get()
    assert (row.status, row.payload, row.created_at) == ("completed", f"premium_monthly_{ANN}", NOW)
    assert row.completed_at is not None
    assert waiting() == [0, 0]


def test_a_replay_changes_nothing_and_has_the_same_receipt(scene: Scene) -> None:
    """The old code knew a payment by its tier and duration, and credited a replay."""
    scene.join(ANN)
    first = services.receive(charge(), now=NOW)
    version = has(ANN).version
    assert [services.receive(charge(), now=NOW + days(n)) for n in range(3)] == [first] * 3
    assert (has(ANN).version, statuses()) == (version, {"stxABC_1": "completed"})
    services.receive(charge(2), now=NOW)
    assert has(ANN).expires_at == NOW + days(60)


def test_fifty_who_bring_the_same_charge_have_one_receipt(scene: Scene) -> None:
    scene.join(ANN)
    receipts: list[services.Receipt] = []
    assert in_threads(50, lambda _: receipts.append(services.receive(charge(), now=NOW))) == []
    settling.settle()
    assert {receipt._replace(status="") for receipt in receipts} == {receipts[0]._replace(status="")}
    assert services.receive(charge(), now=NOW).status == "completed"
    assert (has(ANN).expires_at, statuses(), waiting()) == (NOW + days(30), {"stxABC_1": "completed"}, [0, 0])


def test_what_was_missed_is_given_by_a_replay_or_by_the_inbox(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.join(ANN)
    with monkeypatch.context() as patch:
        patch.setattr(AT_ONCE, lambda entries: None)
        assert [services.receive(charge(n), now=NOW).status for n in (1, 2)] == ["pending", "pending"]
    assert (Subscription.records.get(ANN), waiting()) == (None, [0, 2])
    assert services.receive(charge(1), now=NOW).status == "completed"
    assert settling.settle() == 1
    assert (has(ANN).expires_at, waiting()) == (NOW + days(60), [0, 0])
    assert set(statuses().values()) == {"completed"}


FORGED: list[tuple[dict[str, Any], type[OrderRefused]]] = [
    ({"payload": "free beer"}, ForgedPayload),
    ({"payload": ""}, ForgedPayload),
    ({"payload": "😀 \u202e \u05e9"}, ForgedPayload),
    ({"payload": f"pro_yearly_{BOB}"}, SomebodyElses),
    ({"payload": f"pro_yearly_{ANN}"}, WrongAmount),
    ({"currency": "USD"}, WrongCurrency),
    ({"amount": 1}, WrongAmount),
]


@pytest.mark.parametrize(("change", "error"), FORGED)
def test_a_charge_for_what_we_do_not_sell_gives_nothing_and_is_kept_as_failed(
    scene: Scene, change: dict[str, Any], error: type[OrderRefused]
) -> None:
    scene.join(ANN, BOB)
    for _ in range(2):
        with pytest.raises(error):
            services.receive(charge()._replace(**change), now=NOW)
    row = Payment.objects.get()
    assert (row.status, row.reason, row.user_id) == ("failed", error.code, ANN)
    assert {name: getattr(row, name) for name in change} == change
    assert (Subscription.records.count(), waiting()) == (0, [0, 0])


def test_a_failed_payment_stays_one_when_prices_change(json_scene: Scene, settings: Settings) -> None:
    json_scene.join(ANN)
    cheap = charge(amount=150)
    with pytest.raises(WrongAmount):
        services.receive(cheap, now=NOW)
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [150]}
    with pytest.raises(PaymentRefused) as refusal:
        services.receive(cheap, now=NOW)
    assert refusal.value.reason == "wrong-amount"
    assert Subscription.records.count() == 0


def test_who_paid_and_is_no_user_is_told_to_staff(scene: Scene) -> None:
    for _ in range(2):
        with pytest.raises(NoSuchPayer):
            services.receive(charge(user_id=NOBODY), now=NOW)
    assert (statuses(), Subscription.records.count()) == ({"stxABC_1": "failed"}, 0)
    assert services.refund("stxABC_1", now=NOW).status == "refunded"


@pytest.mark.parametrize(
    "change",
    [
        {"charge_id": ""}, {"charge_id": "x" * 151}, {"charge_id": "a b"}, {"charge_id": "\0"}, {"charge_id": None},
        {"user_id": 2**63}, {"user_id": -1}, {"user_id": True}, {"amount": 0}, {"amount": -199}, {"amount": 2**31},
        {"amount": "199"}, {"currency": "\ud800"}, {"currency": None}, {"payload": "x" * 5_000_000}, {"payload": "\0"},
        {"payload": "\ud800"}, {"payload": None},
    ],
)  # fmt: skip
def test_what_telegram_says_of_no_charge_is_refused_and_not_kept(json_scene: Scene, change: dict[str, Any]) -> None:
    json_scene.join(ANN)
    with pytest.raises(BadInput):
        services.receive(charge()._replace(**change), now=NOW)
    assert (statuses(), Subscription.records.count(), waiting()) == ({}, 0, [0, 0])


@pytest.mark.parametrize(
    "change",
    [{"user_id": BOB, "payload": f"premium_monthly_{BOB}"}, {"amount": 299}, {"payload": f"pro_monthly_{ANN}"}],
)
def test_a_known_charge_id_on_another_payment_is_refused(json_scene: Scene, change: dict[str, Any]) -> None:
    json_scene.join(ANN, BOB)
    services.receive(charge(), now=NOW)
    with pytest.raises(AnotherPayment):
        services.receive(charge()._replace(**change), now=NOW)
    assert (time_of(ANN)[0], Subscription.records.get(BOB)) == ("premium", None)


# Refunds


def test_a_refund_makes_it_as_if_nothing_was_paid(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", expires_at=NOW + days(9), payment_method="gift", daily_requests=4)
    scene.join(BOB)
    before = time_of(ANN)
    services.receive(charge(order="pro_monthly", amount=299), now=NOW)
    services.receive(charge(2, user_id=BOB), now=NOW)
    assert time_of(ANN)[0] == "pro"
    assert services.refund("stxABC_1", now=NOW + days(1)).status == "refunded"
    assert (time_of(ANN), has(ANN).daily_requests) == (before, 4)
    services.refund("stxABC_2", now=NOW)
    assert time_of(BOB) == ("free", None, None)
    assert statuses() == {"stxABC_1": "refunded", "stxABC_2": "refunded"}


def test_a_refund_happens_once_and_a_replay_of_the_charge_gives_nothing(scene: Scene) -> None:
    scene.join(ANN)
    services.receive(charge(), now=NOW)
    services.receive(charge(2), now=NOW)
    receipts: list[services.Receipt] = []
    assert in_threads(10, lambda _: receipts.append(services.refund("stxABC_1", now=NOW))) == []
    settling.settle()
    assert len(set(receipts)) == 1
    assert services.receive(charge(), now=NOW) == receipts[0]
    assert (has(ANN).expires_at, waiting()) == (NOW + days(30), [0, 0])


def test_a_refund_takes_what_is_not_used_up_and_nothing_that_others_gave(scene: Scene) -> None:
    """30 days, of which 10 are used, with a year behind them: the year is left, from now on."""
    scene.join(ANN)
    services.receive(charge(), now=NOW)
    services.receive(charge(2, order="premium_yearly", amount=1999), now=NOW + days(5))
    services.refund("stxABC_1", now=NOW + days(10))
    assert time_of(ANN)[:2] == ("premium", NOW + days(10 + 365))
    services.refund("stxABC_2", now=NOW + days(10))
    assert time_of(ANN)[:2] == ("premium", NOW + days(10))
    assert services.of(ANN, now=NOW + days(10)).tier == "free"


def test_a_refund_of_what_is_long_used_up_takes_nothing(json_scene: Scene) -> None:
    json_scene.join(ANN)
    services.receive(charge(order="pro_monthly", amount=299), now=NOW)
    services.expire(now=NOW + days(40))
    services.receive(charge(2), now=NOW + days(50))
    services.refund("stxABC_1", now=NOW + days(51))
    assert time_of(ANN)[:2] == ("premium", NOW + days(80))


def test_a_refund_of_premium_takes_what_it_is_worth_in_pro(json_scene: Scene) -> None:
    json_scene.join(ANN)
    services.receive(charge(), now=NOW)
    services.receive(charge(2, order="pro_monthly", amount=299), now=NOW)
    services.refund("stxABC_1", now=NOW)
    assert time_of(ANN)[:2] == ("pro", NOW + days(30))


def test_a_refund_before_the_credit_leaves_nothing_given(scene: Scene, points: Points) -> None:
    scene.subscribe(ANN, tier="premium", expires_at=NOW + days(3), payment_method="gift")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AT_ONCE, lambda entries: None)
        assert services.receive(charge(), now=NOW).status == "pending"
        assert services.refund("stxABC_1", now=NOW).status == "refunded"
    for _ in range(3):
        settling.settle(2e9)
    assert (time_of(ANN), statuses(), waiting()) == (
        ("premium", NOW + days(3), "gift"), {"stxABC_1": "refunded"}, [0, 0],
    )  # fmt: skip
    assert services.receive(charge(), now=NOW).status == "refunded"
    assert has(ANN).expires_at == NOW + days(3)


def test_a_refund_while_the_charge_is_being_given_leaves_nothing_given(scene: Scene, points: Points) -> None:
    from tests.points import before

    scene.join(ANN)
    points.act(before("subscriptions.services.crediting.credit"), lambda: services.refund("stxABC_1", now=NOW))
    assert services.receive(charge(), now=NOW).status == "refunded"
    settling.settle(2e9)
    assert (time_of(ANN), statuses()) == (("free", None, None), {"stxABC_1": "refunded"})


def test_a_failed_payment_is_refunded_and_takes_nothing(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", expires_at=NOW + days(3))
    with pytest.raises(WrongAmount):
        services.receive(charge(amount=1), now=NOW)
    receipts = [services.refund("stxABC_1", now=NOW) for _ in range(2)]
    assert receipts[0] == receipts[1]
    assert (time_of(ANN)[1], statuses(), waiting()) == (NOW + days(3), {"stxABC_1": "refunded"}, [0, 0])


def test_a_user_who_was_deleted_meanwhile_is_not_made_again(scene: Scene) -> None:
    scene.join(ANN)
    services.receive(charge(), now=NOW)
    Subscription.records.delete(ANN)
    User.records.delete(ANN)
    services.refund("stxABC_1", now=NOW)
    assert services.receive(charge(), now=NOW).status == "refunded"
    assert (Subscription.records.get(ANN), waiting()) == (None, [0, 0])


def test_a_user_who_was_deleted_and_came_again_keeps_what_was_paid_since(scene: Scene) -> None:
    scene.join(ANN)
    services.receive(charge(order="premium_yearly", amount=1999), now=NOW)
    User.records.delete(ANN)
    settling.settle()
    User.records.create(User(user_id=ANN, created_at=NOW + days(1)))
    services.receive(charge(2), now=NOW + days(1))
    for number, left in ((1, 31), (2, 1)):
        assert services.refund(f"stxABC_{number}", now=NOW + days(1)).status == "refunded"
        assert has(ANN).expires_at in (NOW + days(left), None)
    assert (services.of(ANN, now=NOW + days(1)).tier, waiting()) == ("free", [0, 0])


@pytest.mark.parametrize(("charge_id", "error"), [("nothing", UnknownCharge), ("", BadInput), (None, BadInput)])
def test_a_charge_that_nobody_knows_is_not_refunded(json_scene: Scene, charge_id: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        services.refund(charge_id, now=NOW)
    assert statuses() == {}


def test_a_row_never_goes_back(json_scene: Scene) -> None:
    known = charges.told(charge(), "premium", 30, NOW)
    charges.note(known, "refunded")
    for status in ("completed", "failed", "pending"):
        charges.note(known, status, "forged-payload" if status == "failed" else "")
        assert statuses() == {"stxABC_1": "refunded"}
    assert Payment.objects.get().reason == ""


def test_what_was_given_is_no_failure_whatever_was_said_of_a_replay(json_scene: Scene) -> None:
    """Given while the database was away; another host, with other prices by then, had the charge again."""
    charges.note(charges.told(charge(), "", 0, NOW), "failed", "wrong-amount")
    charges.note(charges.told(charge(), "premium", 30, NOW), "completed")
    row = Payment.objects.get()
    assert (row.status, row.reason, row.tier, row.days) == ("completed", "", "premium", 30)


# What a refund leaves


def test_a_refund_to_somebody_who_has_a_lower_tier_without_end_leaves_them_that(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", payment_method="gift")
    for number in (1, 2):
        services.receive(charge(number, order="pro_monthly", amount=299), now=NOW)
    assert time_of(ANN)[:2] == ("pro", NOW + days(60))
    services.upgrade(ANN, "premium", days=1, method="referral_bonus", now=NOW)
    services.refund("stxABC_1", now=NOW)
    assert days(30) < has(ANN).expires_at - NOW < days(31)  # type: ignore[operator]
    services.refund("stxABC_2", now=NOW)
    assert has(ANN).expires_at - NOW < days(1)  # type: ignore[operator]
    assert services.of(ANN, now=NOW + days(1)).tier == "premium"


def test_with_nothing_else_between_it_is_what_it_was(scene: Scene) -> None:
    scene.subscribe(ANN, tier="premium", payment_method="gift")
    for number in (1, 2):
        services.receive(charge(number, order="pro_monthly", amount=299), now=NOW)
    for number in (1, 2):
        services.refund(f"stxABC_{number}", now=NOW)
    assert (time_of(ANN)[:2], has(ANN).extra) == (("premium", None), {})


@pytest.mark.parametrize("price", [99, 399])
def test_a_refund_counts_by_the_prices_at_which_it_was_given_or_takes_less(
    scene: Scene, settings: Settings, price: int
) -> None:
    scene.join(ANN)
    services.receive(charge(1), now=NOW)
    services.receive(charge(2, order="pro_monthly", amount=299), now=NOW)
    services.upgrade(ANN, "premium", days=7, method="referral_bonus", now=NOW)
    bonus = has(ANN).expires_at - NOW - days(30) - timedelta(seconds=1725111)  # type: ignore[operator]
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [price]}
    for number in (1, 2):
        services.refund(f"stxABC_{number}", now=NOW)
    left = has(ANN).expires_at - NOW  # type: ignore[operator]
    assert left == bonus if price > 199 else left > bonus


def test_a_refund_takes_nothing_of_others_if_prices_changed_before_it_became_time_of_another_tier(
    scene: Scene, settings: Settings
) -> None:
    scene.join(ANN)
    services.receive(charge(1), now=NOW)
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [100]}
    services.receive(charge(2, order="pro_monthly", amount=299), now=NOW)
    services.refund("stxABC_1", now=NOW)
    assert time_of(ANN)[:2] == ("pro", NOW + days(30))


def test_an_undo_of_an_older_release_counts_by_the_present_prices(json_scene: Scene) -> None:
    json_scene.join(ANN)
    services.receive(charge(1), now=NOW)
    row = Payment.objects.get()
    assert row.undo is not None
    row.undo = {"before": _old(row.undo["before"]), "after": _old(row.undo["after"])}
    row.save()
    services.upgrade(ANN, "pro", now=NOW)
    services.refund("stxABC_1", now=NOW)
    assert time_of(ANN)[:2] == ("pro", NOW + days(30))


def _old(state: dict[str, Any]) -> dict[str, Any]:
    return {name: state[name] for name in ("tier", "expires_at", "payment_method")}


def forget_effects(scene: Scene, now: datetime) -> None:
    """All that EFFECTS_KEPT_DAYS lets be forgotten by then."""
    if scene.ground.state("subscriptions").stage == "dual-write":
        for name in ("users", "subscriptions"):
            draining_to_database.drain(components.get(name), scene.ground.index)
            draining_to_json.drain(components.get(name), scene.ground.index)
    acknowledging.flush()
    for _ in range(2):
        trimming.trim(now)
    assert AppliedEffect.objects.count() == 0
    assert list(scene.ground.index.connection().execute("SELECT * FROM applied")) == []


@pytest.mark.parametrize("stage", ["dual-write/json", "dual-write/database"])
def test_a_refund_after_it_was_forgotten_what_a_charge_gave_gives_nothing(json_scene: Scene, stage: str) -> None:
    """Two years that were bought on one day; of the second one nothing is used up."""
    json_scene.stand(stage)
    json_scene.join(ANN)
    bought = timezone.now()
    for number in (1, 2):
        services.receive(charge(number, order="premium_yearly", amount=1999), now=bought)
    later = bought + days(401)
    forget_effects(json_scene, later)
    services.refund("stxABC_2", now=later)
    settling.settle(2e9)
    assert services.of(ANN, now=later).tier == "free"
    assert waiting() == [0, 0]


@pytest.mark.parametrize("stage", ["dual-write/json", "dual-write/database"])
def test_a_refund_that_is_said_again_after_it_was_forgotten_takes_nothing(json_scene: Scene, stage: str) -> None:
    json_scene.stand(stage)
    json_scene.join(ANN)
    bought = timezone.now()
    for number in (1, 2):
        services.receive(charge(number, order="premium_yearly", amount=1999), now=bought)
    services.refund("stxABC_2", now=bought)
    later = bought + days(401)
    forget_effects(json_scene, later)
    services.upgrade(ANN, "premium", days=100, now=later)
    assert services.refund("stxABC_2", now=later).status == "refunded"
    settling.settle(2e9)
    assert has(ANN).expires_at == later + days(100)
