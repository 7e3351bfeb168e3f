"""Everybody writes while the component goes there and back: each write counts once, in whichever store took it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection
from django.db.models import F

from accounts.models import User
from migration_control.moving.errors import MoveAborted
from migration_control.stages import Store
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.children import Child
from tests.migration_control.protocol.sessions import session, until_somebody_waits
from tests.points import Points, after

KEYS = (1, 2)
TIMES = 40


def raw(key: int, times: int) -> int:
    """As an admin or a script would, who is refused while JSON is the authority."""
    done = 0
    for _ in range(times):
        try:
            done += User.objects.filter(pk=key).update(total_requests=F("total_requests") + 1)
        except DatabaseError:
            time.sleep(0.005)
    return done


def churn(key: int, times: int) -> int:
    """Create and delete one, over and over; how often it was changed."""
    for _ in range(times):
        acts.create(key)
        acts.delete(key)
    return times


def test_scenarios_5_and_10_increments_in_threads_and_processes_all_count(
    ground: Ground, child: Callable[..., Child]
) -> None:
    for key in KEYS:
        acts.create(key)
    processes = [child(acts.count, key, TIMES) for key in KEYS]
    threads = [Thread(acts.count, key, TIMES) for key in KEYS]
    churning, tools = Thread(churn, 7, TIMES // 2), Thread(raw, 1, 4 * TIMES)
    way = [DUAL_JSON, DUAL_DATABASE, DUAL_JSON, DISABLED, DUAL_JSON, DUAL_DATABASE, DUAL_JSON, DUAL_DATABASE]
    for row in way:
        ground.move(row)
        time.sleep(0.05)
    counted = [each.result() for each in processes] + [each.result() for each in threads]
    churning.result()
    extra = tools.result()
    assert counted == [TIMES] * 4
    assert acts.total(1) == 2 * TIMES + extra
    assert acts.total(2) == 2 * TIMES
    assert acts.stores_agree().keys() == set(KEYS)


@pytest.mark.parametrize("name", ["close", "copy_remainder", "announce", "commit_row"])
def test_a_writer_meets_a_move_to_the_database_at_each_point(ground: Ground, points: Points, name: str) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    stop = points.stop(after(f"migration_control.moving.steps.{name}"))
    mover = Thread(acts.move, acts.number(DUAL_DATABASE))
    stop.reached()
    assert acts.total(1) == 0
    writer = Thread(acts.count, 1, 1)
    until_somebody_waits()
    stop.go_on()
    mover.result()
    writer.result()
    assert acts.total(1) == 1
    assert acts.stores_agree() == {1: 1}


@pytest.mark.parametrize("name", ["hold", "drain_remainder", "commit_row"])
def test_a_writer_meets_a_move_back_at_each_point(ground: Ground, points: Points, name: str) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    stop = points.stop(after(f"migration_control.moving.steps.{name}"))
    mover = Thread(acts.move, acts.number(DUAL_JSON))
    stop.reached()
    assert acts.total(1) == 0
    writer = Thread(acts.count, 1, 1)
    until_somebody_waits()
    stop.go_on()
    mover.result()
    writer.result()
    assert acts.total(1) == ground.in_json(1).total_requests == 1
    assert acts.stores_agree() == {1: 1}


@pytest.mark.parametrize("row", [DUAL_DATABASE, DUAL_JSON], ids=["to the database", "to JSON"])
def test_what_was_written_in_the_last_moment_goes_with_the_move(ground: Ground, points: Points, row: object) -> None:
    """After the drain, before the locks."""
    to_database = row is DUAL_DATABASE
    ground.move(DUAL_JSON if to_database else DUAL_DATABASE)
    acts.create(1)
    acts.create(2)
    acts.drain()
    stop = points.stop(after(f"migration_control.moving.steps._drain_to_{'database' if to_database else 'json'}"))
    mover = Thread(acts.move, acts.number(row))  # type: ignore[arg-type]
    stop.reached()
    with acts.not_mirrored():
        ground.records.update(1, acts.count_up)
        acts.delete(2)
        acts.create(3)
    stop.go_on()
    mover.result()
    assert {user.pk: user.total_requests for user in ground.records.iterate()} == {1: 1, 3: 0}
    assert ground.records.get(2) is None
    assert acts.stores_agree().keys() == {1, 3}


def test_a_remainder_of_large_documents_goes_with_the_move_or_it_is_not_made(
    ground: Ground, points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch holds so many bytes at most: what it leaves out must not be taken for copied."""
    ground.move(DUAL_JSON)
    for key in KEYS:
        acts.create(key)
    monkeypatch.setattr("legacy_json.index.MUCH", 1)
    stop = points.stop(after("migration_control.moving.steps._drain_to_database"))
    mover = Thread(acts.move, acts.number(DUAL_DATABASE))
    stop.reached()
    with acts.not_mirrored():
        for key in KEYS:
            ground.records.update(key, acts.count_up)
    stop.go_on()
    try:
        mover.result()
    except MoveAborted:
        assert ground.state().authority == Store.JSON
    assert [acts.total(key) for key in KEYS] == [1, 1]
    assert acts.stores_agree() == {1: 1, 2: 1}


def test_a_move_back_waits_for_a_transaction_that_has_written(ground: Ground) -> None:
    """Of psql, say: nobody told it of the protocol."""
    ground.move(DUAL_DATABASE)
    acts.create(1)
    with session() as psql:
        psql.execute("UPDATE accounts_user SET total_requests = 5 WHERE user_id = 1")
        mover = Thread(acts.move, acts.number(DUAL_JSON))
        until_somebody_waits()
        psql.commit()
    mover.result()
    assert acts.total(1) == ground.in_json(1).total_requests == 5
    assert acts.stores_agree() == {1: 1}


def test_rule_7_a_move_that_does_not_get_its_locks_in_time_changes_nothing(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    monkeypatch.setattr("migration_control.moving.holding.LOCK_SECONDS", 0.1)
    with session() as psql:
        psql.execute("UPDATE accounts_user SET total_requests = 5 WHERE user_id = 1")
        with pytest.raises(DatabaseError, match="lock timeout"):
            acts.move(acts.number(DUAL_JSON))
    assert ground.state().row == DUAL_DATABASE
    connection.close()
    ground.records.update(1, acts.count_up)
    assert acts.stores_agree() == {1: 1}


def test_rule_3_a_write_waits_for_the_move_and_looks_again(ground: Ground, points: Points) -> None:
    """A statement of psql's that waits while the authority leaves is refused."""
    ground.move(DUAL_DATABASE)
    acts.create(1)
    stop = points.stop(after("migration_control.moving.steps.drain_remainder"))
    mover = Thread(acts.move, acts.number(DUAL_JSON))
    stop.reached()
    tool = Thread(raw, 1, 1)
    until_somebody_waits()
    stop.go_on()
    mover.result()
    assert tool.result() == 0
    assert acts.total(1) == ground.in_json(1).total_requests == 0
    assert acts.stores_agree() == {1: 0}
