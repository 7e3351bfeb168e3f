"""The database stops, freezes or goes away in the middle: under either authority, and during a move."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import User
from legacy_json.fences import FenceState, is_overdue
from migration_control.mirroring import servers
from migration_control.routing import router
from migration_control.routing.errors import DatabaseAway
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.children import Child, Failed
from tests.migration_control.protocol.servers import OwnServer
from tests.points import Points, after

COPY = "migration_control.mirroring.to_database.Mirror.copy"
STEPS = "migration_control.moving.steps."
SOON = 12.0  # seconds: ten at most for an answer, and a busy machine


def back(server: OwnServer) -> None:
    server.thaw()
    server.start()
    acts.until(lambda: not servers.away(), "the return of the database")


def away(server: OwnServer, how: str) -> None:
    if how == "frozen":
        server.freeze()
    else:
        server.stop()


HOW = pytest.mark.parametrize("how", ["stopped", "frozen"])


@HOW
def test_scenario_25_while_json_is_the_authority_the_bot_goes_on(
    far_ground: Ground, server: OwnServer, points: Points, how: str
) -> None:
    far_ground.move(DUAL_JSON)
    acts.create(1)
    away(server, how)
    acts.count(1, 2)
    assert servers.away()
    copies = points.count(COPY)
    acts.count(1, 3)
    assert not copies
    assert acts.total(1) == 5
    back(server)
    acts.count(1, 1)
    assert len(copies) == 1
    assert acts.stores_agree() == {1: 6}


@HOW
def test_a_caller_that_has_a_connection_waits_once(far_ground: Ground, server: OwnServer, how: str) -> None:
    far_ground.move(DUAL_JSON)
    acts.create(1)

    def life(ready: list[object]) -> None:
        acts.count(1, 1)
        ready.append(True)
        acts.until(lambda: len(ready) == 2, "the server's end")
        acts.count(1, 5)

    ready: list[object] = []
    caller = Thread(life, ready)
    acts.until(lambda: bool(ready), "its connection")
    away(server, how)
    ready.append(True)
    caller.result(SOON)
    assert acts.total(1) == 6


def test_a_caller_that_has_no_connection_yet_waits_no_longer(far_ground: Ground, server: OwnServer) -> None:
    far_ground.move(DUAL_JSON)
    acts.create(1)
    server.freeze()
    Thread(acts.count, 1, 1).result(SOON)
    assert acts.total(1) == 1


def test_a_look_whether_the_stores_are_a_pair_keeps_nobody_waiting(far_ground: Ground, server: OwnServer) -> None:
    """Once a minute; JSON is the authority and does without."""
    acts.create(1)
    ready: list[bool] = []

    def call() -> User | None:
        connection.ensure_connection()
        ready.append(True)
        acts.until(lambda: len(ready) > 1, "the server to be frozen")
        return far_ground.records.get(1)

    caller = Thread(call)
    acts.until(lambda: bool(ready), "a connection")
    server.freeze()
    router._opened.cache_clear()
    ready.append(True)
    assert caller.result(SOON).pk == 1


def test_a_thread_whose_connection_broke_copies_at_once_again_when_the_database_is_back(
    far_ground: Ground, server: OwnServer
) -> None:
    far_ground.move(DUAL_JSON)
    acts.create(1)
    server.stop()
    acts.count(1, 2)
    back(server)
    acts.count(1, 1)  # which may be the one that finds the connection broken
    acts.until(lambda: not servers.away(), "the return of the database")
    acts.count(1, 1)
    in_database = Thread(far_ground.in_database, 1)
    assert in_database.result().total_requests == 4


def _in_row(ground: Ground, row: StageRow) -> None:
    if row is DB_ONLY:
        ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(row)


@pytest.mark.parametrize("how", ["stopped", "frozen"])
def test_scenario_26_in_dual_write_reads_are_from_json_and_marked_and_writes_refused(
    far_ground: Ground, server: OwnServer, how: str
) -> None:
    far_ground.move(DUAL_DATABASE)
    acts.create(1)
    away(server, how)
    read = Thread(far_ground.records.get, 1).result(SOON)
    assert read.stale
    assert [user.stale for user in far_ground.records.iterate()] == [True]
    for write in (lambda: acts.count(1, 1), lambda: acts.create(2), lambda: acts.delete(1)):
        with pytest.raises(DatabaseAway, match="Nothing was written"):
            Thread(write).result(SOON)
    assert far_ground.in_json(1).total_requests == 0
    assert far_ground.in_json(2) is None
    back(server)
    acts.until(lambda: not far_ground.records.get(1).stale, "a read that is not stale")  # type: ignore[union-attr]
    acts.count(1, 1)
    assert acts.stores_agree() == {1: 1}


def test_scenario_26_in_db_only_there_is_nothing_to_read(far_ground: Ground, server: OwnServer) -> None:
    _in_row(far_ground, DB_ONLY)
    acts.create(1)
    server.stop()
    with pytest.raises(DatabaseAway):
        far_ground.records.get(1)
    with pytest.raises(DatabaseAway):
        acts.count(1, 1)
    assert far_ground.in_json(1) is None


def test_the_first_call_after_the_database_is_back_is_served(far_ground: Ground, server: OwnServer) -> None:
    """Its connection was broken while nobody called."""
    far_ground.move(DUAL_DATABASE)
    acts.create(1)
    server.stop()
    server.start()
    acts.count(1, 1)
    server.stop()
    server.start()
    assert not far_ground.records.get(1).stale  # type: ignore[union-attr]
    assert acts.stores_agree() == {1: 1}


def test_scenario_42_json_opens_without_the_database_and_the_dead_move_cannot_commit(
    far_ground: Ground, server: OwnServer, child: Callable[..., Child]
) -> None:
    far_ground.move(DUAL_JSON)
    acts.create(1)
    child(acts.move, acts.number(DUAL_DATABASE), kills=[after(STEPS + "copy_remainder")]).dead()
    assert far_ground.fence().state is FenceState.CLOSING
    server.stop()
    acts.count(1, 2)
    assert far_ground.fence().state is FenceState.OPEN
    back(server)
    acts.count(1, 1)
    assert acts.stores_agree() == {1: 3}
    assert far_ground.state().row == DUAL_JSON


def test_scenario_42_a_mover_that_only_stalled_cannot_commit_either(
    far_ground: Ground, server: OwnServer, child: Callable[..., Child]
) -> None:
    """Its database did not go away, only that of the writers; its time is up."""
    far_ground.move(DUAL_JSON)
    acts.create(1)
    values = {STEPS + "CLOSING_SECONDS": 0.1}
    mover = child(acts.move, acts.number(DUAL_DATABASE), stops=[after(STEPS + "copy_remainder")], values=values)
    mover.reached()
    path = far_ground.index.path
    acts.until(lambda: is_overdue(far_ground.index.connection(), "users", path), "the mover's deadline")
    with acts.not_mirrored():
        acts.count(1, 1)
    mover.go_on()
    with pytest.raises(Failed, match="MoveAborted"):
        mover.result()
    acts.count(1, 1)
    assert acts.stores_agree() == {1: 2}
    assert far_ground.state().row == DUAL_JSON


def test_while_a_move_may_have_been_committed_nobody_writes_without_the_database(
    far_ground: Ground, server: OwnServer, child: Callable[..., Child]
) -> None:
    far_ground.move(DUAL_JSON)
    acts.create(1)
    child(acts.move, acts.number(DUAL_DATABASE), kills=[after(STEPS + "announce")]).dead()
    server.stop()
    with pytest.raises(DatabaseAway):
        acts.count(1, 1)
    assert far_ground.in_json(1).total_requests == 0
    back(server)
    acts.until(lambda: acts.recovered(far_ground.users), "the recovery")
    acts.count(1, 1)
    assert acts.stores_agree() == {1: 1}


@pytest.mark.parametrize("row", [DISABLED, DUAL_JSON], ids=["disabled", "dual-write"])
def test_a_process_that_starts_without_the_database_serves_json(
    far_ground: Ground, server: OwnServer, child: Callable[..., Child], row: StageRow
) -> None:
    far_ground.move(row)
    acts.create(1)
    server.stop()
    assert child(acts.count, 1, 2).result() == 2
    assert acts.total(1) == 2
    back(server)
    assert acts.stores_agree() == {1: 2}
