"""An import taken back: its own rows, and no other's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from legacy_json.index import Index
from legacy_json.keys import Key
from migration_control import automatic, components, runs, undoing
from migration_control.models import ComponentState, Run
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, Importer, user, work
from tests.staff import give_authority_to_the_database
from tests.standing import stand

pytestmark = pytest.mark.django_db(transaction=True)
USERS = components.get("users")


def test_undoing_removes_what_the_run_inserted_and_counts_what_changed_since(
    bot: Bot, run_import: Importer, index: Index
) -> None:
    bot.writes(user(1))
    run_import()
    bot.writes(user(1), user(2), user(3), user(4))
    second = run_import()
    bot.writes(user(1), user(2), user(3, language="en"), user(4))
    run_import()
    undo = work(undoing.request(second.pk, requested_by="ann"))
    assert (undo.state, undo.deleted, undo.kept) == (RunState.COMPLETED, 2, 1)
    assert list(User.objects.order_by("pk").values_list("pk", flat=True)) == [1, 3]
    assert index.count_pending("users") == 2
    assert index.ledger("users").balanced


def test_what_was_undone_comes_back_with_the_next_import(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    work(undoing.request(run_import().pk, requested_by="ann"))
    assert not User.objects.exists()
    assert run_import().inserted == 2


def test_what_an_earlier_undo_removed_is_not_called_kept(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2), user(3))
    first = run_import()
    bot.writes(user(1), user(2), user(3, language="en"))
    run_import()
    work(undoing.request(first.pk, requested_by="ann"))
    again = work(undoing.request(first.pk, requested_by="ann"))
    assert (again.state, again.deleted, again.kept) == (RunState.COMPLETED, 0, 1)
    assert undoing.left(first) == (0, 2, 1)


def test_nothing_is_undone_while_writes_are_copied(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run = run_import()
    stand("dual-write", "json", "users")
    with pytest.raises(runs.RunRefused, match="migration_rollback users"):
        undoing.request(run.pk, requested_by="ann")
    assert held() == ""
    stand("disabled", "json", "users")
    assert work(undoing.request(run.pk, requested_by="ann")).deleted == 1


def held() -> str:
    return ComponentState.objects.get(name="users").held


def automatic_users() -> list[Run]:
    return [run for run in automatic.queue_runs() if run.component_id == "users"]


def test_an_undo_holds_automatic_runs_until_staff_resume_them(
    bot: Bot, run_import: Importer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUTO_MIGRATE, settings.MIGRATION_MODE = True, "auto"
    monkeypatch.setattr(automatic, "PAUSE", timedelta(0))
    bot.writes(user(1))
    first = run_import()
    undo = undoing.request(first.pk, requested_by="ann")
    assert held().startswith(f"run {first.pk} is being undone")
    work(undo)
    assert held().startswith(f"run {first.pk} was undone;")
    assert "migration_resume users" in held()
    assert automatic_users() == []
    assert undoing.release("users")
    assert not undoing.release("users")
    assert len(automatic_users()) == 1


def test_an_undo_that_is_cancelled_before_it_removed_anything_holds_nothing(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    first = run_import()
    runs.cancel(undoing.request(first.pk, requested_by="ann"))
    assert held() == ""


def test_an_undo_that_is_cancelled_in_the_middle_holds_what_it_removed(
    bot: Bot, run_import: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "ROWS", 1)
    bot.writes(user(1), user(2))
    first = run_import()
    undo = undoing.request(first.pk, requested_by="ann")
    forget = Index.forget

    def forget_and_cancel(self: Index, component: str, keys: Sequence[Key]) -> None:
        forget(self, component, keys)
        runs.cancel(undo)

    monkeypatch.setattr(Index, "forget", forget_and_cancel)
    work(undo)
    assert (undo.state, undo.deleted) == (RunState.CANCELLED, 1)
    assert held().startswith(f"run {first.pk} was undone in part;")


def test_an_undo_that_is_cancelled_leaves_the_hold_of_another(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    first = run_import()
    bot.writes(user(1), user(2))
    second = run_import()
    work(undoing.request(first.pk, requested_by="ann"))
    runs.cancel(undoing.request(second.pk, requested_by="ann"))
    assert held().startswith(f"run {first.pk} was undone;")


def test_a_late_acknowledgement_of_what_was_undone_is_ignored(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1), user(2))
    first = run_import()
    late = index.record("users", 1)
    work(undoing.request(first.pk, requested_by="ann"))
    assert not index.acknowledge(late)
    assert index.count_pending("users") == 2


def test_a_crash_between_index_and_database_loses_nothing(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1), user(2))
    run_import()
    index.forget("users", [1, 2])
    run = run_import()
    assert (run.unchanged, User.objects.count(), run.state) == (2, 2, RunState.COMPLETED)


def test_an_undo_of_an_undo_or_of_an_active_run_is_refused(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    undo = work(undoing.request(run_import().pk, requested_by="ann"))
    with pytest.raises(runs.RunRefused, match="import again"):
        undoing.request(undo.pk, requested_by="ann")
    active = runs.request(USERS, requested_by="ann")
    with pytest.raises(runs.RunRefused, match="is queued. Wait for it"):
        undoing.request(active.pk, requested_by="ann")
    assert not held().startswith(f"run {active.pk}")


def test_a_run_that_inserted_nothing_is_not_undone(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    with pytest.raises(runs.RunRefused, match="inserted nothing"):
        undoing.request(run_import().pk, requested_by="ann")
    assert held() == ""


def test_an_import_is_not_undone_once_the_database_is_the_authority(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run = run_import()
    give_authority_to_the_database("users")
    with pytest.raises(runs.RunRefused, match="authority for users"):
        undoing.request(run.pk, requested_by="ann")
