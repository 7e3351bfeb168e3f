"""Invoices: their payload, and what is refused before anything is charged."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from migration_control.given import BadInput
from subscriptions import services
from subscriptions.errors import (
    ForgedPayload,
    HasItForGood,
    OrderRefused,
    SomebodyElses,
    UnknownTier,
    WrongAmount,
    WrongCurrency,
)
from subscriptions.services.orders import judged
from subscriptions.services.tiers import UNDERNEATH
from tests.subscriptions.scene import ANN, BOB, CAT, NOBODY, NOW, Scene, charge, days

GOOD: dict[str, Any] = {"user_id": ANN, "amount": 199, "currency": "XTR"}


@pytest.mark.parametrize(
    ("tier", "period", "days", "price"),
    [
        ("premium", "monthly", 30, 199),
        ("premium", "yearly", 365, 1999),
        ("pro", "monthly", 30, 299),
        ("pro", "yearly", 365, 2999),
    ],
)
def test_a_payload_says_what_was_ordered(tier: str, period: str, days: int, price: int) -> None:
    text = services.payload(tier, period, ANN)
    assert text == f"{tier}_{period}_{ANN}"
    assert services.parse_payload(text) == (tier, period, ANN, days, price)
    assert services.check_order(text, user_id=ANN, amount=price, currency="XTR").days == days


@pytest.mark.parametrize(
    "text",
    [
        "", "premium", "premium_monthly_", "premium_monthly_0", "premium_monthly_-5", "premium_monthly_007",
        f"free_monthly_{ANN}", f"gold_monthly_{ANN}", f"premium_weekly_{ANN}", f"Premium_monthly_{ANN}",
        f"premium_monthly_{ANN}\n", f" premium_monthly_{ANN}", f"premium_monthly_{ANN}_x", "premium_monthly_٣",
        f"premium_monthly_{2**63}", "premium_monthly_" + "9" * 5000, "x" * 5_000_000, "\0", "\ud800", None, 5, b"pro",
    ],
)  # fmt: skip
def test_a_payload_that_is_none_of_ours_is_refused(text: Any) -> None:
    with pytest.raises(ForgedPayload):
        services.parse_payload(text)
    with pytest.raises(ForgedPayload):
        services.check_order(text, **GOOD)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"user_id": BOB}, SomebodyElses),
        ({"currency": "USD"}, WrongCurrency),
        ({"currency": "xtr"}, WrongCurrency),
        ({"currency": None}, WrongCurrency),
        ({"amount": 198}, WrongAmount),
        ({"amount": 1999}, WrongAmount),
        ({"amount": -199}, BadInput),
        ({"amount": 0}, BadInput),
        ({"amount": True}, BadInput),
        ({"amount": 199.0}, BadInput),
        ({"amount": 2**40}, BadInput),
        ({"user_id": True}, BadInput),
    ],
)
def test_what_is_not_what_we_sell_is_refused_before_it_is_charged(
    change: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        services.check_order(services.payload("premium", "monthly", ANN), **GOOD | change)


@pytest.mark.parametrize(("tier", "period"), [("free", "monthly"), ("pro", "weekly"), (None, "monthly"), ("pro", None)])
def test_nothing_else_is_invoiced(tier: Any, period: Any) -> None:
    with pytest.raises((UnknownTier, BadInput)):
        services.payload(tier, period, ANN)


def test_nobody_is_charged_for_what_they_have_without_end(json_scene: Scene) -> None:
    json_scene.subscribe(ANN, tier="premium")
    json_scene.subscribe(BOB, tier="pro", expires_at=NOW, extra={UNDERNEATH: "premium"})
    json_scene.subscribe(CAT, tier="premium", expires_at=NOW + days(1))
    json_scene.subscribe(NOBODY, tier="gold")

    def refused(user_id: int, tier: str) -> bool:
        try:
            services.check_buyer(user_id, tier, now=NOW)
        except HasItForGood:
            return True
        return False

    asked = [(user, tier) for user in (ANN, BOB, CAT, NOBODY, 5) for tier in ("premium", "pro")]
    assert [each for each in asked if refused(*each)] == [(ANN, "premium"), (BOB, "premium")]
    assert services.receive(charge(), now=NOW).status == "completed"  # who was charged all the same
    for bad in ("free", None):
        with pytest.raises(UnknownTier):
            services.check_buyer(ANN, bad, now=NOW)  # type: ignore[arg-type]


def test_a_former_price_counts_for_what_is_charged_and_not_for_what_is_to_be(settings: Settings) -> None:
    settings.PRICES = settings.PRICES | {("premium", "monthly"): [249, 199]}
    text = services.payload("premium", "monthly", ANN)
    assert services.parse_payload(text).price == 249
    with pytest.raises(WrongAmount):
        services.check_order(text, **GOOD)
    assert judged(text, **GOOD).days == 30
    assert services.check_order(text, **GOOD | {"amount": 249}).days == 30
    with pytest.raises(OrderRefused):
        judged(text, **GOOD | {"amount": 200})
