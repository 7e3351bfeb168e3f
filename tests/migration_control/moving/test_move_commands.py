"""What operators type to move components, and what it answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as conf
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from pytest_django import Settings

from accounts.models import User
from config.environment import BASE_DIR
from migration_control import components
from migration_control.mirroring import draining_to_database, parking
from migration_control.models import Finding, MoveRequest, Transition
from migration_control.moving import leases, requests, watching
from migration_control.stages import Store
from tests.migration_control.moving.asking import aside, ask, imported, moved
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

FORWARD = ("migration_move", "users", "--to", "dual-write", "--reads", "database", "--reason", "it is time")
HANG = 40.0


@pytest.fixture(autouse=True)
def _imported(ground: Ground) -> None:
    imported()


def call(name: str, *arguments: str) -> tuple[int, str]:
    """Exit status, and what it said."""
    out, err = StringIO(), StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue() + err.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue() + err.getvalue()


def as_json(name: str, *arguments: str) -> tuple[int, Any]:
    status, text = call(name, *arguments, "--json")
    return status, json.loads(text)


def test_a_move_is_made_here_where_the_files_are(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    ground.records.create(User(user_id=1))
    assert call(*FORWARD)[0] == 0
    assert "done. users is dual-write reading database, at epoch 2." in capsys.readouterr().out
    assert ground.state().row == DUAL_DATABASE


def test_as_json_it_has_the_request_and_its_steps(ground: Ground) -> None:
    status, document = as_json(*FORWARD)
    assert (status, document["state"], document["reason"]) == (0, "done", "it is time")
    assert [move["kind"] for move in document["transitions"]] == ["mirror on", "to the database"]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    ground.records.create(User(user_id=1))
    assert call(*FORWARD, "--dry-run")[0] == 0
    printed = capsys.readouterr().out
    for said in ("mirror on: to dual-write reading json", "copies 1 key, and loses 0 writes", "Nothing was changed"):
        assert said in printed
    assert not MoveRequest.objects.exists()
    status, plan = as_json(*FORWARD, "--dry-run")
    assert (status, plan["to_drain"], plan["writes_lost"], plan["now"]["stage"]) == (0, 1, 0, "disabled")
    assert all(gate["holds"] for gate in plan["gates"])


def test_a_dry_run_of_what_would_be_refused_ends_as_the_move_would(ground: Ground) -> None:
    ground.poison(1)
    draining_to_database.drain(ground.users, ground.index)
    assert call(*FORWARD, "--dry-run")[0] == 3
    assert call(*FORWARD)[0] == 3
    assert ground.state().row == DISABLED


def test_quarantine_is_overridden_with_a_reason(ground: Ground) -> None:
    Finding.objects.create(
        component_id="users", key="1", source="data.json", phase="mapping", outcome="quarantined", code="x", detail="x"
    )
    assert call(*FORWARD, "--dry-run")[0] == 3
    assert call(*FORWARD)[0] == 3
    assert call(*FORWARD, "--override", "test accounts", "--dry-run")[0] == 0
    assert call(*FORWARD, "--override", "test accounts")[0] == 0
    assert {move.override for move in Transition.objects.all()} == {"test accounts"}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("migration_move", "nonsense", "--to", "disabled", "--reason", "x"), 2, "There are: "),
        (("migration_move", "users", "--to", "dual-write", "--reason", "x"), 2, "say --reads json or --reads database"),
        (("migration_move", "users", "--to", "db-only", "--reads", "json", "--reason", "x"), 2, "There is no stage"),
        (("migration_move", "users", "--to", "dual-write", "--reads", "json"), 3, "needs a reason"),
        (("migration_rollback", "nonsense"), 2, "There are: "),
        (("migration_history", "nonsense"), 2, "There are: "),
    ],
)
def test_wrong_usage_is_answered_with_what_is_right(
    ground: Ground, arguments: tuple[str, ...], status: int, says: str
) -> None:
    code, text = call(*arguments)
    assert (code, says in text) == (status, True), text


def test_where_it_stands_already_there_is_nothing_to_do(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    status, text = call(*FORWARD)
    assert (status, "There is nothing to do" in text) == (0, True)
    assert as_json(*FORWARD)[1]["steps"] == []


def test_migration_mode_disabled_refuses(ground: Ground, settings: Settings) -> None:
    settings.MIGRATION_MODE = "disabled"
    assert call(*FORWARD)[0] == 3


def test_a_move_that_fails_ends_with_status_1(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def take(*args: object) -> int:
        raise OSError("no")

    monkeypatch.setattr("migration_control.moving.steps.take", take)
    assert call(*FORWARD)[0] == 1


def test_another_persons_open_request_is_named(ground: Ground) -> None:
    ask(ground, DUAL_JSON, by="bob", reason="mine")
    status, text = call(*FORWARD)
    assert (status, "by bob at" in text, "(mine)" in text) == (3, True, True)


def test_an_open_request_for_the_same_is_gone_on_with(ground: Ground) -> None:
    request = ask(ground, DUAL_DATABASE, by="bob")
    status, text = call(*FORWARD)
    assert (status, f"Request {request.pk} for this is requested already" in text) == (0, True)
    assert MoveRequest.objects.get().state == "done"


def test_a_rollback_is_one_step_back(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users")
    assert call("migration_rollback", "users")[0] == 0
    assert ground.state().row == DUAL_JSON
    assert Transition.objects.filter(component="users")[0].reason == "rolled back by hand"


def test_a_rollback_all_the_way_loses_nothing(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users")
    ground.records.create(User(user_id=1))
    assert as_json("migration_rollback", "users", "--all-the-way", "--reason", "because")[1]["state"] == "done"
    assert ground.state().row == DISABLED
    assert ground.in_json(1) is not None
    assert call("migration_rollback", "users") == (
        0,
        "users is disabled reading json already. There is nothing to do.\n",
    )


def test_the_history_has_moves_and_refused_requests(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    call("migration_history", "users")
    assert "has never been moved" in capsys.readouterr().out
    ground.poison(1)
    moved(ground, DUAL_JSON, by="bob", reason="too early")
    ground.poison(1, count=1)
    moved(ground, DUAL_JSON, by="ann", reason="it is time")
    assert call("migration_history", "users")[0] == 0
    lines = capsys.readouterr().out.splitlines()
    assert [("bob" in line, "refused" in line, "parked" in line) for line in lines] == [
        (True, True, True), (False, False, False), (False, False, False),
    ]  # fmt: skip
    assert "mirror on, disabled reading json -> dual-write reading json, by ann (it is time)" in lines[2]
    document = as_json("migration_history", "users")[1]
    assert [request["state"] for request in document["requests"]] == ["refused", "done"]
    assert document["transitions"][0]["actor"] == "ann"


def test_status_shows_stages_lag_and_what_is_under_way(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    ground.records.create(User(user_id=1))
    parking.park(components.get("users"), 7, Store.DATABASE, 1, "no")
    ground.move(DUAL_JSON, "analytics")
    request = ask(ground, DUAL_JSON)
    MoveRequest.objects.update(created_at=F("created_at") - requests.UNCLAIMED)
    users, analytics = (
        next(each for each in as_json("migration_status")[1]["stages"] if each["component"] == name)
        for name in ("users", "analytics")
    )
    assert (users["stage"], users["epoch"], users["to_database"], users["to_json"], users["parked"]) == (
        "disabled", 0, 1, 0, 1,
    )  # fmt: skip
    assert users["open_request"]["request"] == request.pk
    assert (analytics["stage"], analytics["last_move"]["actor"]) == ("dual-write", "ann")
    call("migration_status")
    printed = capsys.readouterr().out
    assert "No worker on a host with the files takes it" in printed
    assert "by ann" in printed


# Where the files are elsewhere


def test_elsewhere_the_worker_is_waited_for(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    with_files = threading.local()
    with_files.here = True
    monkeypatch.setattr("migration_control.store.has_files", lambda: getattr(with_files, "here", False))

    def work() -> None:
        with_files.here = True
        until = time.monotonic() + HANG
        while not requests.due():
            assert time.monotonic() < until
        requests.execute(requests.due()[0])

    worker = aside(work)
    with_files.here = False
    assert call(*FORWARD)[0] == 0
    worker.join()
    assert ground.state().row == DUAL_DATABASE


def test_elsewhere_without_a_worker_it_says_so_and_leaves_the_request(
    ground: Ground, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LEGACY_DIR = None
    monkeypatch.setattr(requests, "UNCLAIMED", requests.UNCLAIMED / 50)
    status, text = call(*FORWARD)
    assert (status, "No worker has had request" in text) == (1, True)
    assert MoveRequest.objects.get().state == "requested"


def test_a_request_that_a_worker_of_this_host_has_is_watched(ground: Ground) -> None:
    request = ask(ground, DUAL_JSON)
    lease = leases.claim(request.pk)
    assert lease is not None
    done = threading.Timer(0.5, lambda: aside(lambda: lease.end(MoveRequest.State.DONE, "there")).join())
    done.start()
    from rich.console import Console

    assert watching.follow(request, Console(file=StringIO())).message == "there"
    done.join()


def test_ctrl_c_leaves_the_request_and_says_so(ground: Ground) -> None:
    """In a process of its own, on a host without the files, where it waits."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    environment = os.environ | {"DATABASE_URL": url, "BOTS": ",".join(conf.BOTS)}
    environment.pop("LEGACY_DIR", None)
    process = subprocess.Popen(
        [sys.executable, "manage.py", *FORWARD], cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True, text=True,
    )  # fmt: skip
    until = time.monotonic() + HANG
    while not MoveRequest.objects.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=HANG)
    assert process.returncode == 130, said
    request = MoveRequest.objects.get()
    assert f"Request {request.pk} stays" in said
    assert requests.execute(request.pk).state == "done"


@pytest.mark.parametrize("name", ["migration_move", "migration_rollback", "migration_history"])
def test_help_explains_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command(name, "--help")
    printed = capsys.readouterr().out
    assert "Exit status" in printed
    assert "--json" in printed
