"""The calendar day that a limit is for, in BOT_TIME_ZONE."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from migration_control import moments
from subscriptions.models import Subscription

AHEAD = timedelta(days=1)  # that a clock may be, before its day is taken for an error


def day_of(moment: datetime) -> date:
    return moment.astimezone(_zone()).date()


def begins(day: date) -> datetime:
    """The first moment of that day, in UTC; a midnight that a clock leaves out is when it does so."""
    return datetime.combine(day, time(), _zone()).astimezone(UTC)


def used(subscription: Subscription, now: datetime) -> int:
    """What was counted on the day of `now`.

    If the last count was on a later day, some clock has gone back: what was counted then counts today too, or the
    allowance could be had twice.
    """
    last = subscription.last_reset_date
    if last is None or day_of(last) < day_of(now):
        return 0
    return max(subscription.daily_requests, 0)


def counts_for(subscription: Subscription, now: datetime) -> date:
    """The day whose allowance is being used: the one of `now`, or a later one that was begun already."""
    today, last = day_of(now), subscription.last_reset_date
    return today if last is None else min(max(day_of(last), today), today + AHEAD)


def turn(subscription: Subscription, now: datetime) -> None:
    """Begin a new day, if it is one. Keeps the count of a day that lies ahead; one far ahead a wrong clock has put
    there, and is taken for today, or the user would wait for it.
    """
    counted, last = used(subscription, now), subscription.last_reset_date
    if last is None or day_of(last) < day_of(now) or day_of(last) > day_of(now) + AHEAD:
        subscription.daily_requests, subscription.last_reset_date = counted, _stamp(now)


def _stamp(now: datetime) -> datetime:
    """A moment of today that the bot's file can say: of an hour that its clock repeats it knows the first only."""
    zone = ZoneInfo(settings.LEGACY_TIME_ZONE)
    if day_of(moments.parse(moments.legacy(now, zone), zone)) == day_of(now):
        return now
    return datetime.combine(day_of(now), time(12), _zone()).astimezone(UTC)


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.BOT_TIME_ZONE)
