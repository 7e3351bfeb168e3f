"""System checks of what the operator expects against what holds. What asks the database is tagged so: Django runs it
with `migrate` and with `check --database default`, `make run` at its start, and neither of them waits at a plain check.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import Error as DatabaseError

from legacy_json import fences
from legacy_json.errors import LegacyError, NewerRelease
from legacy_json.fences import FOR_GOOD, FenceState
from migration_control import components, releases, store
from migration_control.expectations import ROLLBACK, contradictions
from migration_control.models import ComponentState
from migration_control.stages import StageRow


def register_all() -> None:
    register(check_fences)
    register(Tags.database)(check_stages)
    register(Tags.database)(check_migrations)


def check_fences(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E008: a component that only the database may serve, while this installation uses none.

    migration_control.E009: a fence that a newer release has left.
    """
    del app_configs, kwargs
    if settings.LEGACY_DIR is None or not Path(settings.LEGACY_INDEX).exists():
        return []
    return [message for component in components.everything() for message in _of_fence(component.name)]


def _of_fence(name: str) -> list[CheckMessage]:
    try:
        fence = fences.fence(store.index().connection(), name)
    except NewerRelease as error:
        return [Error(str(error), id="migration_control.E009")]
    except (LegacyError, sqlite3.Error):  # whoever needs the index is told so
        return []
    if settings.DATABASE_USED or fence.state in (FenceState.OPEN, FenceState.CLOSING):
        return []
    if fence.state in FOR_GOOD:
        hint = "Set ENABLE_SERVICES=true, and STORAGE_BACKEND=postgresql: its migration is closed, and JSON is too old."
    else:
        hint = f"Set ENABLE_SERVICES=true, start, and then: {ROLLBACK.format(name=name)}"
    return [
        Error(
            f"The database is the authority for {name} (its fence is {fence.state}), but STORAGE_BACKEND=json with"
            " ENABLE_SERVICES=false keeps this installation from any: it is neither read nor written.",
            hint=hint,
            id="migration_control.E008",
        )
    ]


def check_stages(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """migration_control.W003: a component is not where the settings expect it, and nobody moves it there.

    migration_control.E009: it is where only a newer release knows.
    """
    del app_configs, kwargs
    if not _asked(databases):
        return []
    rows: dict[str, StageRow] = {}
    found: list[CheckMessage] = []
    try:
        standing = {state.name: state for state in ComponentState.objects.all()}
    except DatabaseError:  # away, or not migrated yet: whoever needs it is told so
        return []
    for component in components.everything():
        state = standing.get(component.name)
        if state is not None:
            try:
                rows[state.name] = releases.understood(state.name, state.stage, state.reads)
            except NewerRelease as error:
                found.append(Error(str(error), id="migration_control.E009"))
    closed = {state.name for state in standing.values() if state.closed}
    told = contradictions(rows, closed)
    return found + [checks.Warning(c.fact, hint=c.remedy, id="migration_control.W003") for c in told]


def check_migrations(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """migration_control.E010: the database was migrated by a newer release."""
    del app_configs, kwargs
    if not _asked(databases):
        return []
    try:
        releases.refuse_unknown_migrations()
    except NewerRelease as error:
        return [Error(str(error), id="migration_control.E010")]
    except DatabaseError:
        return []
    return []


def _asked(databases: Sequence[str] | None) -> bool:
    return settings.DATABASE_USED and "default" in (databases or ())
