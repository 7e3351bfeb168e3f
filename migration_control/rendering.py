"""Rendering by a worker: files of ours follow the index by themselves."""

from __future__ import annotations

import logging

from django.conf import settings

from legacy_json.errors import LegacyError
from migration_control import store

log = logging.getLogger(__name__)


def render() -> int:
    """What is due now. Returns how many files; what fails stands in legacy_status and in the log."""
    if settings.LEGACY_DIR is None or not settings.LEGACY_INDEX.exists():
        return 0
    renderer = store.renderer()
    for name in renderer.look():
        log.warning(
            "%s was changed by somebody else. Nothing of that is taken over by itself: see legacy_status.", name
        )
    try:
        return renderer.tick()
    except LegacyError:  # which the renderer has logged
        return 0
