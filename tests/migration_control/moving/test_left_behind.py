"""An index that cannot be read is not an empty one: nobody knows what waits in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from legacy_json import inbox
from migration_control.moving import left_behind
from tests.migration_control.moving.test_move_commands import as_json, call


@pytest.fixture
def unreadable(settings: Settings, tmp_path: Path) -> Path:
    index = tmp_path / "broken.sqlite3"
    index.write_bytes(b"no database at all " * 300)
    settings.LEGACY_DIR, settings.LEGACY_INDEX = None, index
    return index


def test_e066_an_index_that_cannot_be_read_is_told(unreadable: Path, settings: Settings) -> None:
    (error,) = left_behind.check_left_behind(None)
    assert error.id == "migration_control.E066"
    assert f"{unreadable} cannot be read, so nobody knows what waits in it." in error.msg
    assert "move it away" in str(error.hint)
    settings.LEGACY_INDEX = unreadable.with_name("none.sqlite3")
    assert left_behind.check_left_behind(None) == []


@pytest.mark.usefixtures("ground")
def test_status_says_unknown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the rest of the index can be read, and where nothing of it can."""
    monkeypatch.setattr(inbox, "counts", broken)
    _, document = as_json("migration_status", "users")
    assert [each["waiting"] for each in document["stages"]] == [None]
    capsys.readouterr()
    call("migration_status")
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("It is unknown what waits in the index's inbox, which cannot be read.") == 1


@pytest.mark.usefixtures("ground", "unreadable")
def test_status_of_an_index_of_which_nothing_can_be_read() -> None:
    with pytest.raises(CommandError, match="What waits in the index is unknown"):
        call_command("migration_status")


def broken(connection: sqlite3.Connection) -> dict[str, int]:
    raise sqlite3.DatabaseError("database disk image is malformed")
