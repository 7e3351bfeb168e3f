"""A migration that is closed while the bot is served, by somebody who may be killed at every point."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from django.db import connection

from accounts.models import User
from legacy_json import mover_lock, promoting
from legacy_json.errors import Stale, StoreBusy
from legacy_json.fences import FenceState
from migration_control import components, pairing, store
from migration_control.models import Change, Transition
from migration_control.moving import closing, looking_after, promotion
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.rows import By
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.children import Child, Failed
from tests.points import Point, Points, after, before

CLOSING = "migration_control.moving.closing."
MATES = ("users", "subscriptions", "analytics")

# Before the row is committed, and from then on.
NOT_YET = [
    before(CLOSING + "hold"),
    after(CLOSING + "hold"),
    after(CLOSING + "forget"),
    before(CLOSING + "announce"),
    after("legacy_json.fences.advance"),  # under the store's lock, before its commit
    after(CLOSING + "announce"),
    before("migration_control.moving.rows.change"),
    after("migration_control.moving.rows.change"),
]
COMMITTED = [
    before(CLOSING + "seal"),
    after("legacy_json.fences.advance", 2),
    after(CLOSING + "seal"),
    before(CLOSING + "mark"),
    before("legacy_json.marker.note_closed"),
    after(CLOSING + "mark"),
]


def close(*names: str) -> None:
    store.renderer().flush()
    closing.close([components.get(name) for name in names or ("users",)], By("ann", "it is over"))


@pytest.fixture
def db_only(ground: Ground) -> Ground:
    ground.put(DUAL_DATABASE, *MATES)
    ground.put(DB_ONLY, *MATES)
    acts.create(1)
    acts.create(2)
    acts.delete(2)
    return ground


def stale(user: User) -> bool:
    try:
        User.records.save(user)
    except Stale:
        return True
    return False


@pytest.mark.parametrize("point", NOT_YET, ids=str)
def test_who_is_killed_before_the_commit_has_closed_nothing(
    db_only: Ground, child: Callable[..., Child], point: Point
) -> None:
    child(close, kills=[point]).dead()
    connection.close()
    acts.until(lambda: acts.recovered(db_only.users), "the recovery")
    assert not db_only.state().closed
    assert db_only.fence().state is FenceState.CLOSED
    db_only.records.update(1, acts.count_up)
    assert Change.objects.filter(component="users").count() == 2
    db_only.move(DUAL_DATABASE)  # and there is a way back
    assert acts.stores_agree() == {1: 1}
    db_only.move(DB_ONLY)
    close()
    assert db_only.state().closed
    assert acts.total(1) == 1


@pytest.mark.parametrize("point", COMMITTED, ids=str)
def test_who_is_killed_after_it_leaves_a_closed_migration(
    db_only: Ground, child: Callable[..., Child], point: Point
) -> None:
    child(close, kills=[point]).dead()
    connection.close()
    assert db_only.state().closed
    assert not Change.objects.filter(component="users").exists()
    db_only.records.update(1, acts.count_up)
    promoting.promote(db_only.index, ["users"], "{}")
    assert db_only.fence().state in (FenceState.SEALING, FenceState.SEALED)
    looking_after.see_to(db_only.users, db_only.index)
    assert db_only.fence().state is FenceState.SEALED
    with pytest.raises(MoveRefused):
        db_only.move(DUAL_DATABASE)
    close()
    assert acts.total(1) == 1
    assert list(Transition.objects.filter(component="users", kind="closed").values_list("reason", flat=True)) == [
        "it is over"
    ]


def test_processes_that_run_go_on_being_served(db_only: Ground, child: Callable[..., Child]) -> None:
    writers = [child(acts.count, 1, 150) for _ in range(3)]
    close()
    after_it = child(acts.count, 1, 50)
    assert sum(writer.result() for writer in (*writers, after_it)) == acts.total(1) == 500


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def test_a_writer_that_waits_for_the_lock_writes_to_the_closed_component(db_only: Ground, points: Points) -> None:
    stop = points.stop(after(CLOSING + "forget"))
    closer = acts.Thread(close)
    stop.reached()
    writer = acts.Thread(acts.count, 1, 1)
    acts.until(lambda: waits_for_a_lock() or not writer.runs, "the writer's turn")
    assert writer.runs, "it wrote beside the closing, and noted its change for nobody"
    stop.go_on()
    closer.result()
    assert writer.result() == 1
    assert acts.total(1) == 1
    assert not Change.objects.filter(component="users").exists()


def test_a_save_from_before_a_deletion_is_refused_after_the_record_is_made_anew(db_only: Ground) -> None:
    held = db_only.records.get(1)
    assert held is not None
    acts.count(1, 3)
    close()
    for _ in range(3):
        acts.delete(1)
        acts.create(1)
        for read in (held, db_only.records.get(1)):
            assert read is not None
            acts.delete(1)
            acts.create(1)
            assert stale(read)
            acts.count(1, 5)
            assert stale(read)


def test_one_who_read_before_the_closing_saves_after_it_if_nobody_wrote(db_only: Ground) -> None:
    read = db_only.records.get(1)
    assert read is not None
    close()
    read.total_requests = 7
    db_only.records.save(read)
    before_it = db_only.records.get(1)
    db_only.records.update(1, acts.count_up)
    again = db_only.records.get(1)
    assert before_it
    assert again
    assert again.version > before_it.version
    assert acts.total(1) == 8


def test_a_rollback_that_was_decided_before_comes_to_nothing(db_only: Ground, child: Callable[..., Child]) -> None:
    mover = child(acts.move, acts.number(DUAL_DATABASE), stops=[before("migration_control.moving.steps.hold")])
    mover.reached()
    with pytest.raises(StoreBusy):  # one mover of a component at a time on a host
        close()
    mover.kill()
    close()
    assert db_only.state().closed


def test_a_mover_elsewhere_that_was_late_is_refused_by_the_database(db_only: Ground, points: Points) -> None:
    stop = points.stop(before("migration_control.moving.steps.hold"))
    points.skip("migration_control.moving.steps.recovery.recover")
    mover = acts.Thread(acts.move, acts.number(DUAL_DATABASE))
    stop.reached()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mover_lock, "moving", lambda *args: nullcontext())  # as on another host
        close()
    stop.go_on()
    with pytest.raises(MoveRefused, match="meanwhile"):
        mover.result()
    assert db_only.fence().state is FenceState.SEALED


def test_a_promotion_in_the_middle_leaves_it_alone(db_only: Ground, points: Points) -> None:
    stop = points.stop(after(CLOSING + "announce"))
    closer = acts.Thread(close)
    stop.reached()
    promoting.promote(db_only.index, [c.name for c in components.everything()], "{}")
    assert db_only.fence().state is FenceState.SEALING
    stop.go_on()
    closer.result()
    assert db_only.fence().state is FenceState.SEALED
    assert acts.total(1) == 0
    with pytest.raises(MoveRefused, match="closed"):
        promotion.settle(db_only.users, By("ann", "it is back"))


def test_a_promotion_before_the_seal_aborts_the_closing(db_only: Ground, points: Points) -> None:
    stop = points.stop(before(CLOSING + "announce"))
    closer = acts.Thread(close)
    stop.reached()
    promoting.promote(db_only.index, [c.name for c in components.everything()], "{}")
    stop.go_on()
    with pytest.raises(MoveAborted):
        closer.result()
    assert not db_only.state().closed
    assert db_only.fence().state is FenceState.OPEN


def test_an_index_from_before_it_is_sealed_and_a_database_from_before_it_is_told(db_only: Ground) -> None:
    close()
    with db_only.index.write() as (index, _):
        index.execute("UPDATE fence SET state = 'open', epoch = 1 WHERE component = 'users'")
    with pytest.raises(pairing.StoresDisagree, match="migration_close users"):
        pairing.check("users", db_only.index)
    looking_after.see_to(db_only.users, db_only.index)
    assert db_only.fence().state is FenceState.SEALED
    assert acts.total(1) == 0
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE migration_control_componentstate SET closed_above = NULL WHERE name = 'users'")
        cursor.execute("SET session_replication_role = DEFAULT")
    with pytest.raises(pairing.StoresDisagree, match="its migration is closed"):
        pairing.check("users", db_only.index)


def test_the_child_says_what_is_refused(ground: Ground, child: Callable[..., Child]) -> None:
    ground.move(DUAL_DATABASE)
    with pytest.raises(Failed, match="only what is db-only can be closed"):
        child(close).result()
