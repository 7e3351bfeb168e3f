"""How long events are kept."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from analytics.models import Event
from legacy_json import pruning
from legacy_json.errors import LegacyError

MONTH = r"^[0-9]{6}:"


class NoMonth(LegacyError):
    """Keys are compared as texts: such a name lies below a floor, however new its events are."""

    def __init__(self, key: str) -> None:
        stem = key.rpartition(":")[0]
        super().__init__(
            f"analytics_{stem}.json is not named after a month as YYYYMM, and would be pruned for good, however new it"
            " is. Rename it, or prune it yourself: migration_prune analytics"
        )


def floor(now: datetime) -> str | None:
    """The first month, as YYYYMM, that ANALYTICS_RETENTION_MONTHS keeps: the present one has so many before it.

    The present one is the newest that has events, if that is earlier: a clock that is ahead prunes nothing new. None
    while there are none. Metrics are never older than a floor: their keys begin with a letter. Raises NoMonth.
    """
    months: int | None = settings.ANALYTICS_RETENTION_MONTHS
    newest = _newest() if months is not None else None
    if months is None or newest is None:
        return None
    present = min(f"{now:%Y%m}", newest)
    year, month = divmod(int(present[:4]) * 12 + int(present[4:]) - 1 - months, 12)
    first = f"{year:04d}{month + 1:02d}"
    odd = _odd(first)
    if odd is not None:
        raise NoMonth(odd)
    return first


def _newest() -> str | None:
    """The last month that has events in the database."""
    key = Event.objects.filter(pk__lt=":", pk__regex=MONTH).order_by("-pk").values_list("pk", flat=True).first()
    return key[:6] if key else None


def _odd(floor: str) -> str | None:
    """A key of either store below the floor that names no month."""
    from migration_control import store  # which needs every component declared

    found = pruning.unlike(store.index(), "analytics", floor, "[0-9]" * 6 + ":*")
    rows = Event.objects.filter(pk__lt=floor).exclude(pk__regex=MONTH).order_by("pk").values_list("pk", flat=True)
    return str(found) if found is not None else rows.first()
