"""Scenario 49 around moves: one side is from a backup of a quiet moment, in which nothing waited to be copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from migration_control.mirroring import acknowledging, draining_to_json
from migration_control.models import AppliedEffect, Change, ComponentState, Transition
from migration_control.moving import recovery
from migration_control.pairing import StoresDisagree
from migration_control.routing import router
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

TABLES: tuple[Any, ...] = (User, ComponentState, Change, AppliedEffect, Transition)


def count_up(user: User) -> None:
    user.total_requests += 1


@contextmanager
def index_put_back(ground: Ground) -> Iterator[None]:
    """To what it was when the block was entered."""
    path = ground.index.path
    acknowledging.flush()
    ground.index.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ground.index.close()
    backup = path.with_suffix(".backup")
    shutil.copy2(path, backup)
    yield
    acknowledging.flush()
    ground.index.close()
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    shutil.copyfile(backup, path)  # into the same file: its connections are closed
    a_minute_later()


@contextmanager
def database_put_back() -> Iterator[None]:
    """To what its tables held when the block was entered."""
    acknowledging.flush()
    with connection.cursor() as cursor:
        for model in TABLES:
            cursor.execute(f"CREATE TEMP TABLE kept_{model.__name__} AS TABLE {model._meta.db_table}")
    yield
    acknowledging.flush()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for model in TABLES:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
            cursor.execute(f"INSERT INTO {model._meta.db_table} TABLE kept_{model.__name__}")
        cursor.execute("SET session_replication_role = DEFAULT")
    a_minute_later()


def a_minute_later() -> None:
    router._opened.cache_clear()
    router._paired.cache_clear()


def refused(ground: Ground) -> None:
    """Neither side is served, and nobody mends it by itself."""
    calls: list[Callable[[], object]] = [
        lambda: ground.records.get(1),
        lambda: ground.records.update(1, count_up),
        lambda: ground.records.create(User(user_id=9)),
    ]
    for call in calls:
        with pytest.raises(StoresDisagree, match="a backup"):
            call()
    before = ground.state().epoch, ground.fence()
    with suppress(StoresDisagree):
        recovery.recover(ground.users)
    assert (ground.state().epoch, ground.fence()) == before


@pytest.fixture
def quiet(ground: Ground) -> Ground:
    ground.put(DUAL_JSON, "users", "subscriptions", "analytics")
    ground.records.create(User(user_id=1))
    return ground


@pytest.mark.parametrize("stage", [DUAL_DATABASE, DB_ONLY], ids=str)
def test_an_index_from_before_a_move_to_the_database(quiet: Ground, stage: Any) -> None:
    with index_put_back(quiet):
        if stage is DB_ONLY:
            quiet.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
        quiet.move(stage)
        quiet.records.update(1, count_up)
    refused(quiet)


def test_a_database_from_before_a_move_back(quiet: Ground) -> None:
    quiet.move(DUAL_DATABASE)
    with database_put_back():
        quiet.move(DISABLED)
        quiet.records.update(1, count_up)
    refused(quiet)


def test_a_database_from_before_a_move_to_it(quiet: Ground) -> None:
    with database_put_back():
        quiet.move(DUAL_DATABASE)
        quiet.records.update(1, count_up)
    refused(quiet)


def test_a_database_from_before_its_last_copies(quiet: Ground) -> None:
    quiet.move(DUAL_DATABASE)
    with database_put_back():
        quiet.records.update(1, count_up)
    refused(quiet)


def test_a_copy_of_the_same_version_with_other_contents_is_not_acknowledged(
    quiet: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The numbers do not show it yet: the copy of the lost write was not acknowledged."""
    quiet.move(DUAL_DATABASE)
    with monkeypatch.context() as patch:
        patch.setattr(acknowledging, "note", lambda *_: None)
        with database_put_back():
            quiet.records.update(1, count_up)
    quiet.records.update(1, lambda user: setattr(user, "language", "en"))
    assert "other contents of 1 record" in caplog.text
    assert quiet.lag() == (0, 1)
    with pytest.raises(StoresDisagree, match="a backup"):
        draining_to_json.drain(quiet.users, quiet.index)


def test_a_copy_older_than_what_the_index_has_is_not_acknowledged(
    quiet: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    quiet.move(DUAL_DATABASE)
    with monkeypatch.context() as patch:
        patch.setattr(acknowledging, "note", lambda *_: None)
        with database_put_back():
            for _ in range(2):
                quiet.records.update(1, count_up)
    quiet.records.update(1, count_up)
    assert "newer versions of 1 record" in caplog.text
    assert quiet.lag() == (0, 1)
