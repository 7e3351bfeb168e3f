"""What each tier allows and costs, and how time of one tier counts in another."""

from __future__ import annotations

from collections.abc import Mapping
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
# Among a subscription's further keys:
UNDERNEATH = "tier_without_end"  # see Time
TAKEN = "run_out_taken_at"  # since when somebody is about to tell the user that it ran out; ISO
_END = datetime(2190, 1, 1, tzinfo=UTC)  # nothing is extended beyond it: files' dates end soon after


class Limits(NamedTuple):
    """requests_per_day: None is without a limit. match_history: matches shown. features: see FEATURES."""

    requests_per_day: int | None
    match_history: int
    features: frozenset[str]


class Time(NamedTuple):
    """Until when somebody has which tier. expires_at: None is without end, or nothing at all for the free tier.
    underneath: a lower tier without end, which is had again after it.
    """

    tier: str
    expires_at: datetime | None
    underneath: str | None = None


Prices = Mapping[str, int]  # of a month in Stars, by tier


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
    """The tier that counts now: once it has lapsed what lies underneath, whoever has written that down or not."""
    tier = after_end(subscription).tier if has_lapsed(subscription, now) else subscription.tier
    return tier if tier in _RANKS else Tier.FREE.value


def time_of(subscription: Subscription) -> Time:
    return Time(str(subscription.tier), subscription.expires_at, _underneath(subscription))


def put(subscription: Subscription, time: Time) -> None:
    """In a change."""
    subscription.tier, subscription.expires_at = time.tier, time.expires_at
    further = {name: value for name, value in subscription.extra.items() if name not in (UNDERNEATH, TAKEN)}
    subscription.extra = further | ({UNDERNEATH: time.underneath} if time.underneath else {})


def after_end(subscription: Subscription) -> Time:
    """What somebody has whose time is over."""
    return Time(_underneath(subscription) or Tier.FREE.value, None)


def extended(has: Time, tier: str, given: timedelta, now: datetime) -> Time:
    """What somebody has who is given so much of a tier.

    A tier that runs goes on from its end; one that has lapsed, or none, begins now. Where two tiers meet, the higher
    one is had, and the lower one's time becomes time of it by their monthly prices: 30 days of premium at 199 Stars are
    a little under 20 days of pro at 299. So nothing that was paid for is lost, and nobody has pro for premium's price.
    What has no end keeps none, and lies underneath a higher tier until that has run out.
    """
    if has.expires_at is not None and has.expires_at <= now:
        has = Time(has.underneath or Tier.FREE.value, None)
    if has.tier not in _RANKS or has.tier == Tier.FREE:
        return Time(tier, _later(now, given))
    higher = max(has.tier, tier, key=_RANKS.__getitem__)
    if has.expires_at is None:
        return has if higher == has.tier else Time(tier, _later(now, given), has.tier)
    if higher == has.tier:
        return Time(higher, _later(has.expires_at, _converted(given, tier, higher, monthly())), has.underneath)
    left = _converted(has.expires_at - now, has.tier, higher, monthly())
    return Time(higher, _later(now, left + given), has.underneath)


def adds_nothing(has: Time, tier: str) -> bool:
    """More time of this tier: to somebody who has it, or a higher one, without end. tier: a paid one."""
    return has.expires_at is None and _RANKS.get(has.tier, 0) >= _RANKS[tier]


def left_of(after: Time, tier: str, given: timedelta, now: datetime, prices: Prices) -> timedelta:
    """How much of what somebody was given is not used up, as time of the tier that they had after it.

    prices: by which it was given.
    """
    if after.expires_at is None:
        return timedelta(0)
    return max(min(_converted(given, tier, after.tier, prices), after.expires_at - now), timedelta(0))


def shortened(has: Time, tier: str, taken: timedelta, prices: Prices) -> Time:
    """What is left once so much of a tier is taken back: of another tier, what it is worth there by these prices."""
    if has.expires_at is None or has.tier not in _RANKS or has.tier == Tier.FREE:
        return has
    return has._replace(expires_at=_earlier(has.expires_at, _converted(taken, tier, has.tier, prices)))


def monthly() -> dict[str, int]:
    """The present prices."""
    return {tier.value: price(tier, "monthly") for tier in (Tier.PREMIUM, Tier.PRO)}


def _underneath(subscription: Subscription) -> str | None:
    tier = subscription.extra.get(UNDERNEATH)
    return tier if isinstance(tier, str) and _RANKS.get(tier) else None


def _converted(time: timedelta, of: str, to: str, prices: Prices) -> timedelta:
    """Rounded up to a second."""
    if of == to:
        return time
    microseconds = time // timedelta(microseconds=1) * prices[of]
    return timedelta(seconds=-(-microseconds // (prices[to] * 1_000_000)))


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
