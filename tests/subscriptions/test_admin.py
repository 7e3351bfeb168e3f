"""Subscriptions and payments in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.models import Payment, Subscription
from tests.staff import give_authority_to_the_database, put, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

SUBSCRIPTIONS = "/admin/subscriptions/subscription/"
PAYMENTS = "/admin/subscriptions/payment/"
ROW = """
INSERT INTO subscriptions_subscription (user_id, tier, expires_at, auto_renew, daily_requests, referral_code,
    referred_by, referrals_count, version, extra, duplicate) VALUES (%s, %s, %s, %s <> '', 0, %s, %s, 0, 0, '{}', false)
"""


@pytest.fixture
def editor() -> Client:
    return staff("view_subscription", "change_subscription", "view_payment")


def found(client: Client, address: str) -> list[int | str]:
    return [row.pk for row in client.get(address).context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("q=2", [2]),
        ("q=CODE1", [1]),
        ("q=CODE", []),
        ("q=77", [3]),
        ("tier__exact=pro", [2]),
        ("expired=yes", [2]),
        ("expired=no", [1, 3]),
        ("auto_renew__exact=1", [3]),
    ],
)
def test_subscriptions_are_searched_and_filtered(editor: Client, query: str, keys: list[int]) -> None:
    now = timezone.now()
    put("subscriptions", ROW, 1, "free", None, "", "CODE1", None)
    put("subscriptions", ROW, 2, "pro", now - timedelta(days=1), "", None, None)
    put("subscriptions", ROW, 3, "premium", now + timedelta(days=1), "renew", None, 77)
    assert found(editor, f"{SUBSCRIPTIONS}?{query}") == keys


def test_each_component_has_its_own_authority(editor: Client) -> None:
    put("subscriptions", ROW, 1, "free", None, "", None, None)
    give_authority_to_the_database("users")
    page = editor.get(f"{SUBSCRIPTIONS}1/change/").content.decode()
    assert "JSON is the authority for subscriptions" in page
    answer = editor.post(f"{SUBSCRIPTIONS}1/change/", {"drawn": "0", "tier": "pro"})
    assert "JSON is the authority for subscriptions by now" in said(answer)
    assert Subscription.objects.get().tier == "free"


def test_a_tier_that_nobody_knows_survives_the_correction_of_another_field(editor: Client) -> None:
    put("subscriptions", ROW, 1, "platinum", None, "", None, None)
    give_authority_to_the_database("users", "subscriptions")
    sent = {"drawn": "0", "tier": "platinum", "daily_requests": "5", "referrals_count": "0"}
    answer = editor.post(f"{SUBSCRIPTIONS}1/change/", sent)
    assert answer.status_code == 302, answer.context["errors"]
    row = Subscription.objects.get()
    assert (row.tier, row.daily_requests, row.version) == ("platinum", 5, 1)


@pytest.mark.parametrize(
    ("query", "charges"), [("q=a", ["a"]), ("q=2", ["b"]), ("status__exact=pending", ["b"]), ("tier__exact=pro", ["a"])]
)
def test_payments_are_searched_and_filtered(editor: Client, query: str, charges: list[str]) -> None:
    Payment.objects.create(charge_id="a", user_id=1, tier="pro", days=30, amount=1, status="completed")
    Payment.objects.create(charge_id="b", user_id=2, tier="premium", days=30, amount=1)
    assert found(editor, f"{PAYMENTS}?{query}") == charges


def test_nobody_touches_a_payment_here(admin_client: Client) -> None:
    Payment.objects.create(charge_id="a", user_id=1, tier="pro", days=30, amount=1)
    assert admin_client.get(f"{PAYMENTS}a/change/").status_code == 200
    for address in (f"{PAYMENTS}add/", f"{PAYMENTS}a/change/", f"{PAYMENTS}a/delete/"):
        assert admin_client.post(address, {"status": "refunded", "post": "yes"}).status_code == 403
    assert Payment.objects.get().status == "pending"
