"""The database's own signals slow an import down, visibly."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from accounts.models import User
from migration_control import components, importing, runs
from migration_control.advance import advance
from migration_control.models import Run
from migration_control.pressure import WAITING, pressure
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, user, work

pytestmark = pytest.mark.django_db(transaction=True)
LOCK = 4711


def connect() -> psycopg.Connection:
    values = connection.get_connection_params()
    return psycopg.connect(
        host=values.get("host"), port=values.get("port"), user=values.get("user"),
        password=values.get("password"), dbname=values["dbname"], autocommit=True,
    )  # fmt: skip


def wait_for_lock() -> None:
    with connect() as session:
        session.execute("SELECT pg_advisory_lock(%s)", [LOCK])


@pytest.fixture
def crowd() -> Iterator[psycopg.Connection]:
    """As many sessions as it takes, waiting for a lock that the one given holds."""
    with connect() as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        waiting = [threading.Thread(target=wait_for_lock) for _ in range(WAITING)]
        for thread in waiting:
            thread.start()
        count = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while holder.execute(count).fetchone() != (WAITING,):
            assert all(thread.is_alive() for thread in waiting)
        yield holder
        holder.execute("SELECT pg_advisory_unlock_all()")
        for thread in waiting:
            thread.join()


def test_a_quiet_database_exerts_no_pressure() -> None:
    assert pressure() is None


def test_an_import_waits_while_sessions_queue_for_locks_and_says_so(
    bot: Bot, crowd: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "REST", 0.01)
    bot.writes(user(1))
    run = runs.request(components.get("users"), requested_by="test")
    for _ in range(100):  # a busy machine spends more than the first on reading
        advance(run.pk, seconds=0.5)
        if message := Run.objects.get(pk=run.pk).message:
            break
    assert not User.objects.exists()
    assert message == f"throttled: {WAITING} sessions wait for locks"
    crowd.execute("SELECT pg_advisory_unlock_all()")
    assert work(run).state == RunState.COMPLETED
