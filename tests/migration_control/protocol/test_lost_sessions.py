"""A mover that loses its session of the database at any point, and only learns of it later."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from migration_control.models import ComponentState
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.sessions import mine, terminate
from tests.points import Point, Points, Stop, after, before

STEPS = "migration_control.moving.steps."


@pytest.mark.parametrize("name", ["hold", "close", "copy_remainder", "announce", "commit_row"])
def test_on_the_way_to_the_database_it_changes_nothing(ground: Ground, points: Points, name: str) -> None:
    ground.move(DUAL_JSON)
    _lost(ground, points, after(STEPS + name), acts.number(DUAL_DATABASE))
    assert ground.state().row == DUAL_JSON
    assert ground.in_json(1).total_requests == 2


@pytest.mark.parametrize("name", ["hold", "drain_remainder", "commit_row"])
def test_on_the_way_back_it_changes_nothing(ground: Ground, points: Points, name: str) -> None:
    ground.move(DUAL_DATABASE)
    _lost(ground, points, after(STEPS + name), acts.number(DUAL_JSON))
    assert ground.state().row == DUAL_DATABASE
    assert ground.in_database(1).total_requests == 2


@pytest.mark.parametrize("point", [before(STEPS + "finish"), after(STEPS + "finish")], ids=str)
def test_after_the_commit_it_does_no_harm(ground: Ground, points: Points, point: Point) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    stop, mover = _stopped(points, point, acts.number(DUAL_DATABASE))
    terminate(_session[0])
    ground.records.update(1, acts.count_up)
    stop.go_on()
    mover.result()
    assert acts.stores_agree() == {1: 1}
    assert ground.state().row == DUAL_DATABASE


def test_a_commit_whose_reply_is_lost_ends_on_one_side(ground: Ground, points: Points) -> None:
    """The row is committed, the mover believes that it is not."""
    ground.move(DUAL_JSON)
    acts.create(1)
    with pytest.MonkeyPatch.context() as patch:
        breaking = Points(patch)
        points.act(after(STEPS + "commit_row"), lambda: breaking.act(after(COMMIT), _break))
        with pytest.raises(OperationalError):
            acts.move(acts.number(DUAL_DATABASE))
    ground.records.update(1, acts.count_up)
    assert acts.stores_agree() == {1: 1}
    assert acts.total(1) == 1


COMMIT = "django.db.backends.base.base.BaseDatabaseWrapper.commit"

_session: list[int] = []  # of the mover


def _break() -> None:
    connection.connection.close()
    raise OperationalError("server closed the connection unexpectedly")


def _stopped(points: Points, point: Point, row: int) -> tuple[Stop, Thread]:
    _session.clear()
    stop = points.stop(point, lambda: _session.append(mine()))
    mover = Thread(acts.move, row)
    stop.reached()
    return stop, mover


def _lost(ground: Ground, points: Points, point: Point, row: int) -> None:
    """While it stands there, somebody writes; then it goes on."""
    acts.create(1)
    stop, mover = _stopped(points, point, row)
    epoch = ComponentState.objects.get(name="users").epoch
    terminate(_session[0])
    ground.records.update(1, acts.count_up)
    assert ground.fence().epoch >= epoch
    stop.go_on()
    with pytest.raises(Exception, match=r"connection|opened to writes again|came in between|closed"):
        mover.result()
    ground.records.update(1, acts.count_up)
    assert acts.stores_agree() == {1: 2}
