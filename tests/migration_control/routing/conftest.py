"""Hosts without the files, and a database that is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from tests.migration_control.moving.ground import Ground

Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def away(ground: Ground) -> Away:
    """While it is entered, no connection of this process is made, and this thread has none."""
    from contextlib import contextmanager

    import psycopg
    from django.db import connection
    from django.db.backends.postgresql.base import DatabaseWrapper

    def refuse(*_: object) -> NoReturn:
        raise psycopg.OperationalError("connection refused")

    @contextmanager
    def entered() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            connection.close()
            patch.setattr(DatabaseWrapper, "get_new_connection", refuse)
            yield

    return entered


@pytest.fixture
def elsewhere(ground: Ground) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """While it is entered, this thread is a host without the files; others have them."""
    from migration_control import store
    from tests.migration_control.routing import hosts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "has_files", lambda: not hosts.is_elsewhere.get())
        yield hosts.entered
