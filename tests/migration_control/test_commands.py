"""What operators type, and what it answers."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from migration_control import following
from migration_control.models import ComponentState, Run
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, Importer, subscription, user

pytestmark = pytest.mark.django_db(transaction=True)


def call(name: str, *arguments: str) -> tuple[int, str]:
    """Exit status and standard output."""
    out = StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def as_json(name: str, *arguments: str) -> Any:
    return json.loads(call(name, *arguments, "--json")[1])


def test_an_import_reports_runs_ledger_and_findings(bot: Bot) -> None:
    bot.writes(user(1, subscription=subscription()), user(2, total_requests=10**30), user(3, total_requests="4"))
    status, text = call("migration_import", "--here", "--json")
    report = json.loads(text)
    assert status == 1
    assert [(run["component"], run["state"]) for run in report["runs"]] == [
        ("analytics", "completed"),
        ("matches", "completed"),
        ("players", "completed"),
        ("users", "incomplete"),
        ("subscriptions", "completed"),
    ]
    (users,) = (ledger for ledger in report["ledger"] if ledger["component"] == "users")
    assert (users["entries"], users["imported"], users["quarantined"], users["rows"], users["balanced"]) == (
        3, 2, 1, 2, True,
    )  # fmt: skip
    assert {(finding["key"], finding["outcome"]) for finding in report["findings"]} == {
        (2, "quarantined"),
        (3, "repaired"),
    }


def test_a_whole_import_ends_with_status_0(bot: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    bot.writes(user(1))
    assert call("migration_import", "--here")[0] == 0
    printed = capsys.readouterr().out
    assert "Balanced" in printed
    assert "completed" in printed


def test_a_dry_run_says_for_each_record_what_would_change_and_changes_nothing(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2), user(3))
    run_import()
    bot.writes(user(1), user(2, language="en"), user(4), user(5, total_requests=10**30))
    out = call("migration_import", "users", "--dry-run", "--json")[1]
    planned = {line["key"]: line for line in map(json.loads, out.splitlines())}
    assert {key: line["action"] for key, line in planned.items()} == {
        2: "update", 3: "delete", 4: "insert", 5: "quarantine",
    }  # fmt: skip
    assert planned[2]["detail"] == "language: 'ru' -> 'en'"
    assert list(User.objects.order_by("pk").values_list("pk", flat=True)) == [1, 2, 3]
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["nonsense"], 2, "There are: analytics, matches, players, users, subscriptions"),
        (["--key", "1"], 2, "name it"),
        (["users", "--key", "x"], 2, "not a whole number"),
        (["--batch-size", "0"], 2, "1-1000"),
        (["--batch-size", "1001"], 2, "1-1000"),
    ],
)
def test_wrong_usage_is_answered_with_what_is_right(bot: Bot, arguments: list[str], status: int, says: str) -> None:
    bot.writes(user(1))
    code, text = call("migration_import", "--here", *arguments)
    assert (code, says in text) == (status, True), text


def test_without_a_folder_the_variable_is_named(settings: Settings) -> None:
    settings.LEGACY_DIR = None
    code, text = call("migration_import", "--here")
    assert code == 2
    assert "LEGACY_DIR" in text


def test_migration_mode_disabled_refuses_with_status_3(bot: Bot, settings: Settings) -> None:
    settings.MIGRATION_MODE = "disabled"
    bot.writes(user(1))
    assert call("migration_import", "--here")[0] == 3
    assert not Run.objects.exists()


def test_status_shows_ledger_last_runs_and_holds(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user("2"))
    run = run_import()
    ComponentState.objects.filter(name="users").update(held="because")
    report = as_json("migration_status", "users", "--findings")
    assert report["ledger"][0]["imported"] == 2
    assert report["held"] == {"users": "because"}
    assert [last["run"] for last in report["last"]] == [run.pk]
    assert report["findings"][0]["code"] == "key-repaired"


def test_status_before_any_import_balances(bot: Bot) -> None:
    assert call("migration_status")[0] == 0


def test_following_ends_when_no_worker_takes_the_run(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "UNCLAIMED", 0.3)
    bot.writes(user(1))
    status, text = call("migration_import", "users")
    assert (status, "--here" in text) == (1, True)
    assert Run.objects.get().state == RunState.QUEUED


def test_pause_resume_cancel_and_undo_from_the_shell(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run = run_import()
    assert call("migration_pause", str(run.pk))[0] == 3
    assert call("migration_cancel", "999999")[0] == 2
    assert call("migration_cancel", "users")[0] == 2
    status, text = call("migration_undo", str(run.pk), "--here", "--json")
    assert (status, json.loads(text)["deleted"]) == (0, 1)
    assert call("migration_undo", "999999", "--here")[0] == 2
    assert "no longer held" in call("migration_resume", "users")[1]
    assert ComponentState.objects.get(name="users").held == ""
    waiting = Run.objects.create(component_id="users", requested_by="test", state=RunState.QUEUED)
    assert f"Run {waiting.pk} of users is paused" in call("migration_pause", str(waiting.pk))[1]
    assert "is queued" in call("migration_resume", str(waiting.pk))[1]
    assert "is cancelled" in call("migration_cancel", str(waiting.pk))[1]
