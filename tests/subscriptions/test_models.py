"""What the tables of subscriptions and payments hold and refuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from subscriptions.models import Payment, Subscription
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)


def pay(**values: Any) -> Payment:
    usual: dict[str, Any] = {"charge_id": "c", "user_id": 1, "tier": "premium", "days": 30, "amount": 199}
    return Payment.objects.create(**(usual | values))


def test_two_subscriptions_do_not_share_a_referral_code() -> None:
    give_authority_to_the_database("users", "subscriptions")
    Subscription.objects.create(user_id=1, referral_code="ABC")
    with pytest.raises(IntegrityError, match="one_subscription_per_referral_code"):
        Subscription.objects.create(user_id=2, referral_code="ABC")


def test_a_tier_that_nobody_knows_is_held_as_it_is() -> None:
    give_authority_to_the_database("users", "subscriptions")
    Subscription.objects.create(user_id=1, tier="platinum")
    assert Subscription.objects.get().tier == "platinum"


def test_a_payment_is_pending_and_in_stars_until_something_else_is_said() -> None:
    payment = pay()
    payment.refresh_from_db()
    assert (payment.status, payment.currency, payment.completed_at) == ("pending", "XTR", None)
    assert payment.created_at is not None


def test_a_charge_is_one_row() -> None:
    pay()
    with pytest.raises(IntegrityError):
        pay(user_id=2)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"amount": 0}, "payment_of_something"),
        ({"days": 0}, "payment_for_some_time"),
        ({"currency": "EUR"}, "payment_in_stars"),
        ({"status": "lost"}, "payment_status_known"),
        ({"tier": "free"}, "payment_for_a_paid_tier"),
    ],
)
def test_a_payment_that_cannot_be_is_refused(values: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        pay(**values)
