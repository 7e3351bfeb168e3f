"""What a process believes decides nothing: the store that it writes to does, under that store's lock."""

from __future__ import annotations

import pytest

from accounts.models import User
from legacy_json.errors import Stale
from migration_control.stages import STAGES, StageRow
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.points import Points, before

TO_JSON = "migration_control.stores.json.commit"
TO_DATABASE = "migration_control.stores.transacting.lock"


def test_scenario_4_a_write_of_one_who_believes_that_nothing_is_mirrored_arrives(
    ground: Ground, points: Points
) -> None:
    acts.create(1)
    acts.drain()
    stop = points.stop(before(TO_JSON))
    late = Thread(acts.count, 1, 1)
    stop.reached()
    ground.move(DUAL_JSON)
    stop.go_on()
    late.result()
    assert ground.in_database(1).total_requests == 1
    assert acts.stores_agree() == {1: 1}


def _in_files_of_their_own(ground: Ground, row: StageRow) -> None:
    """db-only asks that whoever shares the file follows."""
    ground.put(row, "users", "subscriptions", "analytics")


def test_scenario_5_of_one_who_believes_json_and_one_in_db_only_both_increments_count(
    ground: Ground, points: Points
) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    stop = points.stop(before(TO_JSON))
    late = Thread(acts.count, 1, 1)
    stop.reached()
    _in_files_of_their_own(ground, DUAL_DATABASE)
    ground.move(DB_ONLY)
    ground.records.update(1, acts.count_up)
    stop.go_on()
    late.result()
    assert acts.total(1) == ground.in_database(1).total_requests == 2
    assert ground.in_json(1).total_requests == 0
    assert acts.stores_agree() == {1: 2}


@pytest.mark.parametrize("row", [DUAL_JSON, DISABLED], ids=str)
def test_one_who_believes_the_database_is_sent_back_to_json(ground: Ground, points: Points, row: StageRow) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    stop = points.stop(before(TO_DATABASE))
    late = Thread(acts.count, 1, 1)
    stop.reached()
    ground.move(row)
    ground.records.update(1, acts.count_up)
    stop.go_on()
    late.result()
    assert acts.total(1) == ground.in_json(1).total_requests == 2
    assert acts.stores_agree() == {1: 2}


@pytest.mark.parametrize("way", [[DUAL_JSON, DUAL_DATABASE], [DUAL_DATABASE, DUAL_JSON], [DUAL_DATABASE, DISABLED]])
def test_scenario_45_what_was_read_two_moves_ago_is_saved_only_if_nobody_changed_it(
    ground: Ground, way: list[StageRow]
) -> None:
    acts.create(1)
    acts.create(2)
    read, untouched = ground.records.get(1), ground.records.get(2)
    assert read is not None
    assert untouched is not None
    for row in way:
        ground.move(row)
    ground.records.update(1, acts.count_up)
    read.language = untouched.language = "en"
    with pytest.raises(Stale):
        ground.records.save(read)
    with pytest.raises(Stale):
        ground.records.delete(1, read.version)
    ground.records.save(untouched)
    assert (acts.total(1), ground.records.get(1).language) == (1, "ru")  # type: ignore[union-attr]
    assert ground.records.get(2).language == "en"  # type: ignore[union-attr]
    assert acts.stores_agree() == {1: 1, 2: 1}


def test_scenario_12_what_was_written_in_db_only_is_in_json_after_the_way_back(ground: Ground) -> None:
    _in_files_of_their_own(ground, DUAL_DATABASE)
    for key in (1, 2):
        acts.create(key, faceit_player_id=f"player-{key}")
    ground.move(DB_ONLY)
    ground.records.update(1, acts.count_up)
    acts.delete(2)
    acts.create(3, faceit_player_id="player-2")
    User.objects.filter(pk=3).update(language="en")
    assert ground.in_json(3) is None
    ground.move(DUAL_DATABASE)
    ground.put(DUAL_JSON, "subscriptions", "analytics", "users")
    ground.move(DISABLED, "subscriptions")
    ground.move(DISABLED)
    assert {user.pk: user.total_requests for user in ground.records.iterate()} == {1: 1, 3: 0}
    assert ground.records.get(3).language == "en"  # type: ignore[union-attr]
    assert acts.stores_agree() == {1: 1, 3: 1}


def test_scenario_34_what_was_deleted_while_disabled_does_not_come_back(ground: Ground) -> None:
    ground.move(DUAL_JSON)
    acts.create(1)
    acts.create(2)
    ground.move(DISABLED)
    acts.delete(1)
    assert ground.in_database(1) is not None
    ground.move(DUAL_JSON)
    ground.records.update(2, acts.count_up)
    assert ground.records.get(1) is None
    assert acts.stores_agree() == {2: 1}
    ground.move(DUAL_DATABASE)
    assert ground.records.get(1) is None


def test_scenario_35_a_change_while_disabled_after_an_earlier_db_only_wins(ground: Ground) -> None:
    acts.create(1)
    _in_files_of_their_own(ground, DUAL_DATABASE)
    ground.move(DB_ONLY)
    User.objects.filter(pk=1).update(language="db")
    ground.move(DUAL_DATABASE)
    ground.move(DUAL_JSON, "subscriptions")
    ground.move(DISABLED)
    ground.records.update(1, _in_json)
    for row in STAGES[1:3]:
        ground.move(row)
    assert ground.records.get(1).language == "json"  # type: ignore[union-attr]
    assert acts.stores_agree() == {1: 2}


def _in_json(user: User) -> None:
    assert user.language == "db"
    user.language = "json"
