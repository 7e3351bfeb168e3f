"""The three symptoms of docs/troubleshooting.md, as an owner meets them: what is seen, and that the remedy mends it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Protocol

import pytest
from django.core.checks import run_checks
from django.db import connection
from pytest_django import Settings

import switchyard
from accounts.models import User
from config.environment import BASE_DIR
from migration_control import comparing, components
from migration_control.mirroring import servers
from migration_control.routing.errors import DatabaseAway
from migration_control.stages import StageRow
from switchyard.errors import ServersAway
from switchyard.facade import Switchyard
from switchyard.fronts import DataValidator, MigrationAdapter, MigrationStatus, StorageAdapter
from switchyard.legacy import UserData, storage
from tests.config.conftest import type_of_run
from tests.config.test_settings import Load
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, DUAL_JSON
from tests.migration_control.world import Bot, subscription, user
from tests.switchyard.conftest import InStage, Run


class Away(Protocol):
    def __call__(self, *, gone: bool) -> None: ...


@pytest.fixture
def away(transactional_db: None, settings: Settings) -> Iterator[Away]:
    """PostgreSQL ends all connections and is where nobody listens, as one that was stopped; or it is back again."""
    del transactional_db
    settings.ENABLE_ANALYTICS = False  # the process's own recorder would keep its connection for good
    before = dict(connection.settings_dict)

    def go(*, gone: bool) -> None:
        if gone:
            with connection.cursor() as cursor:
                others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                cursor.execute(f"SELECT pg_terminate_backend(pid) {others}")
        connection.close()
        for name, value in {"HOST": "127.0.0.1", "PORT": "1"}.items():
            connection.settings_dict[name] = value if gone else before[name]
        if not gone:
            servers._renew()

    yield go
    go(gone=False)


# Services not available


def test_without_the_database_the_bot_goes_on_where_json_is_the_authority(
    in_stage: InStage, run: Run, away: Away
) -> None:
    in_stage(DUAL_JSON)
    run(storage.save_user(UserData(user_id=1, faceit_nickname="before", faceit_player_id="p")))
    away(gone=True)

    async def meanwhile() -> dict[str, object]:
        found = await storage.get_user(1)
        assert found is not None
        found.faceit_nickname = "meanwhile"
        await storage.save_user(found)
        return await StorageAdapter().health_check()

    health = run(meanwhile())
    assert health["status"] == "degraded"
    assert "127.0.0.1" in str(health["database"])
    with pytest.raises(ServersAway, match="PostgreSQL at 127.0.0.1:1 cannot be used"):
        switchyard.check_servers()
    report = run(DataValidator().validate_all_data())
    assert [issue.code for issue in report.issues if issue.severity == "error"] == ["database-unreachable"]
    assert (report.checked["users"], report.overlap) == (1, None)

    away(gone=False)
    assert run(StorageAdapter().health_check())["status"] == "healthy"
    comparing.drain(components.get("users"))
    assert User.objects.get(pk=1).faceit_nickname == "meanwhile"
    assert run(DataValidator().validate_all_data()).integrity_score == 100


@pytest.mark.parametrize("stage", [DUAL_DATABASE, DB_ONLY], ids=str)
def test_where_the_database_is_the_authority_reads_are_old_or_none_and_nothing_is_written(
    stage: StageRow, in_stage: InStage, run: Run, away: Away
) -> None:
    in_stage(stage)
    run(storage.save_user(UserData(user_id=1, faceit_nickname="before", faceit_player_id="p")))
    comparing.drain(components.get("users"))
    away(gone=True)

    async def meanwhile() -> None:
        if stage == DUAL_DATABASE:
            found = await storage.get_user(1)
            assert found is not None
            assert found.faceit_nickname == "before"
        else:
            with pytest.raises(DatabaseAway):
                await storage.get_user(1)
        with pytest.raises(DatabaseAway, match="Nothing was written"):
            await storage.save_user(UserData(user_id=2))
        allowed, reason = await Switchyard().check_rate_limit(1)
        assert not allowed
        assert reason
        assert (await StorageAdapter().health_check())["status"] == "error"

    run(meanwhile())
    away(gone=False)
    assert run(StorageAdapter().health_check())["status"] == "healthy"
    assert run(storage.get_user(2)) is None


# Migration failed for user N


def test_a_user_that_cannot_be_copied_is_named_with_the_reason_and_goes_once_mended(
    bot: Bot, transactional_db: None, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    migration = MigrationAdapter()
    bot.writes(user(1), user(123456789, total_requests=10**30, subscription=subscription()), user(2))
    with caplog.at_level(logging.WARNING):
        result = run(migration.migrate_all_users())
    assert (result.status, result.migrated_users, result.failed_users) == (MigrationStatus.PARTIAL, 2, 1)
    (line,) = (error for error in result.errors if error.startswith("Migration failed for user 123456789"))
    assert "total_requests" in line
    assert line in caplog.text
    (issue,) = (each for each in run(DataValidator().validate_all_data()).issues if each.key == 123456789)
    assert (issue.code, str(issue.severity), issue.user_id) == ("quarantined", "error", 123456789)
    assert "data.json entry 1" in issue.description
    assert run(migration.migrate_single_user(123456789)).status is MigrationStatus.FAILED

    bot.writes(user(1), user(123456789, total_requests=10, subscription=subscription()), user(2))
    assert run(migration.migrate_single_user(123456789)).status is MigrationStatus.COMPLETED
    assert run(migration.migrate_single_user(2)).status is MigrationStatus.COMPLETED  # who has no subscription
    assert run(migration.migrate_all_users()).status is MigrationStatus.COMPLETED
    assert User.objects.get(pk=123456789).total_requests == 10


# Storage backend mismatch


def test_a_backend_without_its_database_stops_the_start_and_either_remedy_mends_it(
    manage: type_of_run, load: Load
) -> None:
    mismatch = {"STORAGE_BACKEND": "postgresql", "ENABLE_SERVICES": "false"}
    refused = manage("manage.py", "check", **mismatch)
    assert refused.returncode == 1
    assert "(switchyard.E026) STORAGE_BACKEND is postgresql, but ENABLE_SERVICES is false" in refused.stderr
    assert "HINT: Set ENABLE_SERVICES=true, or STORAGE_BACKEND=json." in refused.stderr
    assert "Traceback" not in refused.stderr
    files = {"LEGACY_DIR": str(BASE_DIR / "docs"), "LEGACY_TIME_ZONE": "UTC"}
    assert load(STORAGE_BACKEND="postgresql", ENABLE_SERVICES="true")["ENVIRONMENT_PROBLEMS"] == []
    assert load(STORAGE_BACKEND="json", ENABLE_SERVICES="false", **files)["ENVIRONMENT_PROBLEMS"] == []


def test_a_component_that_is_not_where_the_backend_wants_it_is_served_and_named(
    in_stage: InStage, run: Run, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    in_stage(DUAL_DATABASE)
    settings.STORAGE_BACKEND = "json"
    named = [each for each in run_checks(databases=["default"]) if each.id == "migration_control.W003"]
    users = next(each for each in named if each.msg.startswith("users"))
    assert "migration_rollback users" in str(users.hint)
    with caplog.at_level(logging.WARNING):
        adapter = StorageAdapter(backend="postgresql")
    assert "STORAGE_BACKEND=json" in caplog.text
    run(adapter.save_user(UserData(user_id=1)))
    assert run(adapter.get_user(1)) is not None
