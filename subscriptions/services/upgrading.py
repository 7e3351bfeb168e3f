"""Time of a tier is given."""

from __future__ import annotations

from datetime import datetime, timedelta

from migration_control import given
from migration_control.stores.changes import Changes
from subscriptions.errors import UnknownTier
from subscriptions.models import Subscription, Tier
from subscriptions.services import records
from subscriptions.services.tiers import extended, put, time_of

STARS = "telegram_stars"
LONGEST = 3650  # days at a time
METHOD = 50  # characters


def upgrade(
    user_id: int, tier: str, *, days: int = 30, method: str = STARS, now: datetime, once: str | None = None
) -> Subscription:
    """Give the user so many days of a tier: from the end of what runs, else from now.

    Of two tiers the higher one is had, and the lower one's time counts in it by their monthly prices: see
    tiers.extended(). method: how it was paid, as telegram_stars or referral_bonus. once: an idempotency key; under one
    that was used for this user before nothing changes. Raises UnknownUser, UnknownTier.
    """
    key, tier = given.telegram_id(user_id), paid(tier)
    given.whole("a number of days", days, low=1, high=LONGEST)
    given.text("a payment method", method, most=METHOD)

    def act(_: Changes[Subscription], subscription: Subscription) -> Subscription:
        give(subscription, tier, days, method, now)
        return subscription

    return records.change(key, act, once=once) or records.of(key, now=now)


def paid(tier: object) -> str:
    """A tier that can be had. Raises UnknownTier."""
    if not isinstance(tier, str) or tier not in (Tier.PREMIUM, Tier.PRO):
        raise UnknownTier(tier)
    return Tier(tier).value


def give(subscription: Subscription, tier: str, days: int, method: str, now: datetime) -> None:
    """In a change. The free tier is what a subscription without time is; so a bonus of no days changes nothing."""
    if not days:
        return
    put(subscription, extended(time_of(subscription), tier, timedelta(days=days), now))
    subscription.payment_method = method
