"""Single values of the API's documents: texts where numbers belong, epochs, what is missing. None is unknown."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from legacy_json.texts import holdable
from migration_control.moments import EARLIEST, LATEST, NotADate, parse

MOST_TEXT = 255  # characters that a column keeps; the document has all of them
MOST_WHOLE = 2**31 - 1
_UTC = ZoneInfo("UTC")
_prefix = re.compile(r"^(de|cs|ar)_")


def within(value: object, *path: str | int) -> Any:
    """What stands there, or None: the API leaves out, or has null, at any level."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object, most: int = MOST_TEXT) -> str | None:
    """As a database can hold it; an empty one is unknown."""
    if not isinstance(value, str):
        return None
    return holdable(value[:most])[0] or None


def number(value: object) -> float | None:
    """The statistics have every number as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    found = number(value)
    return int(found) if found is not None and found.is_integer() and 0 <= found <= MOST_WHOLE else None


def moment(value: object) -> datetime | None:
    """Of epoch seconds or milliseconds, or an ISO text; the API has 0 where there is none."""
    if value in (0, "0", ""):
        return None
    try:
        found = parse(value, _UTC)
    except NotADate:
        return None
    return found if EARLIEST <= found <= LATEST else None


def map_name(value: object) -> str | None:
    """'Mirage' and 'de_mirage' are one map."""
    found = text(value)
    return _prefix.sub("", found.strip().lower()) or None if found else None
