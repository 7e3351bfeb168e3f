"""Writes inside somebody's transaction: they join it, or are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from migration_control.models import Change
from migration_control.routing.errors import JsonInsideAtomic
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.sessions import until_somebody_waits
from tests.points import Points


class Regretted(Exception):
    pass


def test_scenario_11_under_the_database_a_rollback_leaves_both_stores_as_before(ground: Ground, points: Points) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    acts.drain()
    applied = points.count("migration_control.mirroring.to_json.apply")
    with pytest.raises(Regretted), transaction.atomic():
        acts.count(1, 2)
        acts.create(2)
        raise Regretted
    assert not applied
    assert Change.objects.filter(component="users").values_list("key", "version").get() == ("1", 0)
    assert acts.stores_agree() == {1: 0}


@pytest.mark.parametrize("row", [DISABLED, DUAL_JSON], ids=["disabled", "dual-write"])
def test_scenario_11_under_json_a_write_inside_a_transaction_is_refused(ground: Ground, row: StageRow) -> None:
    ground.move(row)
    acts.create(1)
    writes: list[Callable[[], object]] = [lambda: acts.count(1, 1), lambda: acts.create(2), lambda: acts.delete(1)]
    for write in writes:
        with transaction.atomic(), pytest.raises(JsonInsideAtomic, match="outside atomic"):
            write()
    with transaction.atomic():
        assert acts.total(1) == 0
    assert ground.records.get(2) is None
    assert acts.stores_agree() == {1: 0}


def test_rule_13_a_write_that_joined_is_copied_on_commit_and_not_before(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    with transaction.atomic():
        acts.count(1, 2)
        assert ground.in_json(1).total_requests == 0
    assert ground.in_json(1).total_requests == 2
    assert acts.stores_agree() == {1: 2}


def test_a_savepoint_that_is_rolled_back_takes_its_writes_with_it(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    with transaction.atomic():
        acts.count(1, 1)
        with pytest.raises(Regretted), transaction.atomic():
            acts.count(1, 1)
            acts.create(2)
            raise Regretted
    assert (acts.total(1), ground.in_json(1).total_requests, ground.in_json(2)) == (1, 1, None)
    assert acts.stores_agree().keys() == {1}


def test_a_move_back_waits_for_a_transaction_that_has_written(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    with transaction.atomic():
        acts.count(1, 1)
        mover = Thread(acts.move, acts.number(DUAL_JSON))
        until_somebody_waits()
        acts.count(1, 1)
    mover.result()
    assert ground.state().row == DUAL_JSON
    assert acts.total(1) == ground.in_json(1).total_requests == 2
    assert acts.stores_agree() == {1: 2}


def test_a_transaction_that_writes_after_the_move_back_is_refused(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    with transaction.atomic():
        assert acts.total(1) == 0
        Thread(acts.move, acts.number(DUAL_JSON)).result()
        with pytest.raises(JsonInsideAtomic):
            acts.count(1, 1)
    assert acts.stores_agree() == {1: 0}
