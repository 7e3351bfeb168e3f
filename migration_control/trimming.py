"""Forgetting effects of long ago: after EFFECTS_KEPT_DAYS, in either store, once the other is known to have them too.

Whoever calls for one again after that has it take place again.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime, timedelta

from django.conf import settings
from django.db import Error

from legacy_json import effects as in_index
from legacy_json.errors import LegacyError
from migration_control import components, effects, store

log = logging.getLogger(__name__)


def trim(now: datetime) -> int:
    """Returns how many effects were forgotten, in both stores together. What fails is logged, and tried again."""
    before, count = now - timedelta(days=settings.EFFECTS_KEPT_DAYS), 0
    for component in components.everything():
        try:
            if store.has_files() and settings.LEGACY_INDEX.exists():
                count += in_index.trim(store.index(), component.name, int(before.timestamp()))
            if settings.DATABASE_USED:
                count += effects.trim(component.name, before)
        except (LegacyError, Error, sqlite3.Error) as error:
            log.warning("Old effects of %s are kept for now: %s", component.name, error)
    return count
