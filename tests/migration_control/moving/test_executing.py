"""Carrying out a request: tried again, taken over, killed, and yet no step is taken twice or forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from pytest_django import Settings

from accounts.models import User
from legacy_json.errors import StoreBusy
from migration_control import components, locks
from migration_control.mirroring import parking
from migration_control.models import MoveRequest, Parked, Run
from migration_control.moving import executing, leases, requests
from migration_control.moving.errors import MoveAborted
from migration_control.stages import Store, fence_for
from tests.migration_control.moving.asking import aside, ask, imported, kinds, lapse, moved
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol.children import Child, Orders
from tests.points import Point, Points, after, before

USERS = components.get("users")
STEPS = "migration_control.moving.steps"
State = MoveRequest.State


@pytest.fixture(autouse=True)
def _imported(ground: Ground) -> None:
    imported()


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[Points]:
    made = Points(monkeypatch)
    monkeypatch.setattr(executing, "PAUSE", 0.0)
    yield made
    made.release()


@pytest.fixture
def killed(ground: Ground) -> Iterator[Callable[[MoveRequest, Point], None]]:
    """Have a process execute a request, and kill it there."""
    started = []

    def go(request: MoveRequest, point: Point) -> None:
        started.append(Child(requests.execute, request.pk, orders=Orders(kills=[point])))
        started[-1].dead()

    yield go
    for child in started:
        child.kill()


# Copying first


def test_what_the_other_store_lacks_is_copied_before_the_step(ground: Ground, points: Points) -> None:
    for number in range(5):
        ground.records.create(User(user_id=number + 1))
    seen = []
    points.act(before(f"{STEPS}.take"), lambda: seen.append(ground.lag()))
    moved(ground, DUAL_JSON)
    assert seen == [(0, 0)]


def test_nothing_is_copied_for_a_move_that_is_refused(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    Run.objects.all().delete()
    moved(ground, DUAL_JSON)
    assert ground.lag() == (1, 0)


def test_parked_keys_that_were_mended_hold_no_move_up(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    for key in (1, 7):  # one that is copied now, and one that there is nothing to copy of
        parking.park(USERS, key, Store.DATABASE, 0, "no")
    assert moved(ground, DUAL_JSON).state == State.DONE
    assert not Parked.objects.exists()


def test_a_parked_key_that_is_refused_again_refuses_the_move(ground: Ground) -> None:
    document = json.dumps({"user_id": 1, "total_requests": 1 << 70}).encode()
    ground.records.create(User(user_id=1))
    with ground.index.write() as (connection, _):
        connection.execute("UPDATE record SET document = ?, odd = 1", (document,))
    for _ in range(2):
        refused = moved(ground, DUAL_JSON)
        assert (refused.state, ground.state().row) == (State.REFUSED, DISABLED)
        assert "1 key is parked" in refused.message


def test_a_key_that_a_drain_parks_refuses_the_move(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    def drain(component: object, step: object) -> None:
        parking.park(USERS, 1, Store.DATABASE, 3, "no")

    monkeypatch.setattr(executing, "_drain", drain)
    assert "1 key is parked" in moved(ground, DUAL_JSON).message
    assert ground.state().row == DISABLED


# When things go wrong


def test_scenario_32_a_step_that_fails_for_good_ends_the_request_as_failed(ground: Ground, points: Points) -> None:
    for attempt in range(executing.ATTEMPTS):
        points.fail(before(f"{STEPS}.commit_row", attempt + 1), MoveAborted("no"))
    failed = moved(ground, DUAL_JSON)
    assert (failed.state, failed.message) == (State.FAILED, "no")
    assert ground.state().row == DISABLED
    assert moved(ground, DUAL_JSON).state == State.DONE


def test_a_step_that_fails_for_once_is_tried_again(ground: Ground, points: Points) -> None:
    points.fail(before(f"{STEPS}.commit_row"), MoveAborted("no"))
    points.fail(before(f"{STEPS}.commit_row", 2), StoreBusy(ground.index.path, 1))
    assert moved(ground, DUAL_JSON).state == State.DONE


def test_a_failure_half_way_says_how_far_it_came(ground: Ground, points: Points) -> None:
    points.fail(before(f"{STEPS}.close"), ZeroDivisionError("oh"))
    failed = moved(ground, DUAL_DATABASE)
    assert failed.state == State.FAILED
    assert failed.message == "ZeroDivisionError: oh It has come as far as dual-write reading json."
    assert (ground.state().row, ground.fence().epoch) == (DUAL_JSON, ground.state().epoch)


def test_a_lock_that_is_not_to_be_had_fails_the_request_in_the_end(ground: Ground) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s, %s)", _lock())
    request = ask(ground, DUAL_JSON)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("migration_control.moving.holding.LOCK_SECONDS", 0.1)
            patch.setattr(executing, "PAUSE", 0.0)
            aside(lambda: requests.execute(request.pk)).join()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s, %s)", _lock())
    request.refresh_from_db()
    assert request.state == State.FAILED
    assert "lock timeout" in request.message


def _lock() -> list[int]:
    return locks.exclusive("users")[1]


def test_a_request_outlives_the_loss_of_the_database(ground: Ground, points: Points) -> None:
    points.fail(before(f"{STEPS}.take"), OperationalError("server closed the connection unexpectedly"))
    request = ask(ground, DUAL_JSON)
    assert requests.execute(request.pk).open
    lapse(request)
    assert requests.due() == [request.pk]
    assert requests.execute(request.pk).state == State.DONE


def test_ctrl_c_leaves_the_request_to_whoever_comes_next(ground: Ground, points: Points) -> None:
    points.fail(before(f"{STEPS}.take"), KeyboardInterrupt())
    request = ask(ground, DUAL_JSON)
    with pytest.raises(KeyboardInterrupt):
        requests.execute(request.pk)
    assert requests.due() == [request.pk]
    assert requests.execute(request.pk).state == State.DONE
    assert kinds() == ["mirror on"]


# Who executes


def test_of_two_executors_at_once_one_has_the_request(ground: Ground, points: Points) -> None:
    stop = points.stop(before(f"{STEPS}.take"))
    request = ask(ground, DUAL_JSON)
    first = aside(lambda: requests.execute(request.pk))
    stop.reached()
    assert requests.due() == []
    assert requests.execute(request.pk).state == State.RUNNING
    assert kinds() == []
    stop.go_on()
    first.join()
    assert requests.execute(request.pk).state == State.DONE
    assert kinds() == ["mirror on"]


def test_an_executor_that_stalled_repeats_no_step_of_the_one_that_took_over(ground: Ground, points: Points) -> None:
    stop = points.stop(before(f"{STEPS}.take"))
    request = ask(ground, DUAL_DATABASE)
    first = aside(lambda: requests.execute(request.pk))
    stop.reached()
    lapse(request)
    assert requests.execute(request.pk).state == State.DONE
    moved(ground, DUAL_JSON, by="bob", reason="and back")
    stop.go_on()
    first.join()
    request.refresh_from_db()
    assert request.state == State.DONE
    assert kinds() == ["mirror on", "to the database", "to JSON"]
    assert ground.state().row == DUAL_JSON


def test_one_that_was_taken_over_ends_nothing(ground: Ground) -> None:
    request = ask(ground, DUAL_JSON)
    stale = leases.claim(request.pk)
    assert stale is not None
    lapse(request)
    fresh = leases.claim(request.pk)
    assert fresh is not None
    assert not stale.end(State.FAILED, "no")
    assert fresh.end(State.DONE, "yes")


def test_a_long_step_keeps_its_lease(ground: Ground, points: Points, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.05)
    stop = points.stop(before(f"{STEPS}.take"))
    request = ask(ground, DUAL_JSON)
    first = aside(lambda: requests.execute(request.pk))
    stop.reached()
    lapse(request)
    until = time.monotonic() + 10
    while requests.due() and time.monotonic() < until:
        time.sleep(0.01)
    assert requests.due() == []
    stop.go_on()
    first.join()


def test_a_step_cut_off_after_its_commit_is_not_repeated(ground: Ground, points: Points) -> None:
    points.fail(after(f"{STEPS}.commit_row", 2), KeyboardInterrupt())  # before the transaction's end: nothing is done
    points.fail(before(f"{STEPS}.finish"), KeyboardInterrupt())  # after it
    request = ask(ground, DUAL_DATABASE)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            requests.execute(request.pk)
    done = requests.execute(request.pk)
    assert (done.state, ground.state().row) == (State.DONE, DUAL_DATABASE)
    assert ground.fence() == fence_for(DUAL_DATABASE, ground.state().epoch)
    assert [kind for kind in kinds() if kind != "recovered"] == ["mirror on", "to the database"]


KILLED = [
    before(f"{STEPS}.take"),
    before(f"{STEPS}.set_fence"),
    after(f"{STEPS}.take"),
    before("migration_control.moving.executing._drain", 2),
    before(f"{STEPS}.close"),
    before(f"{STEPS}.announce"),
    before(f"{STEPS}.commit_row", 2),
    before(f"{STEPS}.finish"),
    after(f"{STEPS}.take", 2),
]


@pytest.mark.parametrize("point", KILLED, ids=str)
def test_a_killed_executor_is_followed_by_another_that_repeats_no_step(
    ground: Ground, killed: Callable[[MoveRequest, Point], None], point: Point
) -> None:
    for number in range(3):
        ground.records.create(User(user_id=number + 1))
    request = ask(ground, DUAL_DATABASE)
    ground.index.close()
    killed(request, point)
    assert requests.due() == []  # its lease still runs
    lapse(request)
    assert requests.due() == [request.pk]
    assert requests.execute(request.pk).state == State.DONE
    assert [kind for kind in kinds() if kind != "recovered"] == ["mirror on", "to the database"]
    assert (ground.state().row, ground.fence().epoch) == (DUAL_DATABASE, ground.state().epoch)
    assert ground.lag() == (0, 0)


def test_a_host_without_the_files_executes_nothing(ground: Ground, settings: Settings) -> None:
    request = ask(ground, DUAL_JSON)
    settings.LEGACY_DIR = None
    assert requests.execute(request.pk).state == State.REQUESTED
    assert requests.due() == [request.pk]


def test_a_request_that_nobody_takes_is_seen(ground: Ground) -> None:
    request = ask(ground, DUAL_JSON)
    assert requests.unattended() == []
    MoveRequest.objects.update(created_at=F("created_at") - requests.UNCLAIMED)
    assert [each.pk for each in requests.unattended()] == [request.pk]
    leases.claim(request.pk)
    assert requests.unattended() == []
