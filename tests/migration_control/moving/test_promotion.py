"""The database is lost, JSON is promoted, and the old database comes back after all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError

from accounts.models import User
from config.environment import BASE_DIR
from legacy_json.conflicts import open_conflicts
from migration_control import pairing
from migration_control.mirroring import draining_to_database
from migration_control.models import Transition
from migration_control.moving import promotion, recovery
from migration_control.moving.steps import take
from migration_control.stages import path
from tests.migration_control.moving.ground import BY, DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground


def without_a_database(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command, on a host from which no database can be reached."""
    environment = os.environ | {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "LEGACY_DIR": str(settings.LEGACY_DIR),
        "LEGACY_INDEX": str(settings.LEGACY_INDEX),
        "LEGACY_TIME_ZONE": "Europe/Moscow",
        "BOTS": "faceit",
    }
    return subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def lost(ground: Ground) -> Ground:
    """User 1 in both stores; 2 and the deletion of 3 in the database only, which is lost; JSON promoted."""
    for number in (1, 3):
        ground.records.create(User(user_id=number))
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.put(DB_ONLY, "users")
    ground.records.create(User(user_id=2, faceit_nickname="lost"))
    ground.records.delete(3)
    done = without_a_database("migration_promote_json", "--confirm", "--reason", "the disk died")
    assert done.returncode == 0, done.stderr
    return ground


def test_the_loss_is_stated_before_anything_is_done(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    ground.put(DUAL_DATABASE, "users")
    before = ground.fence()
    said = without_a_database("migration_promote_json", "--json")
    found: dict[str, Any] = {each["component"]: each for each in json.loads(said.stdout)["components"]}
    assert (found["users"]["loses"], found["users"]["mirrored"]) == (True, True)
    assert found["subscriptions"]["loses"] is None
    assert found["subscriptions"]["unknown"] == "this index has never spoken with a database of it"
    assert ground.fence() == before


def test_nothing_is_promoted_while_the_right_database_answers(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    ground.put(DUAL_DATABASE, "users")
    with pytest.raises(CommandError, match="migration_rollback") as caught:
        call_command("migration_promote_json", "--confirm", "--reason", "by mistake")
    assert caught.value.returncode == 3
    assert ground.state().row == DUAL_DATABASE


def test_scenario_50_json_serves_and_the_old_database_is_refused(lost: Ground) -> None:
    assert lost.records.get(1) is not None
    assert lost.records.get(2) is None
    lost.records.update(1, lambda user: setattr(user, "language", "en"))
    (step,) = path(DB_ONLY, DUAL_DATABASE)
    with pytest.raises(pairing.StoresDisagree):
        take(lost.users, step, lost.state().epoch, BY)
    with pytest.raises(pairing.StoresDisagree):
        recovery.recover(lost.users)
    assert lost.in_database(1).language == "ru"
    assert lost.records.get(1).language == "en"  # type: ignore[union-attr]


def test_what_the_old_database_had_alone_becomes_conflicts_and_it_follows_json_again(lost: Ground) -> None:
    lost.records.update(1, lambda user: setattr(user, "language", "en"))
    call_command("migration_pair", "users", "--confirm")
    assert {(conflict.key, conflict.kind) for conflict in open_conflicts(lost.index)} == {(2, "added"), (3, "missing")}
    with pytest.raises(DatabaseError, match="not the authority"):
        User.objects.filter(pk=1).update(language="ru")
    assert lost.state().row == DISABLED
    assert Transition.objects.filter(component="users", kind="settled").exists()
    lost.put(DUAL_JSON, "users")
    draining_to_database.drain(lost.users, lost.index)
    assert lost.in_database(1).language == "en"
    assert lost.in_database(2) is None
    assert lost.in_database(3) is not None
    assert lost.lag() == (0, 0)


@pytest.mark.parametrize("where", ["_keep", "fence_for"])
def test_settling_may_be_repeated_after_a_crash(lost: Ground, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(promotion, where, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            call_command("migration_pair", "users", "--confirm")
    assert lost.records.get(1) is not None
    call_command("migration_pair", "users", "--confirm")
    assert len(open_conflicts(lost.index)) == 2
    recovery.recover(lost.users)
    assert lost.fence().epoch == lost.state().epoch
