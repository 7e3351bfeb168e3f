"""A legacy bot's dates: local, without a zone, as the clock of its machine has them (LEGACY_TIME_ZONE)."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from legacy_json.keys import shown
from migration_control.given import BadInput
from migration_control.moments import NotADate, parse


def now() -> datetime:
    """The present moment, aware: this is the edge at which time comes in."""
    return datetime.now(UTC)


def local(moment: datetime | None) -> datetime | None:
    """As the bot's own datetime.now() has it."""
    return None if moment is None else moment.astimezone(_zone()).replace(tzinfo=None)


def aware(name: str, value: object) -> datetime | None:
    """The moment of what a bot put into a field: a naive local or an aware datetime, or a text. Raises BadInput."""
    if value is None:
        return None
    try:
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=_zone())).astimezone(UTC)
        return parse(value, _zone())
    except (NotADate, OverflowError, ValueError):
        raise BadInput(f"{shown(value)} is no date, which {name} is. Give a datetime.", name=name) from None


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.LEGACY_TIME_ZONE)
