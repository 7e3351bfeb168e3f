"""Scenario 49: a store that was lost, or restored from a backup, is noticed, and named, and can be mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from legacy_json import pairing as legacy_pairing
from legacy_json.index import Index
from migration_control import components, pairing, runs, store
from migration_control.advance import advance
from migration_control.models import ComponentState, Run
from migration_control.run_states import RunState
from migration_control.runs import LeaseLost
from tests.migration_control.world import Bot, Importer, user
from tests.standing import stand

pytestmark = pytest.mark.django_db(transaction=True)


def index_is_lost() -> None:
    store.index().close()
    for path in Path(settings.LEGACY_INDEX).parent.glob("index.sqlite3*"):
        path.unlink()


def database_is_made_anew() -> None:
    from tests.database import delete_rows

    delete_rows()


def copied(to: Path) -> None:
    store.index().connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(settings.LEGACY_INDEX, to)


def restored(backup: Path) -> None:
    index_is_lost()
    shutil.copyfile(backup, settings.LEGACY_INDEX)


def database_is_older() -> None:
    ComponentState.objects.filter(name="users").update(copies=0)


@pytest.mark.parametrize(
    ("accident", "says"),
    [
        (index_is_lost, "filled from another index"),
        (database_is_made_anew, "another database"),
        (database_is_older, "the database is older"),
    ],
)
def test_scenario_49_a_lost_or_older_store_stops_the_component_and_can_be_paired_again(
    bot: Bot, run_import: Importer, accident: Callable[[], None], says: str
) -> None:
    bot.writes(user(1), user(2), user(3))
    run_import()
    bot.writes(user(1), user(2), user(3, language="en"))
    run_import()
    accident()
    bot.writes(user(1, language="de"), user(2), user(3, language="en"))
    refused = run_import()
    assert refused.state == RunState.FAILED
    assert says in refused.message
    assert "migration_pair users --confirm" in refused.message
    with pytest.raises(CommandError, match=says):
        call_command("migration_status")
    call_command("migration_pair", "users", "--confirm")
    call_command("migration_pair", "subscriptions", "--confirm")
    assert run_import().state == RunState.COMPLETED
    assert list(User.objects.order_by("pk").values_list("pk", "language")) == [(1, "de"), (2, "ru"), (3, "en")]
    call_command("migration_status")


def test_scenario_49_an_index_restored_from_a_backup_is_noticed(bot: Bot, run_import: Importer, tmp_path: Path) -> None:
    bot.writes(user(1))
    run_import()
    copied(tmp_path / "backup")
    bot.writes(user(1, language="en"))
    run_import()
    restored(tmp_path / "backup")
    bot.writes(user(1, language="de"))
    refused = run_import()
    assert refused.state == RunState.FAILED
    assert "is older than what the database took" in refused.message


def test_an_index_from_a_backup_that_goes_on_counting_never_overtakes_its_own_check(
    bot: Bot, run_import: Importer, tmp_path: Path
) -> None:
    bot.writes(user(1))
    run_import()
    copied(tmp_path / "backup")
    bot.writes(user(1, language="en"))
    run_import()
    restored(tmp_path / "backup")
    for _ in range(50):
        with store.index().write():
            pass
    bot.writes(user(1, language="de"))
    refused = run_import()
    assert refused.state == RunState.FAILED
    assert "is older than what the database took" in refused.message
    assert User.objects.get(pk=1).language == "en"


def test_an_index_from_before_the_first_copy_is_noticed(bot: Bot, run_import: Importer, tmp_path: Path) -> None:
    bot.writes(user(1))
    store.refresh(components.get("users"))
    copied(tmp_path / "backup")
    run_import()
    restored(tmp_path / "backup")
    for _ in range(50):
        with store.index().write():
            pass
    assert "is older than what the database took" in run_import().message


def test_a_crash_between_a_copy_and_its_acknowledgement_is_no_disagreement(
    bot: Bot, run_import: Importer, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.writes(user(1), user(2))
    run_import()

    def lost(*arguments: object) -> bool:
        raise LeaseLost

    for language in ("en", "de"):  # twice: the second announcement remembers what the first one told
        bot.writes(user(1, language=language), user(2))
        with monkeypatch.context() as patch:
            patch.setattr(Index, "acknowledge", lost)
            runs.request(components.get("users"), requested_by="ann")
            run = Run.objects.latest("pk")
            advance(run.pk)
        assert User.objects.get(pk=1).language == language
        pairing.check("users", index)
        Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, ended_at=timezone.now(), token=None)
    assert run_import().state == RunState.COMPLETED
    known = legacy_pairing.counterpart(index, "users")
    assert (known.told, known.announced) == (ComponentState.objects.get(name="users").index_counter, frozenset())


def test_several_copies_may_be_under_way_and_end_in_any_order(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1))
    run_import()
    component = components.get("users")
    first, second = pairing.announce(component, index), pairing.announce(component, index)
    for number in (second, first):
        by = pairing.note_copy(component, index, number)
        pairing.check("users", index)
        with index.write() as (connection, _):
            legacy_pairing.confirm(connection, "users", by)
        pairing.check("users", index)
    assert legacy_pairing.counterpart(index, "users")[2:] == (second, frozenset())


def test_a_database_older_than_a_copy_it_confirmed_is_a_backup(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1))
    run_import()
    component, before = components.get("users"), ComponentState.objects.get(name="users")
    by = pairing.note_copy(component, index, pairing.announce(component, index))
    with index.write() as (connection, _):
        legacy_pairing.confirm(connection, "users", by)
    ComponentState.objects.filter(name="users").update(index_counter=before.index_counter)
    with pytest.raises(pairing.StoresDisagree, match="the database is older"):
        pairing.announce(component, index)


def test_pairing_removes_rows_that_the_file_does_not_have(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    run_import()
    index_is_lost()
    bot.writes(user(1))
    call_command("migration_pair", "users")
    assert pairing.strangers(components.get("users"), store.index()) == [2]
    call_command("migration_pair", "users", "--confirm")
    run = run_import()
    assert (run.deleted, list(User.objects.values_list("pk", flat=True))) == (1, [1])
    assert store.index().ledger("users").balanced


def test_pairing_from_the_database_is_refused_while_the_files_are_the_bots(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    stand("db-only", "database", "users")
    with pytest.raises(CommandError, match="legacy_take") as caught:
        call_command("migration_pair", "users", "--confirm")
    assert caught.value.returncode == 3


def test_a_crash_before_the_acknowledgement_is_no_disagreement(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1))
    run_import()
    ComponentState.objects.filter(name="users").update(copies=99)
    assert run_import().state == RunState.COMPLETED
