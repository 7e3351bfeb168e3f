"""Events of a span of time, read from whichever store is the authority, never more than so many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import ClassVar, NamedTuple

from analytics import events
from analytics.models import Event
from migration_control.given import BadInput
from migration_control.service_errors import ServiceError

MOST = 500_000  # events that one question looks at
AFTER = ";"  # follows the colon that ends a list's name


class TooManyEvents(ServiceError):
    """The span has more events than one question looks at."""

    code: ClassVar[str] = "too-many-events"


class Found(NamedTuple):
    """complete: whether there are no others in the span."""

    events: list[Event]
    complete: bool


def between(since: datetime, until: datetime, *, bot_id: str | None = None, most: int | None = None) -> Iterator[Event]:
    """Those with since <= timestamp < until, in the order in which they were written. Raises TooManyEvents, BadInput.

    They are looked for in the months that the span touches: what lies in a file that is named after no month, or after
    another one, is passed over.
    """
    most = MOST if most is None else most
    for seen, event in enumerate(_of_months(since, until)):
        if seen >= most:
            raise TooManyEvents(
                f"There are more than {most:,} events to look at between {since} and {until}. Ask for less of it.",
                most=most,
            )
        if _is_of(event, since, until, bot_id):
            yield event


def newest(
    since: datetime, until: datetime, wanted: Callable[[Event], bool], limit: int, *, bot_id: str | None = None
) -> Found:
    """Up to `limit` of those that wanted(event) says yes to, the one written last first. Raises BadInput."""
    found: list[Event] = []
    for seen, event in enumerate(_of_months(since, until, backwards=True)):
        if len(found) >= limit or seen >= MOST:
            return Found(found, complete=False)
        if _is_of(event, since, until, bot_id) and wanted(event):
            found.append(event)
    return Found(found, complete=True)


def of_month(month: str, *, backwards: bool = False) -> Iterator[Event]:
    return Event.records.iterate(low=f"{month}:", high=f"{month}{AFTER}", backwards=backwards)


def last_key(month: str) -> str | None:
    """Of the event that was written last."""
    found = Event.records.iterate(low=f"{month}:", high=f"{month}{AFTER}", backwards=True, page=1)
    return next((str(event.key) for event in found), None)


def months_there() -> Iterator[str]:
    """That have events, in their order: a look for each, however many events there are."""
    low = "0"
    while True:
        event = next(Event.records.iterate(low=low, high=":", page=1), None)
        if event is None:
            return
        stem = str(event.key).partition(":")[0]
        if len(stem) == 6 and stem.isascii() and stem.isdecimal() and 1 <= int(stem[4:]) <= 12:
            yield stem
        low = f"{stem}{AFTER}"


def _of_months(since: datetime, until: datetime, *, backwards: bool = False) -> Iterator[Event]:
    if since.tzinfo is None or until.tzinfo is None:
        raise BadInput("A span of time is from one moment to another, both with a time zone.", name="a span")
    months = events.months(since, until) if since < until else []
    for month in reversed(months) if backwards else months:
        yield from of_month(month, backwards=backwards)


def _is_of(event: Event, since: datetime, until: datetime, bot_id: str | None) -> bool:
    at = event.timestamp
    return at is not None and since <= at < until and bot_id in (None, event.bot_id)
