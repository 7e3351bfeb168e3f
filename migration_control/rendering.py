"""Rendering by a worker: files of ours follow the index by themselves."""

from __future__ import annotations

import logging
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from legacy_json import keeping
from legacy_json.errors import LegacyError, StoreBusy
from migration_control import store

log = logging.getLogger(__name__)

PAUSE = 2.0  # seconds between two looks, as beat's
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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


def prune_copies(now: datetime) -> int:
    """Remove copies that were kept for long enough. Returns how many; 0 also where somebody is at them."""
    if settings.LEGACY_DIR is None or not settings.LEGACY_INDEX.exists():
        return 0
    try:
        kept = timedelta(days=settings.LEGACY_COPIES_DAYS)
        return len(keeping.prune(store.index(), store.places().sources.values(), now, kept))
    except StoreBusy:
        return 0


def follow() -> None:
    """Render until a signal asks for the end: where no worker does it. Whatever fails is tried again."""
    pruned = None
    with _asked_to_end() as ended:
        while not ended.wait(PAUSE):
            now = timezone.now()
            try:
                render()
                if pruned != now.date():
                    prune_copies(now)
                    pruned = now.date()
            except (LegacyError, OSError, sqlite3.Error) as error:
                log.warning("not rendered just now: %s", error)


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """Set by the first of these signals; handlers are put back."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in ENDS}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
