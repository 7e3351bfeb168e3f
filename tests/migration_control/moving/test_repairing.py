"""The index was lost, or put back from a backup, while the database is the authority and right."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from legacy_json.conflicts import open_conflicts
from migration_control import pairing, store
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json
from migration_control.models import Change, Transition
from migration_control.moving import promotion, repairing
from migration_control.routing import router
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import BY, DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground


def count_up(user: User) -> None:
    user.total_requests += 1


def replace_index(ground: Ground, backup: Path | None) -> None:
    """By that copy of it, or by none."""
    path = ground.index.path
    ground.index.close()
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    if backup is not None:
        shutil.copy2(backup, path)
    router._opened.cache_clear()


def take_anew() -> None:
    os.utime(store.root() / "data.json", (0, 0))  # one that was written a moment ago is refused
    call_command("legacy_take", "data.json", "--anew", "--confirm")


@pytest.fixture(params=[DUAL_DATABASE, DB_ONLY], ids=str)
def stage(request: pytest.FixtureRequest) -> StageRow:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=["lost", "older"])
def stopped(ground: Ground, stage: StageRow, tmp_path: Path, request: pytest.FixtureRequest) -> Ground:
    """Users 1, 2 and 7 in the database, of which 2 was changed and 7 made after the index was put aside; 3 deleted."""
    for number in (1, 2, 3):
        ground.records.create(User(user_id=number))
    store.renderer().flush(None, edits=True)
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    backup = tmp_path / "backup.sqlite3"
    ground.index.connection().execute("VACUUM INTO ?", (str(backup),))
    for _ in range(2):
        ground.records.update(2, count_up)
        acknowledging.flush()
    ground.records.create(User(user_id=7))
    ground.records.delete(3)
    acknowledging.flush()
    ground.put(stage, "users")
    replace_index(ground, backup if request.param == "older" else None)
    if request.param == "lost":
        take_anew()
    return ground


def same(ground: Ground) -> bool:
    def requests(key: int, where: Any) -> Any:
        found = where(key)
        return found and found.total_requests

    return all(requests(key, ground.in_json) == requests(key, ground.in_database) for key in (1, 2, 3, 7))


def test_the_stores_disagree_until_the_index_follows_the_database_and_nothing_is_lost(stopped: Ground) -> None:
    with pytest.raises(pairing.StoresDisagree, match="bring JSON up to date"):
        pairing.check("users", stopped.index)
    call_command("migration_pair", "users", "--confirm")
    pairing.check("users", stopped.index)
    draining_to_json.drain(stopped.users, stopped.index)
    assert same(stopped)
    assert stopped.lag() == (0, 0)
    assert stopped.records.update(1, count_up).total_requests == 1
    stopped.move(DUAL_DATABASE)  # those in the same files wait for that
    for name in ("subscriptions", "analytics"):
        call_command("migration_pair", name, "--confirm")
        stopped.put(DISABLED, name)
    stopped.move(DISABLED)
    assert {key: stopped.records.get(key).total_requests for key in (1, 2, 7)} == {1: 1, 2: 2, 7: 0}  # type: ignore[union-attr]
    assert stopped.records.get(3) is None
    assert stopped.records.update(7, count_up).total_requests == 1
    stopped.move(DUAL_JSON)
    draining_to_database.drain(stopped.users, stopped.index)
    assert same(stopped)
    assert stopped.lag() == (0, 0)


@pytest.mark.parametrize("where", ["_raise", "_follow"])
def test_pairing_may_be_repeated_after_a_crash(stopped: Ground, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(repairing, where, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            repairing.pair(stopped.users, BY)
    with pytest.raises(pairing.StoresDisagree):
        pairing.check("users", stopped.index)
    repairing.pair(stopped.users, BY)
    draining_to_json.drain(stopped.users, stopped.index)
    assert same(stopped)


@pytest.mark.parametrize("stage", [DUAL_DATABASE], indirect=True, ids=str)
def test_it_first_says_what_it_would_do(stopped: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    before = stopped.state().epoch
    call_command("migration_pair", "users")
    assert "has 3 rows, all of which would be copied to JSON again" in capsys.readouterr().out
    assert stopped.state().epoch == before


def test_what_only_json_has_is_removed_there_and_kept_as_a_conflict(ground: Ground) -> None:
    for number in (1, 2):
        ground.records.create(User(user_id=number))
    ground.put(DUAL_DATABASE, "users")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        User.objects.filter(pk=2).delete()
        Change.objects.filter(component="users", key="2").delete()
    assert repairing.pair(ground.users, BY) == (2, 1)
    draining_to_json.drain(ground.users, ground.index)
    assert ground.in_json(2) is None
    assert [(conflict.key, conflict.kind) for conflict in open_conflicts(ground.index)] == [(2, "added")]
    assert Transition.objects.filter(component="users", kind="paired").count() == 1


def test_files_that_were_not_taken_over_are_refused(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    store.renderer().flush(None, edits=True)
    ground.put(DUAL_DATABASE, "users")
    with ground.index.write() as (written, _):
        written.execute("UPDATE source SET owner = 'legacy'")
    with pytest.raises(CommandError, match="legacy_take"):
        call_command("migration_pair", "users", "--confirm")


def test_json_is_not_promoted_while_a_database_answers_that_is_the_authority(stopped: Ground) -> None:
    with pytest.raises(CommandError, match="is the authority for analytics, subscriptions, users") as caught:
        call_command("migration_promote_json", "--confirm", "--reason", "the index is gone")
    assert caught.value.returncode == 3
    assert "migration_pair" in str(caught.value)


def test_what_was_acknowledged_to_a_lost_index_becomes_conflicts(stopped: Ground) -> None:
    call_command("migration_promote_json", "--confirm", "--although-it-answers", "--reason", "the database is damaged")
    promotion.settle(stopped.users, BY)
    found = {(conflict.key, conflict.kind) for conflict in open_conflicts(stopped.index)}
    assert found == {(2, "changed"), (7, "added"), (3, "missing")}


def test_the_history_is_not_truncated(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users")
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE migration_control_transition")
    assert Transition.objects.exists()
