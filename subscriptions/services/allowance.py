"""How often somebody may still ask today: looked at, or counted in the same act, which nobody passes twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from migration_control import given
from migration_control.stores.changes import Changes
from subscriptions.errors import UnknownUser
from subscriptions.models import Subscription
from subscriptions.services import days, records
from subscriptions.services.tiers import FEATURES, effective, limits

OK, LIMIT_REACHED, UNKNOWN_USER, TIER_TOO_LOW, UNKNOWN_FEATURE = (
    "", "limit-reached", UnknownUser.code, "tier-too-low", "unknown-feature",
)  # fmt: skip


class Allowance(NamedTuple):
    """used: requests counted today, this one included. limit: None is without one. resets_at: when the next day begins,
    in UTC. code: why it is not allowed, '' if it is: limit-reached, unknown-user.
    """

    allowed: bool
    used: int
    limit: int | None
    resets_at: datetime
    code: str


class Access(NamedTuple):
    """code: why not, '' if allowed: tier-too-low, unknown-feature, unknown-user."""

    allowed: bool
    code: str


def may_request(user_id: int, *, now: datetime) -> Allowance:
    """Whether one more request would be allowed. Counts and writes nothing; a new day counts as begun."""
    found = _found(user_id)
    if found is None:
        return _unknown(user_id, now)
    return _allowance(found, days.used(found, now), now)


def check_and_count(user_id: int, *, now: datetime) -> Allowance:
    """Count one request if it is allowed, as one act: of many at once as many are allowed as were left.

    Nobody is allowed by mistake: not a user that there is not, and where no store answers the error is raised. Who dies
    before the answer may have been counted. At the limit nothing is written.
    """

    def act(_: Changes[Subscription], subscription: Subscription) -> Allowance:
        days.turn(subscription, now)
        found = _allowance(subscription, days.used(subscription, now), now)
        if not found.allowed:
            return found
        subscription.daily_requests = found.used + 1
        return found._replace(used=subscription.daily_requests)

    try:
        found = records.change(given.telegram_id(user_id), act)
    except UnknownUser:
        return _unknown(user_id, now)
    assert found is not None  # it is not done once only
    return found


def count(user_id: int, *, now: datetime) -> Subscription:
    """Count one request without asking whether it is allowed. Raises UnknownUser."""

    def act(_: Changes[Subscription], subscription: Subscription) -> Subscription:
        days.turn(subscription, now)
        subscription.daily_requests = days.used(subscription, now) + 1
        return subscription

    counted = records.change(given.telegram_id(user_id), act)
    assert counted is not None
    return counted


def allows(user_id: int, feature: str, *, now: datetime) -> Access:
    """Whether the user's tier has the feature, one of tiers.FEATURES. Raises BadInput."""
    given.text("a feature", feature, empty=True)
    found = _found(user_id)
    if found is None:
        return Access(allowed=False, code=UNKNOWN_USER)
    if feature not in FEATURES:
        return Access(allowed=False, code=UNKNOWN_FEATURE)
    allowed = feature in limits(effective(found, now)).features
    return Access(allowed, OK if allowed else TIER_TOO_LOW)


def _found(user_id: int) -> Subscription | None:
    """The subscription, or a free one of somebody who has none; None if nobody is known by that id."""
    key = given.telegram_id(user_id)
    found = Subscription.records.get(key)
    known = records.is_known(key) if found is None else records.has_user(found)
    return found or Subscription(user_id=key) if known else None


def _allowance(subscription: Subscription, used: int, now: datetime) -> Allowance:
    limit = limits(effective(subscription, now)).requests_per_day
    allowed = limit is None or used < limit
    return Allowance(allowed, used, limit, _resets_at(subscription, now), OK if allowed else LIMIT_REACHED)


def _resets_at(subscription: Subscription, now: datetime) -> datetime:
    return days.begins(days.counts_for(subscription, now) + timedelta(days=1))


def _unknown(user_id: int, now: datetime) -> Allowance:
    nobody = Subscription(user_id=user_id)
    return _allowance(nobody, 0, now)._replace(allowed=False, code=UNKNOWN_USER)
