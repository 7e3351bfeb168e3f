"""Copies that cross on their way: late, repeated, in the other order, or not made at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError, connection

from accounts.models import User
from legacy_json.errors import IndexUnwritable
from migration_control import components, store
from migration_control.mirroring import acknowledging, draining_to_database
from migration_control.mirroring.acknowledging import mark_acked
from migration_control.mirroring.inline import mirror
from migration_control.mirroring.to_database import Mirror, copying
from migration_control.models import Change
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.children import Child
from tests.migration_control.protocol.sessions import session, until_somebody_waits
from tests.points import HANG, Points, before

INLINE = "migration_control.mirroring.inline.Inline."
DRAIN = "migration_control.mirroring.draining_to_database."
COPY = "migration_control.mirroring.to_database.Mirror.copy"
# Not committed, by somebody whom no trigger binds.
ROW = """
SET LOCAL session_replication_role = replica;
INSERT INTO accounts_user (user_id, version, extra, duplicate, waiting_for_nickname, language, notifications_enabled,
 total_requests) VALUES (1, 0, '{}', false, false, 'ru', true, 0)
"""
true_copy = Mirror.copy
BOTH = pytest.mark.parametrize("row", [DUAL_JSON, DUAL_DATABASE], ids=["JSON", "database"])


def copies_of(row: StageRow) -> str:
    """The function that copies a write on while that row holds."""
    return INLINE + ("after_json" if row is DUAL_JSON else "after_database")


def test_scenario_1_a_copy_that_read_before_a_live_write_leaves_it(ground: Ground, points: Points) -> None:
    ground.move(DUAL_JSON)
    with acts.not_mirrored():
        acts.create(1)
    stop = points.stop(before(DRAIN + "copy"))
    late = Thread(acts.drain)
    stop.reached()
    ground.records.update(1, acts.count_up)
    assert (ground.in_database(1).version, ground.in_database(1).total_requests) == (1, 1)
    stop.go_on()
    late.result()
    assert (ground.in_database(1).version, ground.in_database(1).total_requests) == (1, 1)
    assert acts.stores_agree() == {1: 1}


@pytest.mark.parametrize("again", [False, True], ids=["deleted", "and created again"])
def test_scenario_2_a_copy_that_read_before_a_delete_brings_nothing_back(
    ground: Ground, points: Points, again: bool
) -> None:
    ground.move(DUAL_JSON)
    with acts.not_mirrored():
        acts.create(1)
    stop = points.stop(before(DRAIN + "copy"))
    late = Thread(acts.drain)
    stop.reached()
    acts.delete(1)
    if again:
        acts.create(1, language="en")
    stop.go_on()
    late.result()
    assert (ground.in_database(1) is not None) == again
    assert acts.stores_agree() == ({1: 2} if again else {})


def test_scenario_3_what_is_created_behind_a_copy_under_way_arrives(
    ground: Ground, points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in (5, 9):
        acts.create(key)
    for name in ("FEWEST", "ROWS"):
        monkeypatch.setattr(draining_to_database, name, 1)
    stop = points.stop(before(DRAIN + "copy", 2))
    late = Thread(acts.drain)
    stop.reached()
    acts.create(2)
    stop.go_on()
    late.result()
    assert acts.stores_agree() == {2: 0, 5: 0, 9: 0}


@BOTH
def test_scenarios_6_and_7_a_writer_that_dies_between_the_stores_loses_nothing(
    ground: Ground, child: Callable[..., Child], row: StageRow
) -> None:
    ground.move(row)
    acts.create(1)
    child(acts.count, 1, 1, kills=[before(copies_of(row))]).dead()
    assert acts.total(1) == 1
    behind = ground.in_database(1) if row is DUAL_JSON else ground.in_json(1)
    assert behind.total_requests == 0
    assert acts.stores_agree() == {1: 1}


@BOTH
def test_scenario_9_of_two_copies_that_cross_the_later_write_stands(
    ground: Ground, points: Points, row: StageRow
) -> None:
    ground.move(row)
    acts.create(1)
    stop = points.stop(before(COPY if row is DUAL_JSON else "migration_control.mirroring.to_json.apply"))
    late = Thread(acts.count, 1, 1)
    stop.reached()
    ground.records.update(1, acts.count_up)
    stop.go_on()
    late.result()
    assert ground.in_database(1).total_requests == ground.in_json(1).total_requests == 2
    assert acts.stores_agree() == {1: 2}


@BOTH
def test_scenario_9_a_copy_that_crosses_with_a_delete_brings_nothing_back(
    ground: Ground, points: Points, row: StageRow
) -> None:
    ground.move(row)
    stop = points.stop(before(COPY if row is DUAL_JSON else "migration_control.mirroring.to_json.apply"))
    late = Thread(acts.create, 1)
    stop.reached()
    acts.delete(1)
    stop.go_on()
    late.result()
    assert ground.in_database(1) is ground.in_json(1) is None
    assert acts.stores_agree() == {}


@pytest.mark.parametrize("way", ["inline", "bulk"])
def test_rule_5_a_tombstone_committed_between_a_look_and_its_insert_is_not_missed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """The insert has looked for tombstones and waits for a row of its key that is not committed. Now it is deleted."""
    ground.move(DUAL_JSON)
    copying.cache_clear()
    monkeypatch.setattr("migration_control.mirroring.to_database.LOCK_SECONDS", HANG)
    monkeypatch.setattr("migration_control.mirroring.to_database.SECONDS", HANG)
    copy = mirror(ground.users, "Europe/Moscow")
    with session() as stranger, acts.not_mirrored():
        acts.create(1)
        created = ground.index.record("users", 1).records
        stranger.execute(ROW)
        late = Thread(acts.drain) if way == "bulk" else Thread(true_copy, copy, created)
        until_somebody_waits()
        acts.delete(1)
        deleting = Thread(true_copy, copy, ground.index.record("users", 1).records)
        until_somebody_waits(2)
        stranger.rollback()
        late.result()
        deleting.result()
    copying.cache_clear()
    assert ground.in_database(1) is None
    assert acts.stores_agree() == {}


def test_rule_5_a_copy_behind_the_move_does_nothing(ground: Ground, points: Points) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    stop = points.stop(before(COPY))
    late = Thread(acts.count, 1, 1)
    stop.reached()
    ground.move(DUAL_DATABASE)
    with session() as other:  # to what the late copy would bring, but for its version
        other.execute("SET session_replication_role = replica")
        other.execute("UPDATE accounts_user SET version = 0 WHERE user_id = 1")
        other.commit()
    stop.go_on()
    late.result()
    assert ground.in_database(1).version == 0


@BOTH
def test_scenario_44_a_change_that_meets_the_acknowledgement_of_the_one_before_is_not_forgotten(
    ground: Ground, points: Points, row: StageRow
) -> None:
    ground.move(row)
    acts.create(1)
    acts.drain()
    stop = points.stop(before("migration_control.mirroring.acknowledging.confirm"))
    ground.records.update(1, acts.count_up)
    late = Thread(acknowledging.flush)
    stop.reached()
    with acts.not_mirrored():
        ground.records.update(1, acts.count_up)
    stop.go_on()
    late.result()
    lacking = ground.lag()
    assert lacking == ((1, 0) if row is DUAL_JSON else (0, 1))
    assert acts.stores_agree() == {1: 2}


def test_rule_5_an_acknowledgement_skips_what_somebody_writes(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    acts.create(2)
    Change.objects.update(acked=-1)
    with session() as writer:
        writer.execute("SELECT 1 FROM migration_control_change WHERE key = '1' FOR UPDATE")
        assert mark_acked(components.get("users"), {1: 0, 2: 0}) == 1
    assert dict(Change.objects.values_list("key", "acked")) == {"1": -1, "2": 0}


@pytest.mark.parametrize("row", [DUAL_DATABASE, DUAL_JSON], ids=["database", "JSON"])
def test_rule_5_an_acknowledgement_behind_a_move_confirms_nothing(
    ground: Ground, points: Points, row: StageRow
) -> None:
    """What it would confirm was of the time before."""
    ground.move(row)
    acts.create(1)
    stop = points.stop(before("migration_control.mirroring.acknowledging._still_copied_to"))
    late = Thread(acknowledging.confirm, ground.users, ground.index, row.authority, {1: 99}, 0)
    stop.reached()
    stop.go_on()
    late.result()
    ground.records.update(1, acts.count_up)
    assert Change.objects.filter(acked=99).count() == 0
    assert acts.stores_agree() == {1: 1}


def test_scenario_8_a_write_that_json_fails_is_its_callers_error_and_the_database_is_not_touched(
    ground: Ground, points: Points
) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    copies = points.count(COPY)
    points.fail(before("legacy_json.commits.note"), IndexUnwritable("the disk is full"))
    with pytest.raises(IndexUnwritable):
        ground.records.update(1, acts.count_up)
    assert not copies
    assert ground.in_database(1).version == ground.in_json(1).version == 0
    ground.records.update(1, acts.count_up)
    assert acts.stores_agree() == {1: 1}


@BOTH
def test_rule_6_a_copy_that_fails_is_not_the_callers(ground: Ground, points: Points, row: StageRow) -> None:
    ground.move(row)
    failing = COPY if row is DUAL_JSON else "migration_control.mirroring.to_json.apply"
    points.fail(before(failing), OperationalError("lost") if row is DUAL_JSON else IndexUnwritable("full"))
    acts.create(1)
    assert ground.lag() == ((1, 0) if row is DUAL_JSON else (0, 1))
    assert acts.stores_agree() == {1: 0}


@BOTH
def test_rule_6_two_that_exchange_a_unique_value_are_copied_together(
    ground: Ground, points: Points, row: StageRow
) -> None:
    ground.move(row)
    for key in (1, 2):
        acts.create(key, faceit_player_id=f"player-{key}")

    def swap(changes: object) -> None:
        one, two = changes[1], changes[2]  # type: ignore[index]
        one.faceit_player_id, two.faceit_player_id = two.faceit_player_id, one.faceit_player_id

    User.records.update_many([1, 2], swap)
    assert acts.stores_agree().keys() == {1, 2}
    assert ground.in_database(1).faceit_player_id == ground.in_json(1).faceit_player_id == "player-2"


def test_copies_may_be_repeated(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    ground.records.update(1, acts.count_up)
    with store.index().write() as (written, _):
        written.execute("INSERT OR REPLACE INTO pending VALUES ('users', 1, -1, 1)")
    acts.drain()
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, total_requests FROM accounts_user")
        assert cursor.fetchall() == [(1, 1)]
    assert acts.stores_agree() == {1: 1}
