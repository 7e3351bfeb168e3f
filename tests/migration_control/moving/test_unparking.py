"""Parked keys are let go of once nothing is against them, by whoever comes by."""

from __future__ import annotations

import pytest

from accounts.models import User
from migration_control.mirroring import parking
from migration_control.models import Parked
from migration_control.moving.unparking import release_settled
from migration_control.stages import StageRow, Store
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground


def parked() -> list[str]:
    return list(Parked.objects.order_by("key").values_list("key", flat=True))


def release(ground: Ground) -> None:
    release_settled(ground.users, ground.index, ground.state().row)


def count_up(user: User) -> None:
    user.total_requests += 1


@pytest.mark.parametrize(("row", "to"), [(DUAL_JSON, Store.DATABASE), (DUAL_DATABASE, Store.JSON)])
def test_a_key_that_lacks_nothing_any_more_is_let_go_of(ground: Ground, row: StageRow, to: Store) -> None:
    ground.move(row)
    ground.records.create(User(user_id=1))
    assert ground.lag() == (0, 0)
    parking.park(ground.users, 1, to, 0, "no")
    release(ground)
    assert parked() == []


@pytest.mark.parametrize(("row", "to"), [(DISABLED, Store.DATABASE), (DB_ONLY, Store.JSON)])
def test_where_nothing_is_mirrored_a_key_that_was_changed_is_let_go_of(
    ground: Ground, row: StageRow, to: Store
) -> None:
    ground.records.create(User(user_id=1))
    ground.records.create(User(user_id=2))
    if row is DB_ONLY:
        ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
        ground.move(DB_ONLY)
    for key in (1, 2):
        version = ground.records.update(key, count_up).version
        parking.park(ground.users, key, to, version, "no")
    ground.records.update(1, count_up)
    release(ground)
    assert parked() == ["2"]


def test_where_writes_are_copied_a_key_that_was_changed_waits_for_its_copy(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    ground.records.update(1, count_up)
    parking.park(ground.users, 1, Store.DATABASE, 0, "no")
    release_settled(ground.users, ground.index, DUAL_JSON)
    assert parked() == ["1"]


def test_the_next_drain_tries_all_once_they_are_hastened(ground: Ground) -> None:
    parking.park(ground.users, 1, Store.DATABASE, 0, "no")
    assert parking.waiting(ground.users) == {1}
    parking.hasten(ground.users)
    assert parking.waiting(ground.users) == set()
