"""An import taken back: its own rows, and no other's."""

from __future__ import annotations

import pytest

from accounts.models import User
from legacy_json.index import Index
from migration_control import automatic, components, runs, undoing
from migration_control.models import ComponentState
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, Importer, user, work

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


def test_an_undo_holds_automatic_runs_until_staff_resume_them(bot: Bot, run_import: Importer, settings: object) -> None:
    settings.AUTO_MIGRATE, settings.MIGRATION_MODE = True, "auto"  # type: ignore[attr-defined]
    bot.writes(user(1))
    first = run_import()
    work(undoing.request(first.pk, requested_by="ann"))
    state = ComponentState.objects.get(name="users")
    assert "migration_resume users" in state.held
    assert [run.component_id for run in automatic.queue_runs()] in ([], ["subscriptions"])


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
    with pytest.raises(runs.ActiveRun):
        undoing.request(active.pk, requested_by="ann")
    assert not ComponentState.objects.get(name="users").held.startswith(f"run {active.pk}")
