"""Asking the database for what is no record of a component, and telling its absence from its refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from migration_control.mirroring import servers
from migration_control.mirroring.watchdog import watching
from migration_control.routing.errors import DatabaseAway, DatabaseUnused
from migration_control.routing.router import ANSWER

T = TypeVar("T")


def reach(component: str, ask: Callable[[], T]) -> T:
    """What it returns. component: on whose behalf. ask: may run twice, after a connection that broke; so what it writes
    is one transaction that may be repeated. Raises DatabaseAway, DatabaseUnused, and what ask() raises of itself.
    """
    if not settings.DATABASE_USED:
        raise DatabaseUnused(component)
    if connection.in_atomic_block:
        return ask()
    if servers.silent():
        raise DatabaseAway(component)
    tries = 2 if connection.connection is not None else 1  # one that was idle may have broken meanwhile
    while True:
        tries -= 1
        try:
            connection.ensure_connection()
            with watching(connection.connection.fileno(), ANSWER):
                return ask()
        except (OperationalError, InterfaceError) as error:
            if not servers.is_away(error):
                raise
            connection.close()
            if not tries:
                servers.failed(error)
                raise DatabaseAway(component) from error
