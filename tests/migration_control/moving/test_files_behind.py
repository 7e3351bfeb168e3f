"""What the commands of the files say while the database is the authority."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from legacy_json import foreign
from legacy_json.conflicts import open_conflicts
from migration_control import store
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground


def test_rendering_says_as_of_when_the_files_are(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.records.create(User(user_id=1))
    ground.put(DB_ONLY, "users")
    call_command("legacy_render", "data.json")
    said = capsys.readouterr().out
    assert "users: the database is the authority and is ahead (db-only" in said
    assert "the files are as of the last copy of 20" in said
    assert "matches" not in said


def test_an_edit_that_cannot_be_taken_says_what_staff_can_do(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.records.create(User(user_id=1))
    ground.put(DUAL_DATABASE, "users")
    edit = foreign.Foreign(1, {"user_id": 1, "language": "en"})
    foreign.keep(ground.index, store.places(), ground.users.collection, [edit], timezone.now())
    (conflict,) = open_conflicts(ground.index)
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("legacy_settle", str(conflict.id), "--take")
    assert "Make the change in the admin and dismiss the conflict" in capsys.readouterr().err
