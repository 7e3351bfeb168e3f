"""How long events are kept."""

from __future__ import annotations

from datetime import datetime

from django.conf import LazySettings


def floor(now: datetime, settings: LazySettings) -> str | None:
    """The first month, as YYYYMM, that ANALYTICS_RETENTION_MONTHS keeps: the present one has so many before it.

    Metrics are never older than a floor: their keys begin with a letter.
    """
    months: int | None = settings.ANALYTICS_RETENTION_MONTHS
    if months is None:
        return None
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    return f"{year:04d}{month + 1:02d}"
