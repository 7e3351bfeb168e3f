"""Days, ISO weeks and months of BOT_TIME_ZONE, as spans of moments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings


class Period(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def first_day(self, day: date) -> date:
        """Of the period that the day is in: weeks begin on Monday."""
        if self is Period.WEEKLY:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Period.MONTHLY else day

    def next_first_day(self, day: date) -> date:
        first = self.first_day(day)
        if self is Period.MONTHLY:
            return (first + timedelta(days=31)).replace(day=1)
        return first + timedelta(days=7 if self is Period.WEEKLY else 1)

    def named(self, day: date) -> str:
        """2026-11-23, 2026-W48 or 2026-11."""
        if self is Period.WEEKLY:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02d}"
        return f"{day:%Y-%m}" if self is Period.MONTHLY else day.isoformat()


class Span(NamedTuple):
    """since <= moment < until."""

    since: datetime
    until: datetime


def zone() -> ZoneInfo:
    return ZoneInfo(settings.BOT_TIME_ZONE)


def day_of(at: datetime) -> date:
    return at.astimezone(zone()).date()


def span(period: Period, day: date) -> Span:
    """From midnight to midnight there, however long the days are."""
    return Span(_midnight(period.first_day(day)), _midnight(period.next_first_day(day)))


def touching(since: datetime, until: datetime) -> Iterator[tuple[Period, date]]:
    """Every period of which some lies between, with its first day."""
    last = day_of(until - timedelta(microseconds=1))
    for period in Period:
        day = period.first_day(day_of(since))
        while day <= last:
            yield period, day
            day = period.next_first_day(day)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, zone()).astimezone(UTC)
