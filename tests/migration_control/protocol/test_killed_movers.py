"""A mover killed at every point, either way: one authority, nothing lost, and the stores agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migration_control.models import Transition
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.children import Child
from tests.points import Point, after, before

STEPS = "migration_control.moving.steps."

TO_DATABASE = [
    before(STEPS + "hold"),
    after(STEPS + "hold"),
    after("legacy_json.fences.advance"),  # under the store's lock, before its commit
    after(STEPS + "close"),
    after(STEPS + "copy_remainder"),
    after("legacy_json.fences.advance", 2),
    after(STEPS + "announce"),
    after(STEPS + "commit_row"),
    before(STEPS + "finish"),
    after(STEPS + "finish"),
]
TO_JSON = [
    before(STEPS + "hold"),
    after(STEPS + "hold"),
    after("migration_control.mirroring.to_json.apply"),
    after(STEPS + "drain_remainder"),
    after(STEPS + "commit_row"),
    before(STEPS + "set_fence"),
    after("legacy_json.fences.advance"),
    after(STEPS + "set_fence"),
]
RECOVERY = [
    before("migration_control.moving.recovery.raise_epoch"),
    before("migration_control.moving.rows.change"),
    after("migration_control.moving.rows.change"),
    before("migration_control.moving.recovery.set_fence"),
    after("migration_control.moving.recovery.set_fence"),
]


def with_a_remainder(ground: Ground, mover: Child) -> None:
    """What is written once the mover has drained, and is not copied at once."""
    mover.reached()
    with acts.not_mirrored():
        ground.records.update(1, acts.count_up)
        acts.create(3)
        acts.delete(2)
    mover.go_on()


def two_users(ground: Ground) -> None:
    for key in (1, 2):
        acts.create(key)
    acts.drain()


@pytest.mark.parametrize("point", TO_DATABASE, ids=str)
def test_on_the_way_to_the_database(ground: Ground, child: Callable[..., Child], point: Point) -> None:
    ground.move(DUAL_JSON)
    two_users(ground)
    mover = child(acts.move, acts.number(DUAL_DATABASE), stops=[before(STEPS + "hold")], kills=[point])
    with_a_remainder(ground, mover)
    mover.dead()
    ground.records.update(1, acts.count_up)
    assert acts.total(1) == 2
    assert acts.stores_agree().keys() == {1, 3}
    ground.move(DUAL_DATABASE)
    ground.records.update(1, acts.count_up)
    acts.create(2)
    assert acts.stores_agree().keys() == {1, 2, 3}
    assert acts.total(1) == 3


@pytest.mark.parametrize("point", TO_JSON, ids=str)
def test_on_the_way_back(ground: Ground, child: Callable[..., Child], point: Point) -> None:
    ground.move(DUAL_DATABASE)
    two_users(ground)
    mover = child(acts.move, acts.number(DUAL_JSON), stops=[before(STEPS + "hold")], kills=[point])
    with_a_remainder(ground, mover)
    mover.dead()
    ground.records.update(1, acts.count_up)
    assert acts.total(1) == 2
    assert acts.stores_agree().keys() == {1, 3}
    ground.move(DISABLED)
    ground.records.update(1, acts.count_up)
    acts.create(2)
    assert acts.total(1) == 3
    assert acts.stores_agree().keys() == {1, 2, 3}


@pytest.mark.parametrize("point", RECOVERY, ids=str)
@pytest.mark.parametrize(
    "cut", [after(STEPS + "close"), before(STEPS + "finish"), before(STEPS + "set_fence")], ids=str
)
def test_in_the_middle_of_a_recovery(ground: Ground, child: Callable[..., Child], cut: Point, point: Point) -> None:
    there, back = (DUAL_JSON, DUAL_DATABASE) if cut.function != STEPS + "set_fence" else (DUAL_DATABASE, DUAL_JSON)
    ground.move(there)
    acts.create(1)
    child(acts.move, acts.number(back), kills=[cut]).dead()
    child(acts.recover, kills=[point]).dead()
    ground.records.update(1, acts.count_up)
    assert acts.stores_agree() == {1: 1}
    kinds = Transition.objects.filter(component="users", kind="recovered").count()
    assert 1 <= kinds <= 2
