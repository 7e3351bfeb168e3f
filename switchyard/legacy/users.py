"""The FACEIT bot's user and subscription, as its handlers know them: dates are naive and local."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from accounts.models import User
from subscriptions import services as subscriptions
from subscriptions.models import Subscription
from switchyard.legacy import clock
from switchyard.legacy.remembering import Fields, Remembering


class SubscriptionTier(StrEnum):
    """Equal to its string."""

    FREE = "free"
    PREMIUM = "premium"
    PRO = "pro"


def nothing() -> None:
    return None


class UserSubscription(Remembering):
    """tier: a SubscriptionTier, or the text that the file has in its place. Dates: naive, local."""

    FIELDS: ClassVar[dict[str, Callable[[], Any]]] = {
        "tier": lambda: SubscriptionTier.FREE,
        "expires_at": nothing,
        "auto_renew": bool,
        "payment_method": nothing,
        "daily_requests": int,
        "last_reset_date": nothing,
        "referred_by": nothing,
        "referral_code": nothing,
        "referrals_count": int,
    }

    tier: str
    expires_at: datetime | None
    auto_renew: bool
    payment_method: str | None
    daily_requests: int
    last_reset_date: datetime | None
    referred_by: int | None
    referral_code: str | None
    referrals_count: int

    def __init__(self, **given: Any) -> None:
        _read_dates(given, "expires_at", "last_reset_date")
        if given.get("tier") in list(SubscriptionTier):
            given["tier"] = SubscriptionTier(given["tier"])
        super().__init__(**given)

    def dict(self) -> Fields:
        return _written(super().dict())


class UserData(Remembering):
    """user_id has to be given. Dates: naive, local; dict() has them as texts, as data.json does."""

    FIELDS: ClassVar[dict[str, Callable[[], Any]]] = {
        "user_id": nothing,
        "faceit_player_id": nothing,
        "faceit_nickname": nothing,
        "last_checked_match_id": nothing,
        "waiting_for_nickname": bool,
        "language": lambda: "ru",
        "notifications_enabled": lambda: True,
        "created_at": lambda: clock.local(clock.now()),
        "last_active_at": nothing,
        "total_requests": int,
    }

    user_id: int
    faceit_player_id: str | None
    faceit_nickname: str | None
    last_checked_match_id: str | None
    waiting_for_nickname: bool
    language: str
    notifications_enabled: bool
    created_at: datetime | None
    last_active_at: datetime | None
    total_requests: int
    subscription: UserSubscription

    def __init__(self, *, subscription: UserSubscription | dict[str, Any] | None = None, **given: Any) -> None:
        if "user_id" not in given:
            raise TypeError("UserData needs a user_id")
        _read_dates(given, "created_at", "last_active_at")
        super().__init__(**given)
        if isinstance(subscription, dict):
            subscription = UserSubscription(**subscription)
        self.subscription = subscription or UserSubscription()

    def dict(self) -> Fields:
        return _written(super().dict()) | {"subscription": self.subscription.dict()}

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other) and self.subscription == getattr(other, "subscription", None)


def user_of(user: User, subscription: Subscription | None) -> UserData:
    """What the stores have of them."""
    fields = {name: getattr(user, name) for name in UserData.FIELDS}
    made = UserData(**{name: _local(value) for name, value in fields.items()})
    made.remember()
    made.subscription = subscription_of(subscription or Subscription(user_id=user.user_id))
    return made


def subscription_of(subscription: Subscription) -> UserSubscription:
    """As it counts now: a handler that makes free whom it sees to have lapsed takes nothing that lies underneath."""
    return as_stored(subscriptions.shown(copy.copy(subscription), now=clock.now()))


def as_stored(subscription: Subscription) -> UserSubscription:
    fields = {name: getattr(subscription, name) for name in UserSubscription.FIELDS}
    return UserSubscription.read_as(**{name: _local(value) for name, value in fields.items()})


def _local(value: Any) -> Any:
    return clock.local(value) if isinstance(value, datetime) else value


def _read_dates(given: dict[str, Any], *names: str) -> None:
    """Those that are texts, as dict() writes them. Raises BadInput."""
    for name in names:
        if isinstance(given.get(name), str):
            given[name] = clock.local(clock.aware(name, given[name]))


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    plain = {name: str(value) if isinstance(value, StrEnum) else value for name, value in fields.items()}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()}
