"""Sessions of the database beside Django's own, and an end to somebody's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

from tests.points import HANG

Session = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def session(*, autocommit: bool = False) -> Iterator[Session]:
    """Another one, as psql would open it. What it has not committed at the end is rolled back."""
    known = connection.settings_dict
    with psycopg.connect(
        host=known["HOST"] or None, port=known["PORT"] or None, user=known["USER"], password=known["PASSWORD"],
        dbname=known["NAME"], autocommit=autocommit,
    ) as opened:  # fmt: skip
        try:
            yield opened
        finally:
            opened.rollback()


def mine() -> int:
    """The process number of this thread's session at the server."""
    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def terminate(pid: int) -> None:
    """As a lost network would end it; returns once its locks are free."""
    with session(autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        _wait(other, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %s", pid, f"the end of session {pid}")


def until_it_waits(pid: int) -> None:
    """Until that session waits for a lock."""
    with session(autocommit=True) as other:
        statement = "SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        _wait(other, statement, pid, f"session {pid}'s waiting")


def until_somebody_waits(count: int = 1) -> None:
    """Until that many sessions wait for a lock."""
    with session(autocommit=True) as other:
        statement = (
            "SELECT count(*) >= %s FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        _wait(other, statement, count, f"{count} sessions' waiting")


def _wait(other: Session, statement: str, value: int, what: str) -> None:
    deadline = time.monotonic() + HANG
    while other.execute(statement.encode(), [value]).fetchone() != (True,):
        assert time.monotonic() < deadline, f"{what} did not come in {HANG:g} s"
        time.sleep(0.01)
