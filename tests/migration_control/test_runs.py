"""A run's life: each edge of the table, and nothing beside it."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from pytest_django import Settings

from migration_control import automatic, components, runs
from migration_control.models import ComponentState, Run
from migration_control.run_states import ACTIVE, EDGES, Act, RunState
from migration_control.tasks import find_due_runs
from tests.migration_control.world import Bot, Importer, user
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)
USERS = components.get("users")
S = RunState
STAFF_MAY = {
    Act.PAUSE: {S.QUEUED: S.PAUSED, S.RUNNING: S.PAUSING},
    Act.RESUME: {S.PAUSED: S.QUEUED, S.PAUSING: S.RUNNING},
    Act.CANCEL: {S.QUEUED: S.CANCELLED, S.PAUSED: S.CANCELLED, S.RUNNING: S.CANCELLING, S.PAUSING: S.CANCELLING},
}


def run_in(state: RunState) -> Run:
    return Run.objects.create(component_id="users", requested_by="test", state=state)


@pytest.mark.parametrize(("act", "state"), list(itertools.product(Act, RunState)))
def test_staff_bring_a_run_along_the_edges_of_their_act_only(act: Act, state: RunState) -> None:
    run = run_in(state)
    target = STAFF_MAY[act].get(state)
    with nullcontext() if target else pytest.raises(runs.RunRefused, match=f"is {state}"):
        runs.steer(run, act)
    run.refresh_from_db()
    assert run.state == (target or state)
    assert (run.ended_at is not None) == (target == S.CANCELLED)


@pytest.mark.parametrize(("state", "target"), list(itertools.product(RunState, RunState)))
def test_a_worker_ends_a_run_along_its_own_edges_only(state: RunState, target: RunState) -> None:
    if target in ACTIVE:
        return
    run = run_in(RunState.QUEUED)
    lease = runs.claim(run.pk)
    assert lease is not None
    Run.objects.filter(pk=run.pk).update(state=state)
    allowed = any((edge.source, edge.target, edge.act) == (state, target, None) for edge in EDGES)
    assert lease.end(target) == allowed
    run.refresh_from_db()
    assert run.state == (target if allowed else state)


def test_a_component_has_one_active_run(bot: Bot) -> None:
    first = runs.request(USERS, requested_by="ann")
    with pytest.raises(runs.ActiveRun) as caught:
        runs.request(USERS, requested_by="bob")
    assert caught.value.run == first
    assert f"migration_cancel {first.pk}" in str(caught.value)
    with pytest.raises(IntegrityError), transaction.atomic():
        run_in(RunState.PAUSED)


def test_no_import_is_asked_for_while_the_mode_is_disabled(bot: Bot, settings: Settings) -> None:
    settings.MIGRATION_MODE = "disabled"
    with pytest.raises(runs.RunRefused, match="MIGRATION_MODE is disabled"):
        runs.request(USERS, requested_by="ann")
    assert not Run.objects.exists()


def test_no_import_is_asked_for_once_the_database_is_the_authority(bot: Bot) -> None:
    give_authority_to_the_database("users")
    assert runs.refusal(components.get("subscriptions")) == ""
    with pytest.raises(runs.RunRefused, match="authority for users"):
        runs.request(USERS, requested_by="ann")
    assert not Run.objects.exists()


def test_a_request_that_the_table_refuses_for_another_reason_is_an_error(bot: Bot) -> None:
    with pytest.raises(IntegrityError, match="an_undo_names_its_run"):
        runs.request(USERS, requested_by="ann", kind=Run.Kind.UNDO)


def test_a_request_is_repeated_when_the_run_in_the_way_has_just_ended(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = Run.objects.create, []

    def create(**values: Any) -> Run:
        tries.append(values)
        if len(tries) == 1:
            raise IntegrityError
        return real(**values)

    monkeypatch.setattr(Run.objects, "create", create)
    assert runs.request(USERS, requested_by="ann").state == RunState.QUEUED
    assert len(tries) == 2


def test_a_run_is_claimed_once_and_again_when_its_worker_is_dead(bot: Bot) -> None:
    run = runs.request(USERS, requested_by="test")
    first = runs.claim(run.pk)
    assert first is not None
    assert runs.claim(run.pk) is None
    assert runs.due() == []
    Run.objects.update(heartbeat=F("heartbeat") - runs.LEASE - timedelta(seconds=1))
    assert runs.due() == [run.pk]
    second = runs.claim(run.pk)
    assert second is not None
    with pytest.raises(runs.LeaseLost):
        first.update(inserted=99)
    assert not first.end(RunState.COMPLETED)
    second.update(inserted=1)
    run.refresh_from_db()
    assert (run.inserted, run.state) == (1, RunState.RUNNING)


@pytest.mark.parametrize(
    ("asked", "becomes"), [(RunState.PAUSING, RunState.PAUSED), (RunState.CANCELLING, RunState.CANCELLED)]
)
def test_a_stop_takes_effect_when_the_worker_lets_go(asked: RunState, becomes: RunState) -> None:
    run = run_in(RunState.QUEUED)
    lease = runs.claim(run.pk)
    assert lease is not None
    Run.objects.filter(pk=run.pk).update(state=asked)
    assert not lease.end(RunState.COMPLETED)
    lease.release()
    run.refresh_from_db()
    assert run.state == becomes
    assert (run.ended_at is not None) == (becomes not in ACTIVE)


def messages() -> int:
    return int(redis.Redis.from_url(settings.REDIS_URL).llen("legacy"))


def test_scenario_18_a_worker_is_told_only_once_the_row_is_committed(bot: Bot) -> None:
    before = messages()
    with transaction.atomic():
        runs.request(USERS, requested_by="test")
        assert messages() == before
    assert messages() == before + 1


def test_a_request_that_is_rolled_back_tells_nobody(bot: Bot) -> None:
    before = messages()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        runs.request(USERS, requested_by="test")
        raise ZeroDivisionError
    assert messages() == before


def test_the_tick_sends_what_nobody_works_on(bot: Bot) -> None:
    run_in(RunState.RUNNING)
    before = messages()
    assert find_due_runs() == 1
    assert messages() == before + 1


@pytest.fixture
def auto(bot: Bot, settings: object) -> Bot:
    settings.AUTO_MIGRATE, settings.MIGRATION_MODE = True, "auto"  # type: ignore[attr-defined]
    return bot


def test_automatic_runs_follow_the_file_and_only_the_file(auto: Bot, run_import: Importer) -> None:
    auto.writes(user(1))
    queued = {run.component_id for run in automatic.queue_runs()}
    assert queued == {"analytics", "matches", "players", "users", "subscriptions"}
    assert automatic.queue_runs() == []
    for run in Run.objects.all():
        from tests.migration_control.world import work

        work(run)
    Run.objects.update(ended_at=F("ended_at") - timedelta(hours=1))
    assert automatic.queue_runs() == []
    auto.writes(user(1), user(2))
    assert automatic.queue_runs() != []


def test_without_auto_migrate_nothing_runs_by_itself(bot: Bot) -> None:
    bot.writes(user(1))
    assert automatic.queue_runs() == []


def test_a_held_component_is_left_alone(auto: Bot) -> None:
    auto.writes(user(1))
    ComponentState.objects.filter(name="users").update(held="staff look at it")
    assert {run.component_id for run in automatic.queue_runs()} == {"analytics", "matches", "players", "subscriptions"}


def test_an_automatic_run_that_failed_is_not_repeated_every_tick(auto: Bot) -> None:
    auto.writes(user(1))
    for run in automatic.queue_runs():
        runs.cancel(run)
    Run.objects.update(state=RunState.FAILED, ended_at=F("created_at") - timedelta(minutes=1))
    assert automatic.queue_runs() == []
