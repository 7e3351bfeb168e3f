"""How long to wait, for others' sake: what the server says of its limits, and back-off where it says nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE, LONGEST = 0.25, 8.0  # seconds of the first back-off, and of any
EPOCH_FROM = 10**9  # as seconds from now it is thirty years


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that Retry-After asks for, in either of its forms, or else the reset of a limit that is used up."""
    text = headers.get("retry-after", "").strip()
    if text:
        seconds = _seconds(text)
        return seconds if seconds is not None else _until(text, now)
    return until_reset(headers, now)


def until_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until there are requests again, if none is left: (X-)RateLimit-Remaining and -Reset."""
    for prefix in ("", "x-"):
        remaining = _seconds(headers.get(f"{prefix}ratelimit-remaining", ""))
        reset = _seconds(headers.get(f"{prefix}ratelimit-reset", ""))
        if remaining == 0 and reset is not None:
            return max(0.0, reset - now.timestamp()) if reset >= EPOCH_FROM else reset
    return None


def backoff(attempt: int, chance: float) -> float:
    """Seconds before another attempt; attempt counts from 0. chance: 0..1, the whole wait is up to it, so that
    clients that failed together do not come back together.
    """
    return min(LONGEST, BASE * 2.0 ** min(attempt, 30)) * chance


def _seconds(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def _until(text: str, now: datetime) -> float | None:
    try:
        when = parsedate_to_datetime(text)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
