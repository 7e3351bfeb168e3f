"""Legacy dates: what was written as a date, and how it is written back.

Each file has a style that its writers use; hand edits and other writers left the rest. A local time
means what the configured zone says; of an ambiguous one the first, as Python reads it.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 10**11  # as seconds this is the year 5138
_digits = re.compile(r"\d{14}").fullmatch
_number = re.compile(r"-?\d+(\.\d+)?").fullmatch
_stamp = r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?"
_zulu = re.compile(_stamp + "Z", re.ASCII).fullmatch
_aware = re.compile(_stamp + r"(?:Z|[+-]\d\d:\d\d)?", re.ASCII).fullmatch


class Style(StrEnum):
    """How a file's writers write its dates. Naive: local, without a zone; aware: with an offset, now and then naive."""

    NAIVE = "naive"
    ZULU = "zulu"
    AWARE = "aware"


# For a document's annotations; a date without one of these is naive.
Zulu = Annotated[str, msgspec.Meta(extra={"date": Style.ZULU})]
Aware = Annotated[str, msgspec.Meta(extra={"date": Style.AWARE})]


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


def legacy(moment: datetime, zone: ZoneInfo, style: Style = Style.NAIVE) -> str:
    """As we write it for the legacy bot: in its style, with microseconds unless they are nought."""
    if style is Style.NAIVE:
        return moment.astimezone(zone).replace(tzinfo=None).isoformat()
    text = moment.astimezone(UTC).isoformat()
    return text if style is Style.AWARE else text.removesuffix("+00:00") + "Z"


def usual(text: object, style: Style) -> bool:
    """Whether the file's own writers leave such a text, though not of all do we write the same back."""
    if not isinstance(text, str) or style is Style.NAIVE:
        return False
    return bool(_zulu(text) if style is Style.ZULU else _aware(text))


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
