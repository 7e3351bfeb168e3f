"""Legacy dates: what was written as a date, and how it is written back.

The bots write naive local isoformat(); hand edits and other writers left the rest. A local time
means what the configured zone says; of an ambiguous one the first, as Python reads it.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 10**11  # as seconds this is the year 5138
_digits = re.compile(r"\d{14}").fullmatch
_number = re.compile(r"-?\d+(\.\d+)?").fullmatch


class NotADate(ValueError):
    """This is no date that we know."""


def parse(value: object, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, that a legacy value stands for. Raises NotADate.

    Known: ISO texts (naive, Z, any offset, date only), epoch seconds and milliseconds as numbers or
    texts, YYYYMMDDHHMMSS.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotADate
    try:
        moment = _parse_text(value.strip(), zone) if isinstance(value, str) else _from_number(value, zone)
        # The years at either end of datetime's range cannot be moved to UTC.
        moment = moment.astimezone(UTC)
        moment.astimezone(zone)
    except (ValueError, OverflowError, OSError) as error:
        raise NotADate from error
    return moment


def legacy(moment: datetime, zone: ZoneInfo) -> str:
    """As the legacy bot writes it: naive, local, with microseconds unless they are nought."""
    return moment.astimezone(zone).replace(tzinfo=None).isoformat()


def _parse_text(text: str, zone: ZoneInfo) -> datetime:
    if _digits(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    if _number(text):
        return _from_number(float(text), zone)
    if len(text) < len("2024-01-01"):  # HH:MM, or a week or ordinal date that no bot writes
        raise NotADate
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _from_number(number: float, zone: ZoneInfo) -> datetime:
    if isinstance(number, int) and _digits(str(number)):
        return _parse_text(str(number), zone)
    if not math.isfinite(number):
        raise NotADate
    moment = datetime.fromtimestamp(number / 1000 if abs(number) >= MILLISECONDS_FROM else number, UTC)
    if not EARLIEST <= moment <= LATEST:
        raise NotADate
    return moment
