"""What the bots ask of analytics. Recording without waiting is `recording.recorder()`.

Spans are since <= moment < until, aware. A day is one of BOT_TIME_ZONE, weeks are ISO's. Each question looks at no
more than scanning.MOST events.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime

from analytics import events, periods, rolling, scanning
from analytics.metrics import count_up, gauges, set_gauge
from analytics.models import Event
from analytics.periods import Period
from analytics.recording import recorder
from analytics.scanning import Found
from analytics.tallying import Count, Figures, Tally
from migration_control import given

LIMIT, MOST = 100, 1000  # events that a list has

__all__ = [
    "Count",
    "Figures",
    "Found",
    "Period",
    "append",
    "by_type",
    "by_user",
    "count_up",
    "counters",
    "gauges",
    "recorder",
    "roll_up",
    "set_gauge",
    "top_commands",
    "totals",
    "unique_users",
]


def append(
    event_type: str,
    data: object = None,
    *,
    bot_id: str,
    at: datetime,
    user_id: int | None = None,
    once: str | None = None,
) -> Event:
    """An event that is written when this returns, or kept (`kept`) while the database is away, if it has a key.

    once: an idempotency key, as 'update:123'. Raises BadInput, Pruned for a month that is no longer kept.
    """
    event = events.made(event_type, data, bot_id=bot_id, at=at, user_id=user_id)
    return Event.records.append(event, stem=events.month_of(at), once=once)


def counters(bot_id: str, since: datetime, until: datetime) -> dict[str, int]:
    """How many events of each type. Raises TooManyEvents, BadInput."""
    found = Counter(event.event_type or "" for event in scanning.between(since, until, bot_id=bot_id))
    return dict(sorted(found.items()))


def totals(bot_id: str, since: datetime, until: datetime) -> Count:
    """Events, and the different users that they are of. Raises TooManyEvents, BadInput."""
    return Tally().add_all(scanning.between(since, until, bot_id=bot_id)).total


def roll_up(period: Period, day: date, *, bot_id: str) -> Figures:
    """Of the period that the day is in: as it is kept, if that is up to date, or else counted now.

    What retention has pruned is known from what was kept of it; `complete` is False where nothing was. Raises
    TooManyEvents.
    """
    kept = rolling.stored(period, day, bot_id)
    span = periods.span(period, day)
    pruned = rolling.is_pruned(span)
    if kept is not None and (kept.there if pruned else kept.fresh):
        return kept.figures
    tally = Tally().add_all(scanning.between(*span, bot_id=bot_id))
    found = Figures(bot_id, period, period.first_day(day), tally.total, tally.by_type)
    return replace(found, complete=not pruned)


def unique_users(bot_id: str, day: date) -> int:
    """Of that day. Raises TooManyEvents."""
    return roll_up(Period.DAILY, day, bot_id=bot_id).total.users


def top_commands(bot_id: str, since: datetime, until: datetime, *, limit: int = 10) -> list[tuple[str, int]]:
    """The most used first, then by name. Raises TooManyEvents, BadInput."""
    given.whole("a limit", limit, low=1, high=MOST)
    named = (events.command_of(event) for event in scanning.between(since, until, bot_id=bot_id))
    found = Counter(command for command in named if command is not None)
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]


def by_user(user_id: int, since: datetime, until: datetime, *, bot_id: str | None = None, limit: int = LIMIT) -> Found:
    """The newest events of one user, the one that was written last first. Raises BadInput."""
    given.telegram_id(user_id)
    given.whole("a limit", limit, low=1, high=MOST)
    return scanning.newest(since, until, lambda event: events.user_of(event) == user_id, limit, bot_id=bot_id)


def by_type(
    event_type: str, since: datetime, until: datetime, *, bot_id: str | None = None, limit: int = LIMIT
) -> Found:
    """The newest events of one type. Raises BadInput."""
    given.whole("a limit", limit, low=1, high=MOST)
    return scanning.newest(since, until, lambda event: event.event_type == event_type, limit, bot_id=bot_id)
