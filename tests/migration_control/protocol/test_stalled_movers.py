"""A mover, or a recovery, that stalls and goes on when the others have long gone on without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from legacy_json.fences import FenceState, fence, is_overdue
from migration_control.models import Transition
from migration_control.moving.rows import Moved
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.children import Child, Failed
from tests.migration_control.protocol.sessions import mine, terminate, until_somebody_waits
from tests.points import Points, after, before

STEPS = "migration_control.moving.steps."
RECOVERY = "migration_control.moving.recovery."
Start = Callable[..., Child]


def kinds() -> list[str]:
    return list(Transition.objects.filter(component="users").order_by("epoch").values_list("kind", flat=True))


def test_stopped_before_its_last_step_while_recovery_runs(ground: Ground, child: Start) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    mover = child(acts.move, acts.number(DUAL_DATABASE), stops=[before(STEPS + "finish")])
    mover.reached()
    mover.freeze()
    assert acts.recover()
    recovered = ground.fence()
    ground.records.update(1, acts.count_up)
    mover.go_on().thaw()
    mover.result()
    assert ground.fence() == recovered
    assert acts.stores_agree() == {1: 1}
    assert kinds()[-1] == "recovered"


def test_stopped_before_it_opens_the_fence_while_the_component_moves_on(ground: Ground, child: Start) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    mover = child(acts.move, acts.number(DUAL_JSON), stops=[before(STEPS + "set_fence")])
    mover.reached()
    mover.freeze()
    assert acts.recover()
    ground.records.update(1, acts.count_up)
    mover_lock_is_nobodys(ground)
    acts.move(acts.number(DUAL_DATABASE))
    ground.records.update(1, acts.count_up)
    closed = ground.fence()
    mover.go_on().thaw()
    mover.result()
    assert ground.fence() == closed
    assert closed.state is FenceState.CLOSED
    assert acts.stores_agree() == {1: 2}


def mover_lock_is_nobodys(ground: Ground) -> None:
    """As if the stopped mover were on another host, or its lock file were removed."""
    ground.index.path.with_name(f"{ground.index.path.name}.users.mover").unlink()


def test_a_recovery_keeps_off_a_mover_at_work(ground: Ground, child: Start) -> None:
    ground.move(DUAL_JSON)
    mover = child(acts.move, acts.number(DUAL_DATABASE), stops=[after(STEPS + "announce")])
    mover.reached()
    assert not acts.recover()
    mover.go_on().result()
    assert ground.state().row == DUAL_DATABASE
    assert "recovered" not in kinds()


@pytest.mark.parametrize("name", ["raise_epoch", "set_fence"])
def test_a_late_recovery_changes_nothing_any_more(ground: Ground, points: Points, child: Start, name: str) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    child(acts.move, acts.number(DUAL_DATABASE), kills=[before(STEPS + "finish")]).dead()
    stop = points.stop(before(RECOVERY + name))
    late = Thread(acts.recover)
    stop.reached()
    ground.records.update(1, acts.count_up)
    acts.recover()
    ground.move(DUAL_JSON)
    ground.records.update(1, acts.count_up)
    ground.move(DUAL_DATABASE)
    ground.records.update(1, acts.count_up)
    now = ground.fence()
    stop.go_on()
    late.result()
    assert ground.fence() == now
    assert acts.stores_agree() == {1: 3}


def test_stopped_past_its_deadline_it_is_passed_by_and_cannot_commit(ground: Ground, child: Start) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    mover = child(
        acts.move, acts.number(DUAL_DATABASE), stops=[after(STEPS + "close")],
        values={STEPS + "CLOSING_SECONDS": 0.1},
    )  # fmt: skip
    mover.reached()
    mover.freeze()
    acts.until(lambda: is_overdue(ground.index.connection(), "users", ground.index.path), "the mover's deadline")
    ground.records.update(1, acts.count_up)
    assert ground.fence().state is FenceState.OPEN
    mover.go_on().thaw()
    with pytest.raises(Failed, match="MoveAborted"):
        mover.result()
    ground.records.update(1, acts.count_up)
    assert acts.stores_agree() == {1: 2}
    assert ground.state().row == DUAL_JSON


def test_writers_that_wait_for_a_stopped_mover_do_not_wait_for_ever(ground: Ground, child: Start) -> None:
    """It holds the component's lock, and its session lives as long as its process does."""
    ground.move(DUAL_JSON)
    acts.create(1)
    values = {STEPS + "CLOSING_SECONDS": 0.5, "migration_control.moving.holding.IDLE_SECONDS": 1.0}
    mover = child(acts.move, acts.number(DUAL_DATABASE), stops=[after(STEPS + "close")], values=values)
    mover.reached()
    mover.freeze()
    writers = [Thread(acts.count, 1, 1) for _ in range(2)]
    until_somebody_waits(2)
    for writer in writers:
        writer.result()
    mover.go_on().thaw()
    with pytest.raises(Failed):
        mover.result()
    assert acts.stores_agree() == {1: 2}


@pytest.mark.parametrize("locked", [True, False], ids=["one host", "no mover's lock"])
def test_of_two_movers_at_once_one_moves_and_the_other_is_told(
    ground: Ground, points: Points, child: Start, locked: bool
) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    first = child(acts.move, acts.number(DUAL_DATABASE), stops=[after(STEPS + "hold")])
    first.reached()
    if not locked:
        mover_lock_is_nobodys(ground)
    decided = points.stop(before("tests.migration_control.protocol.acts.take"))
    second = Thread(acts.move, acts.number(DUAL_DATABASE))
    decided.reached().go_on()
    if not locked:
        until_somebody_waits()
    first.go_on().result()
    with pytest.raises(Moved, match=r"bob \(a test\) has moved users to dual-write reading database"):
        second.result()
    assert kinds() == ["mirror on", "to the database"]
    assert acts.stores_agree() == {1: 0}


def test_one_forward_and_one_back_at_once(ground: Ground, child: Start) -> None:
    ground.move(DUAL_JSON)
    forward = child(acts.move, acts.number(DUAL_DATABASE), stops=[after(STEPS + "hold")])
    forward.reached()
    mover_lock_is_nobodys(ground)
    back = Thread(acts.move, acts.number(DISABLED))
    until_somebody_waits()
    forward.go_on().result()
    with pytest.raises(Moved):
        back.result()
    assert ground.state().row == DUAL_DATABASE
    assert kinds() == ["mirror on", "to the database"]


def test_a_mover_stopped_before_it_closes_finds_the_fence_moved(ground: Ground, points: Points, child: Start) -> None:
    """It lost its lock meanwhile, and does not know."""
    ground.move(DUAL_JSON)
    acts.create(1)
    sessions: list[int] = []
    stop = points.stop(after(STEPS + "hold"), lambda: sessions.append(mine()))
    late = Thread(acts.move, acts.number(DUAL_DATABASE))
    stop.reached()
    terminate(sessions[0])
    mover_lock_is_nobodys(ground)
    acts.move(acts.number(DISABLED))
    with ground.index.snapshot() as connection:
        assert fence(connection, "users").epoch == 2
    stop.go_on()
    with pytest.raises(Exception, match=r"came in between|connection"):
        late.result()
    assert acts.stores_agree() == {1: 0}
    assert ground.state().row == DISABLED
