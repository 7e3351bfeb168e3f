"""A request to move a component: who may make one, what it does, and what becomes of it when things go wrong."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from accounts.models import User
from migration_control import components, findings
from migration_control.models import Finding, MoveRequest, Transition
from migration_control.moving import requests
from migration_control.moving.errors import MoveRefused
from migration_control.moving.requests import AlreadyThere, ModeDisabled, NoReason, OpenRequest
from migration_control.moving.rows import Moved
from migration_control.stages import StageRow
from tests.migration_control.moving.asking import aside, ask, imported, kinds, moved
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

USERS = components.get("users")
STEPS = "migration_control.moving.steps"
State = MoveRequest.State


@pytest.fixture(autouse=True)
def _imported(ground: Ground) -> None:
    imported()


# Asking


def test_a_plan_says_what_the_move_does_and_loses_no_write(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    plan = requests.plan(USERS, DUAL_DATABASE)
    assert [step.after for step in plan.steps] == [DUAL_JSON, DUAL_DATABASE]
    assert (plan.to_drain, plan.lost, plan.refusals, plan.epoch) == (1, 0, [], 0)
    assert ground.state().row == DISABLED


def test_a_plan_shows_what_stands_in_the_way_of_any_of_its_steps(ground: Ground) -> None:
    plan = requests.plan(components.get("subscriptions"), DB_ONLY)
    assert [gate.name for gate in plan.refusals] == ["relations"]
    assert len([gate for gate in plan.gates if gate.name == "relations"]) == 1


def test_a_farther_request_runs_the_steps_between(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    done = moved(ground, DUAL_DATABASE)
    assert (done.state, done.message) == (State.DONE, "users is dual-write reading database, at epoch 2.")
    assert kinds() == ["mirror on", "to the database"]
    assert ground.state().row == DUAL_DATABASE
    assert ground.in_database(1) is not None
    assert {move.request_id for move in Transition.objects.all()} == {done.pk}


def test_who_asked_and_why_is_in_the_history(ground: Ground) -> None:
    moved(ground, DUAL_JSON, by="bob", reason=" it is time ", automatic=True)
    (move,) = Transition.objects.all()
    assert (move.actor, move.reason, move.automatic, move.overridden, move.override) == (
        "bob", "it is time", True, [], "",
    )  # fmt: skip


def test_a_move_needs_a_reason(ground: Ground) -> None:
    with pytest.raises(NoReason, match="Say why"):
        ask(ground, DUAL_JSON, reason="  ")
    with pytest.raises(NoReason, match="An override needs a reason"):
        ask(ground, DUAL_JSON, override=" ")
    assert not MoveRequest.objects.exists()


def test_migration_mode_disabled_refuses_every_request(ground: Ground, settings: Settings) -> None:
    request = ask(ground, DUAL_JSON)
    settings.MIGRATION_MODE = "disabled"
    with pytest.raises(ModeDisabled, match="MIGRATION_MODE is disabled"):
        ask(ground, DUAL_DATABASE)
    assert requests.execute(request.pk).state == State.REFUSED
    assert ground.state().row == DISABLED


def test_a_component_that_is_there_already_is_not_moved(ground: Ground) -> None:
    with pytest.raises(AlreadyThere):
        ask(ground, DISABLED)


def test_a_request_inside_a_transaction_goes_with_it(ground: Ground) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ask(ground, DUAL_JSON)
        raise ZeroDivisionError
    assert not MoveRequest.objects.exists()


# Scenario 14


def test_scenario_14_a_stale_form_is_told_who_moved_it_and_when(ground: Ground) -> None:
    drawn = ground.state().epoch
    moved(ground, DUAL_JSON, by="bob", reason="it is time")
    with pytest.raises(Moved, match=r"bob \(it is time\) has moved users to dual-write reading json at 20\d\d-.* UTC"):
        ask(ground, DUAL_DATABASE, epoch=drawn)
    assert ground.state().row == DUAL_JSON


def test_scenario_14_a_double_click_is_one_move(ground: Ground) -> None:
    drawn = ground.state().epoch
    first = ask(ground, DUAL_JSON, epoch=drawn)
    with pytest.raises(OpenRequest, match=f"Request {first.pk} by ann at .* is requested"):
        ask(ground, DUAL_JSON, epoch=drawn)
    requests.execute(first.pk)
    with pytest.raises(Moved):
        ask(ground, DUAL_JSON, epoch=drawn)
    assert kinds() == ["mirror on"]


def test_scenario_14_of_two_staff_at_once_one_asks_and_the_other_is_told(ground: Ground) -> None:
    barrier, told = threading.Barrier(2), []

    def one(name: str) -> None:
        barrier.wait(20)
        try:
            ask(ground, DUAL_JSON, by=name, epoch=0)
        except OpenRequest as error:
            told.append((name, error.request.requested_by))

    for thread in [aside(lambda name=name: one(name)) for name in ("ann", "bob")]:  # type: ignore[misc]
        thread.join()
    ((loser, winner),) = told
    assert {loser, winner} == {"ann", "bob"}
    assert MoveRequest.objects.get().requested_by == winner


# Scenario 13


@pytest.mark.parametrize("staff_first", [True, False])
def test_scenario_13_of_the_guard_and_staff_one_wins_and_both_are_on_record(ground: Ground, staff_first: bool) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.put(DUAL_JSON, "subscriptions")
    wishes: list[tuple[StageRow, dict[str, Any]]] = [
        (DB_ONLY, {"by": "ann", "reason": "it is time"}),
        (DUAL_JSON, {"by": "guard", "reason": "errors", "automatic": True}),
    ]
    epoch = ground.state().epoch
    (first, first_by), (second, second_by) = wishes if staff_first else reversed(wishes)
    if staff_first:
        ground.put(DUAL_DATABASE, "subscriptions")
    won = ask(ground, first, epoch=epoch, **first_by)
    with pytest.raises(OpenRequest):
        ask(ground, second, epoch=epoch, **second_by)
    assert requests.execute(won.pk).state == State.DONE
    assert ground.state().row == first
    with pytest.raises(Moved):
        ask(ground, second, epoch=epoch, **second_by)
    lost = MoveRequest.objects.filter(state=State.REFUSED, requested_by=second_by["by"])
    assert len(lost) == 2
    assert all(first_by["by"] in request.message for request in lost)
    assert (ground.state().authority, ground.fence().epoch) == (first.authority, ground.state().epoch)


def test_scenario_13_both_at_the_same_instant_one_wins(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    epoch, barrier = ground.state().epoch, threading.Barrier(2)
    ground.put(DUAL_JSON, "subscriptions", "analytics")
    refused = []

    def one(row: object, name: str) -> None:
        barrier.wait(20)
        try:
            requests.execute(ask(ground, row, by=name, epoch=epoch).pk)  # type: ignore[arg-type]
        except (OpenRequest, Moved) as error:
            refused.append((name, str(error)))

    threads = [aside(lambda: one(DUAL_JSON, "guard")), aside(lambda: one(DISABLED, "ann"))]
    for thread in threads:
        thread.join()
    ((loser, _),) = refused
    winner = {"guard": "ann", "ann": "guard"}[loser]
    assert {move.actor for move in Transition.objects.filter(component="users", epoch__gt=epoch)} == {winner}
    assert ground.state().row == (DUAL_JSON if winner == "guard" else DISABLED)
    assert MoveRequest.objects.get(requested_by=loser).state == State.REFUSED


def test_a_request_that_was_overtaken_before_it_began_is_refused(ground: Ground) -> None:
    request = ask(ground, DUAL_DATABASE)
    ground.move(DUAL_JSON)  # past the queue
    refused = requests.execute(request.pk)
    assert refused.state == State.REFUSED
    assert "ann (because) has moved users" in refused.message
    assert ground.state().row == DUAL_JSON


# Gates


def test_scenario_27_a_request_for_a_child_before_its_parent_is_refused(ground: Ground) -> None:
    refused = moved(ground, DUAL_DATABASE, "subscriptions")
    assert refused.state == State.REFUSED
    assert "Move users first" in refused.message
    assert "as far as dual-write reading json" in refused.message
    assert ground.state("subscriptions").row == DUAL_JSON


def quarantined() -> None:
    Finding.objects.create(
        component_id="users", key="1", source="data.json", phase="mapping", outcome="quarantined", code="x", detail="x"
    )


def test_quarantine_holds_a_move_until_it_is_acknowledged(ground: Ground) -> None:
    quarantined()
    refused = moved(ground, DUAL_JSON)
    assert refused.state == State.REFUSED
    assert "1 entry is in quarantine" in refused.message
    assert "can be overridden" in refused.message
    findings.acknowledge(Finding.objects.all(), by="ann")
    assert moved(ground, DUAL_JSON).state == State.DONE


def test_an_override_is_kept_for_ever_with_each_step_that_needed_it(ground: Ground) -> None:
    quarantined()
    assert moved(ground, DUAL_DATABASE, override="they are test accounts").state == State.DONE
    for move in Transition.objects.all():
        assert move.override == "they are test accounts"
        assert "quarantine: 1 entry is" in move.overridden[0]


def test_an_override_that_nothing_needed_is_no_part_of_the_history(ground: Ground) -> None:
    moved(ground, DUAL_JSON, override="just in case")
    assert [(move.override, move.overridden) for move in Transition.objects.all()] == [("", [])]


def test_no_override_helps_where_something_would_be_lost(ground: Ground) -> None:
    quarantined()
    ground.poison(1)
    refused = moved(ground, DUAL_JSON, override="go on")
    assert refused.state == State.REFUSED
    assert "1 key is parked" in refused.message
    assert ground.state().row == DISABLED


def test_whoever_catches_refusals_catches_them_all() -> None:
    assert all(issubclass(one, MoveRefused) for one in (OpenRequest, Moved, AlreadyThere, NoReason, ModeDisabled))
