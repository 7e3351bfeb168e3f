"""What each store lacks of a component, as far as the host of the admin can tell."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F

from legacy_json.errors import LegacyError
from migration_control import store
from migration_control.admin.paging import LIMIT
from migration_control.models import Change, ComponentState
from migration_control.stages import Store


@dataclass(frozen=True, slots=True)
class Lag:
    """keys: None, if nobody has counted them yet. counted: when, if not just now. capped: there are more."""

    keys: int | None
    counted: datetime | None = None
    capped: bool = False


def database_lacks(state: ComponentState) -> Lag:
    """Known to the index alone: on a host without it, as it was counted last."""
    if state.authority == Store.DATABASE:
        return Lag(0)
    present = _in_index(state.name)
    if present is not None:
        return Lag(present)
    ledger = state.ledger or {}
    at = ledger.get("counted_at")
    return Lag(ledger.get("pending"), datetime.fromisoformat(at)) if at else Lag(None)


def json_lacks(state: ComponentState) -> Lag:
    if state.authority == Store.JSON:
        return Lag(0)
    lacking = Change.objects.filter(component=state.name, version__gt=F("acked"))
    count = lacking[: LIMIT + 1].count()
    return Lag(min(count, LIMIT), capped=count > LIMIT)


def _in_index(component: str) -> int | None:
    if not store.has_files() or not settings.LEGACY_INDEX.exists():
        return None
    try:
        return store.index().count_pending(component)
    except (LegacyError, sqlite3.Error, OSError):  # the gates of a move say what is wrong with it
        return None
