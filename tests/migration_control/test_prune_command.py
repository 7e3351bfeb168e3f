"""migration_prune: its exit statuses, and what it says."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from legacy_json.index import Index
from migration_control.models import ComponentState
from tests.migration_control.world import Bot, Importer, user
from tests.staff import staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def imported(bot: Bot, run_import: Importer) -> Bot:
    bot.writes(user(1), user(2), user(3))
    run_import()
    return bot


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("migration_prune", *arguments, stdout=out)
    return out.getvalue()


def status(*arguments: str) -> int:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return int(caught.value.returncode)


def count(**arguments: Any) -> int:
    return User.objects.filter(**arguments).count()


def test_it_removes_and_says_how_many(imported: Bot) -> None:
    assert run("users", "--before", "3") == (
        "users before 3: 2 rows of the database and 2 records of the index were removed.\n"
    )
    assert count() == 1


def test_a_dry_run_counts_and_changes_nothing(imported: Bot, index: Index) -> None:
    assert "2 rows of the database and 2 records of the index would be removed" in run(
        "users", "--before=3", "--dry-run"
    )
    assert (count(), index.floor("users"), ComponentState.objects.get(name="users").floor) == (3, None, "")


def test_scripts_get_one_json_document(imported: Bot) -> None:
    assert json.loads(run("users", "--before", "3", "--json")) == {
        "component": "users", "floor": 3, "rows": 2, "records": 2, "dry_run": False,
    }  # fmt: skip


def test_a_second_time_there_is_nothing_left_to_do(imported: Bot) -> None:
    run("users", "--before", "3")
    assert json.loads(run("users", "--before", "2", "--json"))["floor"] == 3


@pytest.mark.parametrize(
    "arguments", [("nobody", "--before", "3"), ("users", "--before", "x"), ("users", "--before", "")]
)
def test_what_is_no_component_or_no_key_is_wrong_usage(imported: Bot, arguments: tuple[str, ...]) -> None:
    assert status(*arguments) == 2
    assert count() == 3


def test_a_key_in_the_middle_of_a_list_is_refused(bot: Bot) -> None:
    assert status("analytics", "--before", "202411:0000000004") == 3


def test_the_status_shows_what_is_pruned(imported: Bot, capsys: pytest.CaptureFixture[str]) -> None:
    run("users", "--before", "3")
    call_command("migration_status", "users")
    shown = capsys.readouterr().out
    header, line, verdict = shown.splitlines()[:3]
    assert dict(zip(header.split(), line.split(), strict=True))["pruned"] == "2"
    assert verdict == "Balanced: imported + quarantined + deleted + pruned + pending = entries"


def test_the_admin_shows_the_floor_and_what_is_pruned(imported: Bot) -> None:
    run("users", "--before", "3")
    page = staff("view_componentstate").get("/admin/migration_control/componentstate/users/change/").content.decode()
    assert "Pruned" in page
    assert "Floor" in page
