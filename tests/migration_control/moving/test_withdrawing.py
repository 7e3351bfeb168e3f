"""A request is taken back as long as nobody is at it, and parked keys are shown before anybody asks."""

from __future__ import annotations

import threading

import pytest
from django.db.models import F
from pytest_django import Settings

from migration_control.mirroring import parking
from migration_control.models import MoveRequest
from migration_control.moving import advancing, requests
from migration_control.moving.leases import claim
from migration_control.moving.requests import NoReason
from migration_control.moving.withdrawing import NotWithdrawn, withdraw
from migration_control.runs import LeaseLost
from migration_control.stages import Store
from tests.migration_control.moving.asking import aside, ask, imported, lapse
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.moving.test_move_commands import as_json, call

State = MoveRequest.State


def taken_back(request: MoveRequest) -> MoveRequest:
    return withdraw(request, by="bea", reason="not tonight")


def test_a_request_that_waits_is_taken_back_and_another_can_be_made(ground: Ground) -> None:
    imported()
    found = taken_back(ask(ground, DUAL_DATABASE))
    assert (found.state, found.message) == (State.WITHDRAWN, "Withdrawn by bea (not tonight).")
    assert found.ended_at is not None
    assert requests.execute(found.pk).state == State.WITHDRAWN
    assert ground.state().row == DISABLED
    assert requests.execute(ask(ground, DUAL_JSON).pk).state == State.DONE


def test_one_that_a_worker_is_at_is_not_and_one_that_has_ended_neither(ground: Ground) -> None:
    imported()
    request = ask(ground, DUAL_JSON)
    lease = claim(request.pk)
    assert lease is not None
    with pytest.raises(NotWithdrawn, match=r"is carrying out request .* migration_rollback users"):
        taken_back(request)
    lease.release()
    requests.execute(request.pk)
    with pytest.raises(NotWithdrawn, match="is done already"):
        taken_back(request)
    with pytest.raises(NoReason):
        withdraw(request, by="bea", reason=" ")
    assert ground.state().row == DUAL_JSON


def test_one_whose_worker_is_gone_is_and_that_worker_can_do_nothing_with_it_any_more(ground: Ground) -> None:
    imported()
    request = ask(ground, DUAL_DATABASE)
    lease = claim(request.pk)
    assert lease is not None
    ground.move(DUAL_JSON)
    lapse(request)
    taken_back(request)
    with pytest.raises(LeaseLost):
        lease.keep(message="I was only slow")
    assert not lease.end(State.DONE, "done")
    request.refresh_from_db()
    assert request.state == State.WITHDRAWN


def test_a_worker_and_who_withdraws_at_once_do_not_both_have_it(ground: Ground) -> None:
    imported()
    for _ in range(8):
        request, start, told = ask(ground, DUAL_JSON), threading.Barrier(2), list[bool]()

        def work(pk: int = request.pk, start: threading.Barrier = start, told: list[bool] = told) -> None:
            start.wait()
            told.append(claim(pk) is not None)

        worker = aside(work)
        start.wait()
        try:
            taken_back(request)
        except NotWithdrawn:
            withdrawn = False
        else:
            withdrawn = True
        worker.join()
        assert told == [not withdrawn]
        MoveRequest.objects.filter(pk=request.pk).update(state=State.FAILED, token=None)


def test_what_was_withdrawn_is_not_asked_for_automatically_at_once(ground: Ground, settings: Settings) -> None:
    settings.MIGRATION_MODE, settings.STORAGE_BACKEND, settings.AUTO_MIGRATE = "auto", "dual", True
    imported()
    request = advancing.advance(ground.users)
    assert request is not None
    taken_back(request)
    assert advancing.advance(ground.users) is None
    MoveRequest.objects.update(ended_at=F("ended_at") - advancing.PAUSE)
    assert advancing.advance(ground.users) is not None


# The command


def test_the_command_takes_back_the_open_request(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("migration_move", "users", "--withdraw", "--reason", "x")[0] == 3
    assert call("migration_move", "users", "--reason", "x")[0] == 1  # neither: a mistake of usage
    imported()
    request = ask(ground, DUAL_JSON)
    assert call("migration_move", "users", "--withdraw", "--dry-run")[0] == 0
    assert call("migration_move", "users", "--withdraw")[0] == 3
    assert MoveRequest.objects.get().state == State.REQUESTED
    status, document = as_json("migration_move", "users", "--withdraw", "--reason", "not tonight")
    assert (status, document["request"], document["state"]) == (0, request.pk, "withdrawn")
    assert call("migration_move", "nobody", "--withdraw", "--reason", "x")[0] == 2
    assert "--withdraw" in str(requests.OpenRequest(request))
    capsys.readouterr()
    call("migration_history", "users")
    assert "(not tonight)" in capsys.readouterr().out


def test_a_dry_run_shows_the_parked_keys(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    imported()
    ground.move(DUAL_JSON)
    for number in range(12):
        parking.park(ground.users, number, Store.DATABASE, 1, f"no place for {number}")
    assert call("migration_move", "users", "--to", "db-only", "--dry-run")[0] == 3
    said = capsys.readouterr().out
    assert "parked: 0, which the database refused, tried 1 time since" in said
    assert said.count("no place for") == 10
    assert "12 keys are parked" in said
    _, document = as_json("migration_move", "users", "--to", "db-only", "--dry-run")
    assert document["parked"][1]["reason"] == "no place for 1"
