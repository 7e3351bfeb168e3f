"""Dates to COPY text without passing through the careful way: PostgreSQL reads them as Python would."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from migration_control.conversions import NULL
from migration_control.moments import EARLIEST, LATEST, Style

DAYS = 20_000  # days whose offset is remembered
SECONDS, MICROSECONDS = len("2024-05-01T10:20:30"), len("2024-05-01T10:20:30.123456")
Stamp = Callable[[str | None], str]
_aware = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,6})?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?", re.ASCII
).fullmatch


class Unplain(Exception):
    """Not for the fast way."""


def naive(zone: ZoneInfo) -> Stamp:
    """Naive local ISO text -> the same with its offset, looked up by its day."""
    offsets: dict[str, str | None] = {}

    def cell(text: str | None) -> str:
        if text is None:
            return NULL
        day = text[:10]
        if day not in offsets:
            if len(offsets) >= DAYS:
                offsets.clear()
            offsets[day] = _offset(day, zone)
        offset = offsets[day]
        if offset is None or not _canonical(text):
            raise Unplain
        return text + offset

    return cell


def stamp(style: Style, zone: ZoneInfo) -> Stamp:
    """ISO text with Z or an offset -> itself; without, where the style is aware, as naive()."""
    local = naive(zone)
    low, high = str(EARLIEST.year), str(LATEST.year)

    def cell(text: str | None) -> str:
        if text is None:
            return NULL
        found = _aware(text)
        if not found or not low <= text < high:
            raise Unplain
        ending = found[1]
        if ending is None and style is Style.AWARE:
            return local(text)
        if ending != "Z" and style is Style.ZULU:
            raise Unplain
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise Unplain from None
        return text

    return cell


def _canonical_zulu(text: str) -> bool:
    """Of a text that stamp() takes: whether it is written back as itself."""
    length = len(text) - 1
    return (length == MICROSECONDS and text[20:26] != "000000") or length == SECONDS


def _canonical_aware(text: str) -> bool:
    length = len(text) - 6
    return text[length:] == "+00:00" and ((length == MICROSECONDS and text[20:26] != "000000") or length == SECONDS)


CANONICAL = {Style.ZULU: _canonical_zulu, Style.AWARE: _canonical_aware}


def _canonical(text: str) -> bool:
    """Whether it is just what isoformat() writes of a naive time, at a tenth of the cost of asking isoformat().

    Of the forms that fromisoformat() reads, those of these lengths with a point, or with a T, in
    these places differ in the day only, which is looked at once a day, or have an offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    if moment.tzinfo is not None or text[10:11] != "T" or text[11:13] == "24":
        return False
    if len(text) == MICROSECONDS:
        return text[19] == "." and moment.microsecond != 0
    return len(text) == SECONDS


def _offset(day: str, zone: ZoneInfo) -> str | None:
    """The offset all through this day; None where clocks were changed, for the careful way to look closer."""
    try:
        start = datetime.fromisoformat(day).replace(tzinfo=zone)
    except ValueError:
        return None
    if start.date().isoformat() != day:  # by week, or without dashes
        return None
    end = start + timedelta(hours=23, minutes=59, seconds=59)
    offsets = {moment.replace(fold=fold).utcoffset() for moment in (start, end) for fold in (0, 1)}
    if len(offsets) != 1 or not EARLIEST.year <= start.year < LATEST.year:
        return None
    return start.isoformat()[19:]
