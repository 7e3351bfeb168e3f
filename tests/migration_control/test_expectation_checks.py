"""What contradicts the settings is said, with a command that mends it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest
from django.core import checks
from django.core.management import load_command_class
from django.db import OperationalError, connection, connections
from pytest_django import Settings

from migration_control import expectation_checks, expectations, releases, store
from migration_control.stages import STAGES, StageRow
from tests.migration_control.world import Bot
from tests.standing import stand

BACKENDS = ("json", "dual", "postgresql")
MODES = ("disabled", "manual", "auto")
DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY = STAGES

CONTRADICTED = {
    *(("json", mode, row) for mode in MODES for row in (DUAL_DATABASE, DB_ONLY)),
    *(("dual", mode, DB_ONLY) for mode in MODES),
    ("dual", "disabled", DISABLED),
    ("postgresql", "disabled", DISABLED),
    ("postgresql", "disabled", DUAL_JSON),
}


def cells() -> Iterator[tuple[str, str, StageRow]]:
    yield from ((backend, mode, row) for backend in BACKENDS for mode in MODES for row in STAGES)


@pytest.mark.parametrize(("backend", "mode", "row"), list(cells()), ids=str)
def test_what_is_contradicted_has_a_remedy_that_the_command_line_takes(
    settings: Settings, backend: str, mode: str, row: StageRow
) -> None:
    settings.STORAGE_BACKEND, settings.MIGRATION_MODE = backend, mode
    found = list(expectations.contradictions({"users": row}))
    assert bool(found) == ((backend, mode, row) in CONTRADICTED)
    for _, fact, remedy in found:
        assert f"users is {row.stage} reading {row.reads}" in fact
        assert f"STORAGE_BACKEND is {backend}" in fact
        assert ("MIGRATION_MODE=manual" in remedy) == (mode == "disabled")
        _, name, *arguments = shlex.split(remedy[remedy.index("manage.py") :])
        command = load_command_class("migration_control", name)
        assert command.create_parser("manage.py", name).parse_args(arguments).component == "users"


@pytest.mark.django_db
def test_each_component_that_is_elsewhere_is_a_warning_of_its_own(settings: Settings) -> None:
    settings.STORAGE_BACKEND = "json"
    stand("dual-write", "database", "users", "matches")
    found = checks.run_checks(databases=["default"])
    assert [(m.id, m.msg.split()[0], m.level) for m in found if m.id == "migration_control.W003"] == [
        ("migration_control.W003", "matches", checks.WARNING),
        ("migration_control.W003", "users", checks.WARNING),
    ]


@pytest.mark.django_db
def test_a_plain_check_asks_no_database(django_assert_num_queries: object, settings: Settings) -> None:
    settings.STORAGE_BACKEND = "json"
    stand("dual-write", "database", "users")
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert not [m for m in checks.run_checks() if m.id == "migration_control.W003"]


def test_a_database_that_is_away_is_left_to_whoever_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("no answer")

    monkeypatch.setattr(connections["default"], "cursor", away)
    assert expectation_checks.check_stages(None, databases=["default"]) == []
    assert expectation_checks.check_migrations(None, databases=["default"]) == []


def test_a_closed_fence_is_an_error_only_where_no_database_is_used(bot: Bot, settings: Settings) -> None:
    with store.index().write() as (written, _):
        written.execute("INSERT INTO fence (component, state, epoch) VALUES ('users', 'closed', 1)")
    assert expectation_checks.check_fences(None) == []
    settings.DATABASE_USED = False
    (error,) = expectation_checks.check_fences(None)
    assert (error.id, error.is_serious()) == ("migration_control.E008", True)
    assert "migration_rollback users --all-the-way" in str(error.hint)


def test_a_fence_of_a_newer_release_is_an_error(bot: Bot) -> None:
    with store.index().write() as (written, _):
        written.execute("INSERT INTO fence (component, state, epoch) VALUES ('users', 'handing over', 1)")
    (error,) = expectation_checks.check_fences(None)
    assert error.id == "migration_control.E009"
    assert "handing over" in error.msg


@pytest.mark.django_db
def test_a_stage_of_a_newer_release_is_an_error() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE migration_control_componentstate DROP CONSTRAINT component_in_a_known_stage")
        cursor.execute("ALTER TABLE migration_control_componentstate DISABLE TRIGGER USER")
        cursor.execute("UPDATE migration_control_componentstate SET stage = 'archived' WHERE name = 'users'")
    (error,) = expectation_checks.check_stages(None, databases=["default"])
    assert error.id == "migration_control.E009"
    assert "users is in the stage archived reading json" in error.msg


@pytest.mark.django_db
def test_migrations_of_a_newer_release_are_an_error() -> None:
    assert releases.unknown_migrations() == []
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '0999_later', now())")
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('auth', '0999_later', now())")
    (error,) = expectation_checks.check_migrations(None, databases=["default"])
    assert error.id == "migration_control.E010"
    assert "accounts.0999_later" in error.msg
    assert "auth" not in error.msg
