"""Clocks that differ decide nothing; reads are answered by whoever is the authority, at every point of a move."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from accounts.models import User
from legacy_json.clocks import Deadline
from legacy_json.fences import FenceState
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.children import Child
from tests.points import Points, after, before

STEPS = "migration_control.moving.steps."
true_time = time.time


def an_hour_ahead() -> float:
    return true_time() + 3600


def an_hour_behind() -> float:
    return true_time() - 3600


def test_scenario_24_clocks_that_differ_by_hours_order_nothing(ground: Ground, child: Callable[..., Child]) -> None:
    acts.create(1)
    ground.move(DUAL_JSON)
    clocks = [{"time.time": an_hour_ahead}, {"time.time": an_hour_behind}]
    writers = [child(acts.count, 1, 15, values=clock) for clock in clocks]
    movers = [child(acts.move, acts.number(row), values=clock) for row, clock in ((DUAL_DATABASE, clocks[1]),)]
    for each in (*writers, *movers):
        each.result()
    child(acts.move, acts.number(DUAL_JSON), values=clocks[0]).result()
    acts.count(1, 1)
    assert acts.total(1) == 31
    assert acts.stores_agree() == {1: 31}


def test_scenario_24_a_set_clock_does_not_make_a_closing_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    deadline = Deadline.after(60)
    monkeypatch.setattr(time, "time", an_hour_ahead)
    assert not deadline.passed
    assert Deadline("another start of the machine", deadline.until).passed


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("hold", FenceState.OPEN), ("close", FenceState.CLOSING), ("copy_remainder", FenceState.CLOSING),
        ("announce", FenceState.COMMITTING), ("commit_row", FenceState.COMMITTING),
    ],
)  # fmt: skip
def test_rule_9_until_the_row_is_committed_json_answers(
    ground: Ground, points: Points, name: str, state: FenceState
) -> None:
    """What the database would answer is another thing here: nothing was copied yet, or is not committed."""
    ground.move(DUAL_JSON)
    acts.create(1)
    acts.drain()
    stop = points.stop(after(STEPS + "_drain_to_database"))
    second = points.stop(after(STEPS + name))
    mover = Thread(acts.move, acts.number(DUAL_DATABASE))
    stop.reached()
    with acts.not_mirrored():
        acts.count(1, 1)
    stop.go_on()
    second.reached()
    assert ground.fence().state is state
    assert (acts.total(1), ground.in_database(1).total_requests) == (1, 0)
    second.go_on()
    mover.result()
    assert acts.total(1) == 1


def test_rule_9_once_the_row_is_committed_the_database_answers(ground: Ground, points: Points) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    stop = points.stop(before(STEPS + "finish"))
    mover = Thread(acts.move, acts.number(DUAL_DATABASE))
    stop.reached()
    User.objects.filter(pk=1).update(total_requests=5)
    assert ground.fence().state is FenceState.COMMITTING
    assert (acts.total(1), ground.in_json(1).total_requests) == (5, 0)
    acts.count(1, 1)
    assert acts.total(1) == 6
    stop.go_on()
    mover.result()
    assert acts.stores_agree() == {1: 2}


@pytest.mark.parametrize("row", [DUAL_JSON, DUAL_DATABASE], ids=["JSON", "database"])
def test_a_reader_never_sees_a_count_fall_while_the_component_moves(ground: Ground, row: StageRow) -> None:
    ground.move(row)
    acts.create(1)
    done: list[bool] = []

    def watch() -> int:
        seen = 0
        while not done:
            now = acts.total(1)
            assert now >= seen
            seen = now
        return seen

    watching, counting = Thread(watch), Thread(acts.count, 1, 60)
    for way in (DUAL_JSON, DUAL_DATABASE, DUAL_JSON, DUAL_DATABASE):
        ground.move(way)
    counting.result()
    done.append(True)
    watching.result()
    assert acts.total(1) == 60
    assert acts.stores_agree() == {1: 60}
