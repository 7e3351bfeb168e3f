"""MigrationAdapter: the engine's runs and drains, with honest results."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from migration_control.mirroring import acknowledging
from migration_control.stages import STAGES, StageRow
from subscriptions.models import Subscription
from switchyard.fronts import MigrationAdapter, MigrationDirection, MigrationStatus, copying
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)
TO_DATABASE, TO_JSON, BOTH = MigrationDirection


def people(*names: int) -> None:
    for name in names:
        User.records.create(User(user_id=name, faceit_nickname=f"n{name}"))
        Subscription.records.create(Subscription(user_id=name, tier="premium"))


def migrate(run: Run, direction: str, **given: Any) -> Any:
    return run(MigrationAdapter().migrate_all_users(direction, **given))


def counts(result: Any) -> tuple[int, int, int]:
    return result.total_users, result.migrated_users, result.failed_users


@pytest.mark.parametrize("validation", [True, False])
def test_an_import_of_everybody(validation: bool, in_stage: InStage, run: Run) -> None:
    ground = in_stage(DISABLED)
    people(1, 2, 3)
    result = migrate(run, TO_DATABASE, batch_size=2, validation_mode=validation)
    assert (result.status, result.errors) == (MigrationStatus.COMPLETED, [])
    assert counts(result) == (3, 3, 0)
    assert ground.in_database(2, "subscriptions").tier == "premium"


def test_partial_success_is_never_completed(in_stage: InStage, run: Run) -> None:
    ground = in_stage(DISABLED)
    people(1)
    ground.poison(123456789)
    for validation in (True, False):
        result = migrate(run, TO_DATABASE, validation_mode=validation)
        assert result.status != MigrationStatus.COMPLETED
    result = migrate(run, TO_DATABASE)
    assert result.status is MigrationStatus.PARTIAL
    assert counts(result) == (2, 1, 1)
    assert any(error.startswith("Migration failed for user 123456789") for error in result.errors)
    one = run(MigrationAdapter().migrate_single_user(123456789))
    assert (one.status, counts(one)) == (MigrationStatus.FAILED, (1, 0, 1))
    found = run(MigrationAdapter().validate_migration_integrity())
    assert (found["total_json_users"], found["quarantined_users"], found["integrity_score"]) == (2, 1, 50.0)


def test_nobody_arrived_is_failed(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED).poison(5)
    assert migrate(run, TO_DATABASE).status is MigrationStatus.FAILED


@pytest.mark.parametrize("stage", [DUAL_DATABASE, DB_ONLY], ids=str)
def test_nothing_older_is_copied_over_the_database(stage: StageRow, in_stage: InStage, run: Run) -> None:
    ground = in_stage(stage)
    people(1)
    result = migrate(run, TO_DATABASE)
    assert result.status is MigrationStatus.FAILED
    assert result.errors
    assert ground.in_database(1).faceit_nickname == "n1"


@every_stage
def test_the_database_to_json(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    people(1, 2)
    result = migrate(run, TO_JSON)
    if stage == DUAL_DATABASE:
        assert (result.status, counts(result)) == (MigrationStatus.COMPLETED, (2, 2, 0))
    else:
        assert (result.status, result.migrated_users) == (MigrationStatus.FAILED, 0)
        assert result.errors


@pytest.mark.parametrize("stage", [DUAL_JSON, DUAL_DATABASE], ids=str)
def test_differences_are_repaired_from_the_authority(stage: StageRow, in_stage: InStage, run: Run) -> None:
    ground = in_stage(stage)
    people(1, 2)
    spoil(ground, stage)
    found = run(MigrationAdapter().validate_migration_integrity())
    assert [(m["user_id"], m["fields"]) for m in found["data_mismatches"]] == [(2, ["faceit_nickname"])]
    assert found["integrity_score"] == 50.0
    result = migrate(run, BOTH)
    assert (result.status, result.errors, counts(result)) == (MigrationStatus.COMPLETED, [], (2, 2, 0))
    assert User.records.get(2).faceit_nickname == "n2"  # type: ignore[union-attr]
    assert run(MigrationAdapter().validate_migration_integrity())["integrity_score"] == 100.0


def spoil(ground: Any, stage: StageRow) -> None:
    """The store that is not the authority, past the protocol."""
    acknowledging.flush()
    if stage == DUAL_JSON:
        with past_guards() as cursor:
            cursor.execute("UPDATE accounts_user SET faceit_nickname = 'stale' WHERE user_id = 2")
        return
    with ground.index.write() as (index, _):
        (held,) = index.execute("SELECT document FROM record WHERE component = 'users' AND key = 2").fetchone()
        stale = bytes(held).replace(b'"n2"', b'"stale"')
        assert stale != held
        index.execute("UPDATE record SET document = ? WHERE component = 'users' AND key = 2", (stale,))


@contextmanager
def past_guards() -> Iterator[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


def test_extra_rows_are_reported_and_never_written(in_stage: InStage, run: Run) -> None:
    ground = in_stage(DISABLED)
    people(1)
    migrate(run, TO_DATABASE)
    with past_guards() as cursor:
        cursor.execute("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT * FROM accounts_user WHERE user_id = 1")
        cursor.execute("UPDATE t SET user_id = 9; INSERT INTO accounts_user SELECT * FROM t")
    result = migrate(run, BOTH)
    assert (result.status, result.extra_users) == (MigrationStatus.PARTIAL, 1)
    assert ground.in_json(9) is None
    assert ground.in_database(9) is not None


@every_stage
def test_a_single_user(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    people(1)
    migration = MigrationAdapter()
    result = run(migration.migrate_single_user(1))
    if stage == DB_ONLY:
        assert result.status is MigrationStatus.FAILED
    else:
        assert (result.status, result.errors, counts(result)) == (MigrationStatus.COMPLETED, [], (1, 1, 0))
    nobodies: tuple[Any, ...] = (8, True, 1 << 70, "x", -1)
    for nobody in nobodies:
        result = run(migration.migrate_single_user(nobody))
        assert (result.status, result.migrated_users) == (MigrationStatus.FAILED, 0)
        assert result.errors


@every_stage
def test_integrity_of_both_stores(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    people(1, 2)
    found = run(MigrationAdapter().validate_migration_integrity())
    named = ("total_json_users", "total_postgresql_users", "common_users", "json_only_users", "postgresql_only_users")
    expected = {DISABLED: (2, 0, 0, 2, 0), DB_ONLY: (0, 2, 0, 0, 2)}.get(stage, (2, 2, 2, 0, 0))
    assert tuple(found[name] for name in named) == expected
    assert found["integrity_score"] == (100.0 if stage.mirrored else 0.0)
    assert found["data_mismatches"] == []
    assert "validation_timestamp" in found


def test_empty_stores_are_whole(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    assert run(MigrationAdapter().validate_migration_integrity())["integrity_score"] == 100.0


def test_a_rollback_undoes_one_run(in_stage: InStage, run: Run) -> None:
    ground = in_stage(DISABLED)
    people(1)
    migration = MigrationAdapter()
    first = run(migration.migrate_all_users())
    people(2)
    second = run(migration.migrate_all_users())
    assert run(migration.rollback_migration(second.migration_id)) is True
    assert (ground.in_database(1) is not None, ground.in_database(2)) == (True, None)
    assert ground.in_json(2) is not None
    assert migration.get_migration_status(second.migration_id).status is MigrationStatus.ROLLED_BACK  # type: ignore[union-attr]
    afterwards = MigrationAdapter()  # of another process
    assert afterwards.get_migration_status(second.migration_id).status is MigrationStatus.ROLLED_BACK  # type: ignore[union-attr]
    assert afterwards.get_migration_status(first.migration_id).status is MigrationStatus.COMPLETED  # type: ignore[union-attr]


def test_a_rollback_that_cannot_be(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    people(1)
    migration = MigrationAdapter()
    result = run(migration.migrate_all_users())
    in_stage(DUAL_JSON)
    assert run(migration.rollback_migration(result.migration_id)) is False
    for unknown in ("999999", "", "x", "1+x", "9" * 40):
        assert run(migration.rollback_migration(unknown)) is False
        assert migration.get_migration_status(unknown) is None


def test_bad_arguments(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    for given in ({"direction": "sideways"}, {"batch_size": 0}, {"batch_size": True}, {"batch_size": 1001}):
        with pytest.raises(ValueError):
            run(MigrationAdapter().migrate_all_users(**given))


def test_the_event_loop_goes_on_meanwhile(in_stage: InStage, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    monkeypatch.setattr(copying, "everybody", lambda *_: time.sleep(0.5))

    async def both() -> int:
        ticks = 0
        going = asyncio.ensure_future(MigrationAdapter().migrate_all_users())
        while not going.done():
            await asyncio.sleep(0.02)
            ticks += 1
        return ticks

    assert run(both()) > 5
