"""What an event is made of, and what one says: its month, its user, its command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.models import Event
from migration_control import fields, given
from migration_control.given import BadInput

TYPE, DATA = 200, 64 * 1024  # characters of a type or a bot's id; of the data, as JSON in ASCII
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
COMMAND = "command"  # the type of an event whose data names the command that somebody gave
ANYWHERE = timedelta(hours=14)  # that a clock may be from UTC: a bot's own files may be of its clock's months


def made(event_type: str, data: object = None, *, bot_id: str, at: datetime, user_id: int | None = None) -> Event:
    """An event that either store can hold, with a copy of the data. Raises BadInput.

    user_id: lies in the data, under that name; data that are no object are put under `data` beside it.
    """
    event_type = given.text("an event's type", event_type, most=TYPE)
    bot_id = given.text("a bot's id", bot_id, most=TYPE)
    if user_id is not None:
        of = {"user_id": given.telegram_id(user_id)}
        data = {**data, **of} if isinstance(data, dict) else of if data is None else {**of, "data": data}
    return Event(timestamp=_moment(at), bot_id=bot_id, event_type=event_type, event_data=_copied(data))


def month_of(at: datetime) -> str:
    """YYYYMM in UTC, which is also how the moment is written into the file of that month."""
    return f"{at.astimezone(UTC):%Y%m}"


def months(since: datetime, until: datetime) -> list[str]:
    """Those whose files may have events of since <= timestamp < until."""
    first, last = month_of(since - ANYWHERE), month_of(until + ANYWHERE)
    return list(months_from(first, last))


def months_from(first: str, last: str) -> Iterator[str]:
    """Both included."""
    for number in range(_number(first), _number(last) + 1):
        year, month = divmod(number, 12)
        yield f"{year:04d}{month + 1:02d}"


def beside(month: str, months: int) -> str:
    """So many months after it."""
    year, number = divmod(_number(month) + months, 12)
    return f"{year:04d}{number + 1:02d}"


def user_of(event: Event) -> int | None:
    """Whom it is of: `user_id` of its data, or the chat, if that is one person's."""
    data = event.event_data
    if not isinstance(data, dict):
        return None
    for name in ("user_id", "chat_id"):
        found = data.get(name)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
    return None


def command_of(event: Event) -> str | None:
    data = event.event_data
    found = data.get("command") if event.event_type == COMMAND and isinstance(data, dict) else None
    return found if isinstance(found, str) else None


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[4:]) - 1


def _moment(at: datetime) -> datetime:
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise BadInput(f"{at!r} is not an event's moment: it has no time zone.", name="a moment", value=repr(at))
    if not EARLIEST <= at < LATEST:
        raise BadInput(f"{at} is not an event's moment: give one from 1990 to 2199.", name="a moment", value=str(at))
    return at


def _copied(data: object) -> Any:
    """As JSON gives it back: what the caller changes later changes nothing here."""
    try:
        text = fields.dumps(data)
    except (TypeError, ValueError, RecursionError, RuntimeError) as error:
        raise BadInput(f"An event's data are not JSON: {error}", name="data", value=type(data).__name__) from error
    if len(text) > DATA:
        raise BadInput(
            f"An event's data have {len(text)} characters as JSON; {DATA} is the most.", name="data", value=len(text)
        )
    return json.loads(text)
