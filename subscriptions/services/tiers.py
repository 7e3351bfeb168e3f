"""What each tier allows and costs, and how time of one tier counts in another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from migration_control import moments
from subscriptions.models import Subscription, Tier

PERIODS = {"monthly": 30, "yearly": 365}  # days
XTR = "XTR"  # Telegram Stars

_RANKS = {Tier.FREE.value: 0, Tier.PREMIUM.value: 1, Tier.PRO.value: 2}
_FEATURES = {
    "match_analysis": Tier.FREE,
    "advanced_analytics": Tier.PREMIUM,
    "notifications": Tier.PREMIUM,
    "api_access": Tier.PRO,
    "priority_support": Tier.PRO,
}
_END = datetime(2190, 1, 1, tzinfo=UTC)  # nothing is extended beyond it: files' dates end soon after


class Limits(NamedTuple):
    """requests_per_day: None is without a limit. match_history: matches shown. features: see FEATURES."""

    requests_per_day: int | None
    match_history: int
    features: frozenset[str]


class Time(NamedTuple):
    """Until when somebody has which tier. expires_at: None is without end, or nothing at all for the free tier."""

    tier: str
    expires_at: datetime | None


FEATURES = frozenset(_FEATURES)


def limits(tier: str) -> Limits:
    """Of a tier; of one that nobody knows what the free one has."""
    name = tier if tier in _RANKS else Tier.FREE.value
    features = frozenset(feature for feature, least in _FEATURES.items() if _RANKS[name] >= _RANKS[least])
    return Limits(settings.DAILY_REQUESTS[name], settings.MATCH_HISTORY[name], features)


def price(tier: str, period: str) -> int:
    """In Stars, at present."""
    return int(settings.PRICES[tier, period][0])


def prices(tier: str, period: str) -> list[int]:
    """In Stars: the present one, and former ones at which a charge still counts."""
    return list(settings.PRICES[tier, period])


def has_lapsed(subscription: Subscription, now: datetime) -> bool:
    """Whether it is one that was paid for, and its time is over."""
    ends = subscription.expires_at
    return subscription.tier != Tier.FREE and ends is not None and ends <= now


def effective(subscription: Subscription, now: datetime) -> str:
    """The tier that counts now: free once it has lapsed, whoever has written that down or not."""
    known = subscription.tier in _RANKS and not has_lapsed(subscription, now)
    return subscription.tier if known else Tier.FREE.value


def extended(has: Time, tier: str, given: timedelta, now: datetime) -> Time:
    """What somebody has who is given so much of a tier.

    A tier that runs goes on from its end; one that has lapsed, or none, begins now. Where two tiers meet, the higher
    one is had, and the lower one's time becomes time of it by their monthly prices: 30 days of premium at 199 Stars are
    a little under 20 days of pro at 299. So nothing that was paid for is lost, and nobody has pro for premium's price.
    What has no end keeps none, in the higher of both tiers.
    """
    if has.tier not in _RANKS or has.tier == Tier.FREE or (has.expires_at is not None and has.expires_at <= now):
        return Time(tier, _later(now, given))
    higher = max(has.tier, tier, key=_RANKS.__getitem__)
    if has.expires_at is None:
        return Time(higher, None)
    if higher == has.tier:
        return Time(higher, _later(has.expires_at, _converted(given, tier, higher)))
    return Time(higher, _later(now, _converted(has.expires_at - now, has.tier, higher) + given))


def left_of(after: Time, tier: str, given: timedelta, now: datetime) -> timedelta:
    """How much of what somebody was given is not used up, as time of the tier that they had after it."""
    if after.expires_at is None:
        return timedelta(0)
    return max(min(_converted(given, tier, after.tier), after.expires_at - now), timedelta(0))


def shortened(has: Time, tier: str, taken: timedelta) -> Time:
    """What is left once so much of a tier is taken back: of another tier, what it is worth there."""
    if has.expires_at is None or has.tier not in _RANKS or has.tier == Tier.FREE:
        return has
    return Time(has.tier, _earlier(has.expires_at, _converted(taken, tier, has.tier)))


def _converted(time: timedelta, of: str, to: str) -> timedelta:
    """Rounded up to a second."""
    if of == to:
        return time
    microseconds = time // timedelta(microseconds=1) * price(of, "monthly")
    return timedelta(seconds=-(-microseconds // (price(to, "monthly") * 1_000_000)))


def _later(moment: datetime, time: timedelta) -> datetime:
    return moment if moment >= _END - time else said(moment + time)


def _earlier(moment: datetime, time: timedelta) -> datetime:
    return moment if moment >= _END else said(moment - time)


def said(moment: datetime) -> datetime:
    """The moment as the bot's file can say it, so that it is the same in every stage.

    The file has local times: those of an hour that a clock repeats read as the first of the two. Of the second it
    becomes the hour after.
    """
    zone = ZoneInfo(settings.LEGACY_TIME_ZONE)
    return moment + (moment - moments.parse(moments.legacy(moment, zone), zone))
