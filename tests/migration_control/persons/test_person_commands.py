"""What the two commands print, write and end with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from conversations.services import backups, configuration
from migration_control.exits import FAILED, REFUSED, USAGE
from migration_control.mirroring import acknowledging
from migration_control.persons import deleting
from tests.migration_control.persons.planting import MARK, OTHER, PERSON, STAYS, World

REASON = ["--reason", "asked by mail"]


def run(*words: str) -> tuple[str, int]:
    """What it printed, and its status."""
    out = StringIO()
    try:
        call_command(*words, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}", error.returncode
    return out.getvalue(), 0


def test_an_export_has_everything_and_of_others_what_they_say_of_the_person(standing: World, tmp_path: Path) -> None:
    told, status = run("person_export", str(PERSON))
    made: dict[str, Any] = json.loads(told)
    assert (status, made["person"]) == (0, PERSON)
    assert STAYS not in told
    users = made["components"]["users"]
    assert users["database"][0]["content"]["last_checked_match_id"] == f"last {MARK}"
    assert users["json"][0]["content"]["last_checked_match_id"] == f"1 {MARK}"
    names = {"users", "subscriptions", "profiles", "conversations", "configuration", "analytics"}
    assert names <= made["components"].keys()
    assert made["tables"]["payments"][0]["charge_id"] == "charge-1"
    assert {"finding", "conflict", "leftover", "section", "inbox", "effect", "copy"} <= made["notes"].keys()
    path = tmp_path / "person.json"
    assert run("person_export", str(PERSON), "--to", str(path))[1] == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["components"].keys() == made["components"].keys()
    assert run("person_export", str(PERSON), "--to", str(path))[1] == USAGE
    assert run("person_export", str(PERSON), "--to", str(tmp_path / "no" / "where"))[1] == FAILED


def test_a_deletion_is_previewed_confirmed_and_said(standing: World) -> None:
    words = ["person_delete", str(PERSON), *REASON]
    (standing.folder / "notes.txt").write_text(f"call {PERSON}")
    before = standing.where()
    told, status = run(*words)
    assert (status, "--confirm" in told) == (REFUSED, True)
    told, status = run(*words, "--dry-run", "--confirm")
    assert (status, f"{PERSON}: this would be deleted." in told) == (0, True)
    assert "Look at notes.txt yourself" in told
    assert standing.where() == before
    told, status = run(*words, "--confirm", "--json")
    made = json.loads(told)
    assert (status, made["deleted"], made["perhaps"]) == (0, True, ["notes.txt"])
    assert {"place": "table", "name": "payments", "count": 1} in made["found"]
    assert standing.where() == []
    told, status = run(*words, "--confirm")
    assert (status, f"{PERSON}: there is nothing." in told) == (0, True)


@pytest.mark.parametrize("command", [["person_export"], ["person_delete", *REASON]])
@pytest.mark.parametrize("text", ["0", "x", "5.0", "9" * 30, "9223372036854775808", "٣", "", "--5", "-"])
@pytest.mark.django_db
def test_what_is_no_id_is_told(command: list[str], text: str) -> None:
    assert run(*command, "--", text)[1] == USAGE


def test_a_reason_is_needed(world: World) -> None:
    assert run("person_delete", "5", "--reason", " ")[1] == USAGE
    with pytest.raises(CommandError, match="--reason"):
        call_command("person_delete", "5")


def test_a_group_chat_is_named_by_its_negative_number(world: World) -> None:
    world.plant()
    world.write("girls_data/-1001005000.json", {"chat_id": -1001005000, "name": MARK})
    world.take()
    told, status = run("person_delete", "-1001005000", *REASON, "--confirm")
    assert (status, "json profiles: 1" in told) == (0, True)
    assert User.records.get(OTHER) is not None
    assert not (world.folder / "girls_data/-1001005000.json").exists()


def test_what_is_left_is_a_failure_to_be_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.plant()
    world.take()
    with monkeypatch.context() as patch:
        patch.setattr(deleting, "steps", lambda person: iter(()))
        told, status = run("person_delete", str(PERSON), *REASON, "--confirm")
    assert (status, "the same command goes on" in told) == (FAILED, True)
    assert run("person_delete", str(PERSON), *REASON, "--confirm")[1] == 0


def test_daily_backups_and_the_history_of_settings_go(world: World, settings: Settings) -> None:
    settings.VAR_DIR = world.home / "var"
    world.plant()
    world.take()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    mine = backups.backup_day(PERSON, [{"text": MARK}], now=now)
    mine.with_name(f".{mine.name}-killed").write_text(MARK)
    other = backups.backup_day(OTHER, [{"text": STAYS}], now=now)
    configuration.set("style", MARK + "2", scope=str(PERSON), by="ann", now=now)
    configuration.set("style", "new", scope=str(OTHER), by=str(PERSON), now=now)
    told, status = run("person_delete", str(PERSON), *REASON, "--confirm")
    assert (status, "file daily backups: 2026-01-01" in told) == (0, True)
    assert world.where() == []
    assert other.exists()
    assert [each.new for each in configuration.history("style", scope=str(OTHER))] == ["new"]


def test_it_needs_no_database(world: World, settings: Settings) -> None:
    world.plant()
    world.take()
    acknowledging.flush()
    settings.DATABASE_USED = False
    assert run("person_export", str(PERSON))[1] == 0
    assert run("person_delete", str(PERSON), *REASON, "--confirm")[1] == 0
    assert list(world.files_with(MARK)) == []


@pytest.mark.parametrize("command", ["person_export", "person_delete"])
@pytest.mark.parametrize("short", ["2026", "-2026", "999999"])
def test_an_id_like_a_year_would_meet_other_peoples_data_and_is_refused(command: str, short: str) -> None:
    told, status = run(command, short, *(REASON if command == "person_delete" else []))
    assert (status, "too short" in told) == (USAGE, True)
