"""A payment that counts with a user, and with the subscription: two components, whose authorities may differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from accounts.models import User
from migration_control import inbox
from migration_control.stages import StageRow
from migration_control.stores.changes import Changes
from subscriptions.models import Subscription
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground

PAYER = 7
CREDIT, COUNT = "tests.credit", "tests.count"


@inbox.effect(CREDIT, make=lambda key: Subscription(user_id=key))
def credit(subscription: Subscription, payload: dict[str, int]) -> None:
    subscription.referrals_count += payload["by"]


@inbox.effect(COUNT)
def count(user: User, payload: dict[str, int]) -> None:
    user.total_requests += payload["by"]


def pay(charge: str) -> None:
    """The user's record is where it begins."""

    def change(changes: Changes[User]) -> None:
        changes[PAYER].total_requests += 1
        changes.post(CREDIT, "subscriptions", PAYER, {"by": 1}, id=charge)

    User.records.update_many([PAYER], change, once=charge)


def refer(charge: str) -> None:
    """The other way: the subscription's is."""

    def change(changes: Changes[Subscription]) -> None:
        changes[PAYER].referrals_count += 1
        changes.post(COUNT, "users", PAYER, {"by": 1}, id=charge)

    Subscription.records.update_many([PAYER], change, once=charge)


def counted() -> tuple[int, int]:
    user, subscription = User.records.get(PAYER), Subscription.records.get(PAYER)
    return (user.total_requests if user else -1, subscription.referrals_count if subscription else 0)


STANDS: dict[str, tuple[StageRow, StageRow]] = {
    "both in JSON": (DUAL_JSON, DUAL_JSON),
    "both in the database": (DUAL_DATABASE, DUAL_DATABASE),
    "one in each": (DUAL_DATABASE, DUAL_JSON),
}


def stand(ground: Ground, where: str) -> None:
    """Both records are there, with nothing counted."""
    User.records.create(User(user_id=PAYER))
    Subscription.records.create(Subscription(user_id=PAYER))
    users, subscriptions = STANDS[where]
    ground.move(users)
    ground.move(subscriptions, "subscriptions")


@contextmanager
def database_away() -> Iterator[None]:
    """For this process: no server listens where it looks."""
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "/nonexistent")
        patch.setitem(connection.settings_dict, "PORT", "1")
        yield
    connection.close()
