"""Every other second a worker mends, drains and advances each component; one that fails stops no other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from pytest_django import Settings

from accounts.models import User
from legacy_json import mover_lock
from legacy_json.errors import StoreBusy
from migration_control import components, tasks
from migration_control.mirroring import inline, parking
from migration_control.models import MoveRequest, Parked
from migration_control.moving import looking_after, requests
from migration_control.moving.looking_after import look_after
from migration_control.stages import Store
from subscriptions.models import Subscription
from tests.migration_control.moving.asking import aside, ask, imported, kinds
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, DUAL_JSON, Ground
from tests.points import Points, before

STEPS = "migration_control.moving.steps"


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[Points]:
    made = Points(monkeypatch)
    yield made
    made.release()


@pytest.fixture
def no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of single writes: as if the process died each time before them."""

    def missed(*args: object) -> dict[object, int]:
        raise StoreBusy(Path("index"), 1)

    monkeypatch.setattr(inline, "mirror", lambda *args: SimpleNamespace(copy=lambda records: {}))
    monkeypatch.setattr(inline, "to_json", SimpleNamespace(apply=missed))


@pytest.mark.usefixtures("no_copies")
@pytest.mark.parametrize("row", [DUAL_JSON, DUAL_DATABASE])
def test_scenarios_6_and_7_what_was_not_copied_at_once_is_copied_by_the_next_tick(ground: Ground, row: object) -> None:
    ground.move(row)  # type: ignore[arg-type]
    ground.records.create(User(user_id=1))
    assert ground.lag() != (0, 0)
    look_after()
    assert ground.lag() == (0, 0)
    assert ground.in_database(1) is not None
    assert ground.in_json(1) is not None


@pytest.mark.usefixtures("no_copies")
def test_where_no_mirror_is_on_nothing_is_copied(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    look_after()
    assert ground.lag() == (1, 0)
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(DB_ONLY)
    ground.records.create(User(user_id=2))
    look_after()
    assert ground.lag() == (0, 1)


def test_a_move_that_was_cut_off_is_mended(ground: Ground, points: Points) -> None:
    points.fail(before(f"{STEPS}.set_fence"), KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        ground.move(DUAL_JSON)
    look_after()
    assert kinds() == ["mirror on", "recovered"]
    assert ground.fence() == (ground.fence().state, ground.state().epoch, True)


@pytest.mark.usefixtures("no_copies")
@pytest.mark.parametrize("error", [OperationalError("gone"), ZeroDivisionError("oh"), OSError("no")])
def test_one_components_failure_stops_no_other(ground: Ground, points: Points, error: Exception) -> None:
    ground.put(DUAL_JSON, "users", "subscriptions")
    ground.records.create(User(user_id=1))
    Subscription.records.create(Subscription(user_id=1))
    points.fail(before("migration_control.moving.looking_after.see_to", 1), error)
    points.fail(before("migration_control.moving.looking_after.draining_to_database.drain", 1), error)
    look_after()
    assert (ground.lag("users"), ground.lag("subscriptions")) == ((1, 0), (0, 0))
    look_after()
    assert ground.lag("users") == (0, 0)


def test_a_failure_is_told(ground: Ground, points: Points, caplog: pytest.LogCaptureFixture) -> None:
    points.fail(before("migration_control.moving.looking_after.see_to", 1), OperationalError("gone"))
    with caplog.at_level(logging.WARNING):
        look_after()
    assert "is not looked after just now: gone" in caplog.text


def test_a_component_that_is_being_moved_is_left_alone(ground: Ground, points: Points) -> None:
    ground.move(DUAL_JSON)
    seen = points.count("migration_control.moving.looking_after.draining_to_database.drain")
    with mover_lock.moving(ground.index.path, "users"):
        look_after()
    assert seen == []
    look_after()
    assert [component.name for component, _ in seen] == ["users"]


def test_two_ticks_do_not_pile_up(ground: Ground, points: Points) -> None:
    stop = points.stop(before("migration_control.moving.looking_after.see_to"))
    seen = points.count("migration_control.moving.looking_after.see_to")
    first = aside(look_after)
    stop.reached()
    before_it = len(seen)
    assert look_after() == []
    assert len(seen) == before_it
    stop.go_on()
    first.join()
    assert len(seen) >= len(components.everything())


def test_a_parked_key_that_was_mended_by_a_write_is_released(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    ground.records.create(User(user_id=1))
    ground.records.create(User(user_id=2))
    ground.lag()  # which acknowledges the copies
    users = components.get("users")
    parking.park(users, 1, Store.DATABASE, 0, "no")
    parking.park(users, 2, Store.JSON, 0, "no")
    look_after()
    assert not Parked.objects.exists()


@pytest.mark.usefixtures("no_copies")
def test_a_parked_key_that_still_lacks_its_copy_stays_parked(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    ground.records.create(User(user_id=1))
    parking.park(components.get("users"), 1, Store.DATABASE, 1, "no")
    look_after()
    assert Parked.objects.count() == 1


def test_due_moves_are_sent_to_a_worker(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    imported()
    request = ask(ground, DUAL_JSON)
    sent = []
    monkeypatch.setattr(tasks.execute_move, "apply_async", lambda args, **options: sent.append(args))
    assert tasks.look_after_components() == 1
    assert sent == [(request.pk,)]
    assert tasks.execute_move(request.pk) == "done"
    assert tasks.look_after_components() == 0


def test_components_advance_with_the_tick(ground: Ground, settings: Settings) -> None:
    imported()
    settings.MIGRATION_MODE, settings.AUTO_MIGRATE = "auto", True
    assert look_after() == requests.due() != []
    assert {request.requested_by for request in MoveRequest.objects.all()} == {"switchyard"}


def test_a_host_without_the_files_looks_after_nothing(ground: Ground, settings: Settings, points: Points) -> None:
    ask(ground, DUAL_JSON)
    settings.LEGACY_DIR = None
    seen = points.count("migration_control.moving.looking_after.see_to")
    assert looking_after.look_after() == []
    assert seen == []


def test_beat_sends_it_to_the_host_with_the_files_every_other_second(settings: Settings) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["look after components"]
    assert (entry["task"], entry["schedule"], entry["options"]["queue"]) == (
        tasks.look_after_components.name, 2.0, "legacy",
    )  # fmt: skip
