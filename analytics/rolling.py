"""Roll-ups that are kept: rows of the database, computed from the events of whichever store has them.

A month is read again once something was appended to it since. What retention has pruned is not computed anew: its
figures stay as they were, which is what they are kept for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import NamedTuple

from django.conf import settings
from django.db import Error, connection, transaction

from analytics import events, periods, scanning
from analytics.models import Event, RolledMonth, RollUp
from analytics.periods import Period, Span
from analytics.tallying import Count, Figures, Tally
from migration_control import store
from migration_control.mirroring import servers
from migration_control.models import ComponentState

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('switchyard:roll-ups', 0))"

Slot = tuple[Period, date]


class Stored(NamedTuple):
    """there: events of its months were counted. fresh: none was written since."""

    figures: Figures
    there: bool
    fresh: bool


def refresh() -> int:
    """Bring the rows up to date. Returns how many months had news. Raises what Records raise, and django.db.Error."""
    if not settings.DATABASE_USED:
        return 0
    known = {row.month: row for row in RolledMonth.objects.all()}
    there = [(month, scanning.last_key(month)) for month in scanning.months_there()]
    news = {month: last for month, last in there if last is not None and not _is_known(known.get(month), last)}
    for run in _runs(sorted(news)):
        _compute(run, {month: news[month] for month in run})
    return len(news)


def rebuild() -> int:
    """Compute everything anew that there are still events of. As refresh()."""
    RolledMonth.objects.all().delete()
    return refresh()


def stored(period: Period, day: date, bot_id: str) -> Stored | None:
    """What the database has of it; None if it has none, or cannot be asked."""
    if not settings.DATABASE_USED or servers.away():
        return None
    start = period.first_day(day)
    try:
        rows = list(RollUp.objects.filter(period=period, start=start, bot_id=bot_id))
        known, fresh = _known(period, start)
    except Error as error:
        if connection.in_atomic_block:
            raise
        connection.close()
        servers.failed(error)
        return None
    if not rows and not fresh:
        return None
    counts = {row.event_type: Count(row.events, row.users) for row in rows}
    total = counts.pop(None, Count())
    by_type = {kind: counts[kind] for kind in sorted(counts, key=str) if kind is not None}
    return Stored(Figures(bot_id, period, start, total, by_type), bool(rows or known), fresh)


def is_pruned(span: Span) -> bool:
    """Whether some of the events there were are gone."""
    floor = _floor()
    return floor is not None and events.month_of(span.since) < floor


def _floor() -> str | None:
    """The first month that is kept, of either store."""
    found: list[str] = []
    if store.has_files() and settings.LEGACY_INDEX.exists():
        found += [str(store.index().floor(Event.component) or "")]
    if settings.DATABASE_USED and not servers.away():
        found += ComponentState.objects.filter(name=Event.component).values_list("floor", flat=True)
    return max(found, default="") or None


def _is_known(row: RolledMonth | None, last: str) -> bool:
    return row is not None and (row.last, row.time_zone) == (last, settings.BOT_TIME_ZONE)


def _known(period: Period, start: date) -> tuple[bool, bool]:
    """Whether a month of the period was read, and whether each was after its last event was written."""
    span = periods.span(period, start)
    months = events.months(*span)
    known = {row.month: row for row in RolledMonth.objects.filter(month__in=months)}
    there = ((month, scanning.last_key(month)) for month in months)
    fresh = all(last is None or _is_known(known.get(month), last) for month, last in there)
    return any(events.month_of(span.since) <= month <= events.month_of(span.until) for month in known), fresh


def _runs(months: list[str]) -> Iterator[list[str]]:
    """Months that follow one another are read in one go."""
    run = months[:1]
    for one, other in pairwise(months):
        if events.beside(one, 1) != other:
            yield run
            run = []
        run.append(other)
    if run:
        yield run


def _compute(run: list[str], news: dict[str, str]) -> None:
    """The periods of which some lies in these months. Those that are over are written before the next month is read."""
    floor = _floor()
    since, until = _begin(run[0]) - events.ANYWHERE, _begin(events.beside(run[-1], 1)) + events.ANYWHERE
    open_slots = {
        slot: dict[str, Tally]()
        for slot in periods.touching(since, until)
        if floor is None or events.month_of(periods.span(*slot).since) >= floor
    }
    for month in events.months_from(events.beside(run[0], -1), events.beside(run[-1], 1)):
        for event in scanning.of_month(month):
            _count(event, open_slots)
        over = _begin(events.beside(month, 1)) - events.ANYWHERE
        done = [slot for slot in open_slots if periods.span(*slot).until <= over]
        _write([(slot, open_slots.pop(slot)) for slot in done])
    _write(open_slots.items())
    for month, last in news.items():
        RolledMonth.objects.update_or_create(month=month, defaults={"last": last, "time_zone": settings.BOT_TIME_ZONE})


def _count(event: Event, slots: dict[Slot, dict[str, Tally]]) -> None:
    if event.timestamp is None or event.bot_id is None:
        return
    day = periods.day_of(event.timestamp)
    for period in Period:
        tallies = slots.get((period, period.first_day(day)))
        if tallies is not None:
            tallies.setdefault(event.bot_id, Tally()).add(event)


def _write(counted: Iterable[tuple[Slot, dict[str, Tally]]]) -> None:
    """What another worker wrote of it meanwhile goes; if that was newer, its month has news, and is read again."""
    for (period, start), tallies in counted:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LOCK)
            RollUp.objects.filter(period=period, start=start).delete()
            RollUp.objects.bulk_create(
                RollUp(
                    bot_id=bot_id, period=period, start=start, event_type=kind, events=count.events, users=count.users
                )
                for bot_id, tally in tallies.items()
                for kind, count in [(None, tally.total), *tally.by_type.items()]
            )


def _begin(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[4:]), 1, tzinfo=UTC)
