"""What waits in an index that this host lets go of: writes that were acknowledged, and that no worker applies then."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from legacy_json import inbox
from legacy_json.errors import LegacyError
from migration_control.wording import counted


def check_left_behind(app_configs: Sequence[Any] | None, **kwargs: object) -> list[CheckMessage]:
    """migration_control.E066: LEGACY_DIR is not unset before all of it is applied."""
    del app_configs, kwargs
    if settings.LEGACY_DIR is not None or not settings.DATABASE_USED:
        return []
    waiting = waiting_here()
    if waiting is None:
        return [
            Error(
                f"LEGACY_DIR is not set, and {settings.LEGACY_INDEX} cannot be read, so nobody knows what waits in it.",
                hint="Let this user read it, use the release that wrote it, or restore it; then set LEGACY_DIR again,"
                " until migration_status says that nothing waits in it. If it is of no use any more: move it away.",
                id="migration_control.E066",
            )
        ]
    if not waiting:
        return []
    fact = f"LEGACY_DIR is not set, and {settings.LEGACY_INDEX} has {counted(sum(waiting.values()), 'write')}"
    return [
        Error(
            f"{fact} that the database is still to be given: of {', '.join(waiting)}.",
            hint="Set LEGACY_DIR again and let a worker run, until migration_status says that nothing waits in the"
            " index; then unset it. If that index is of no use any more: move it away.",
            id="migration_control.E066",
        )
    ]


def waiting_here() -> dict[str, int] | None:
    """By component; nothing where there is no index; None where there is one that cannot be read."""
    from migration_control import store  # which needs loaded models

    try:
        Path(settings.LEGACY_INDEX).stat()
        return inbox.counts(store.index().connection())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (LegacyError, sqlite3.Error, OSError):
        return None
