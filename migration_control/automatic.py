"""Runs that nobody asked for: with MIGRATION_MODE=auto and AUTO_MIGRATE=true imports follow the bot's files."""

from __future__ import annotations

import logging
import sqlite3
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from legacy_json.errors import LegacyError
from migration_control import components, runs, store
from migration_control.components import Component
from migration_control.models import ComponentState, Run
from migration_control.run_states import ACTIVE, RunState
from migration_control.stages import Store

log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)  # between two automatic runs of a component
PAUSE_AFTER_FAILURE = timedelta(minutes=5)


def queue_runs() -> list[Run]:
    """A run for each component whose file changed, unless staff hold it."""
    if not settings.AUTO_MIGRATE or settings.MIGRATION_MODE != "auto" or settings.LEGACY_DIR is None:
        return []
    return [run for component in components.everything() if (run := _queue(component)) is not None]


def _queue(component: Component) -> Run | None:
    open_to_it = ComponentState.objects.filter(name=component.name, held="", authority=Store.JSON)
    if not open_to_it.exists() or _too_soon(component):
        return None
    try:
        if not store.source_changed(component) and not store.index().count_pending(component.name):
            return None
        return runs.request(component, requested_by="automatic", batch_size=settings.MIGRATION_BATCH_SIZE)
    except runs.RunRefused:  # it has one, or was moved since we looked
        return None
    except (LegacyError, OSError, sqlite3.Error) as error:  # of this component; others go on
        log.warning("no automatic import of %s: %s", component.name, error)
        return None


def _too_soon(component: Component) -> bool:
    mine = Run.objects.filter(component_id=component.name)
    return (
        mine.filter(state__in=ACTIVE).exists()
        or mine.filter(ended_at__gt=Now() - PAUSE).exists()
        or mine.filter(state=RunState.FAILED, ended_at__gt=Now() - PAUSE_AFTER_FAILURE).exists()
    )
