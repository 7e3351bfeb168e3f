"""What a worker beside the files does for each component every other second: mend, drain, advance."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from legacy_json import mover_lock
from legacy_json.index import Index
from migration_control import components, store
from migration_control.components import Component
from migration_control.mirroring import draining_to_database, draining_to_json
from migration_control.models import ComponentState
from migration_control.moving import advancing, recovery
from migration_control.moving.leases import due
from migration_control.moving.unparking import release_settled
from migration_control.stages import Store

log = logging.getLogger(__name__)


def look_after() -> list[int]:
    """All components, one whose turn fails after the other. Returns the requests that are due.

    Nothing where another tick of this host is still at it, or where there is nothing to look after.
    """
    if not store.has_files() or not settings.DATABASE_USED or not settings.LEGACY_INDEX.exists():
        return []
    with _alone(settings.LEGACY_INDEX) as mine:
        if not mine:
            return []
        for component in components.everything():
            _try(component)
    return due()


def _try(component: Component) -> None:
    try:
        see_to(component, store.index())
    except Error as error:
        log.warning("%s is not looked after just now: %s", component.name, error)
        connection.close()
    except Exception:
        log.exception("%s could not be looked after", component.name)


def see_to(component: Component, index: Index) -> None:
    """One component. Raises LegacyError, django.db.Error."""
    recovery.recover(component)
    if not mover_lock.is_free(index.path, component.name):
        return  # a move of it drains by itself
    state = ComponentState.objects.get(name=component.name)
    if state.closed:
        return
    release_settled(component, index, state.row)
    if state.row.mirrored:
        to = draining_to_database if state.authority == Store.JSON else draining_to_json
        to.drain(component, index)
    advancing.advance(component)


@contextmanager
def _alone(index: Path) -> Iterator[bool]:
    """Whether no other process of this host looks after its components just now. Never waits."""
    descriptor = os.open(index.with_name(f"{index.name}.tick"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
