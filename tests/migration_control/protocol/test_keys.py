"""Keys that come again: deleted and created, imported twice, or set apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import models, transaction

from accounts.models import User
from legacy_json.errors import KeyReserved
from legacy_json.records import State
from migration_control import components
from migration_control.copying import AuthorityMoved
from migration_control.mirroring import draining_to_database, parking
from migration_control.models import Change, Parked, Run
from migration_control.moving.errors import MoveRefused
from migration_control.stages import StageRow
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol import acts
from tests.migration_control.protocol.acts import Thread
from tests.migration_control.protocol.sessions import until_somebody_waits
from tests.migration_control.world import Bot, user


def test_scenario_43_one_created_at_once_behind_a_delete_is_newer_than_its_tombstone(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    acts.count(1, 1)
    with transaction.atomic():
        acts.delete(1)
        creating = Thread(acts.create, 1)
        until_somebody_waits()
    creating.result()
    assert ground.in_database(1).version == 3
    assert not Change.objects.get(component="users", key="1").deleted
    assert ground.in_json(1).version == 3
    assert acts.stores_agree() == {1: 3}


@pytest.mark.parametrize("row", [DUAL_JSON, DUAL_DATABASE], ids=["JSON", "database"])
def test_scenario_2_delete_and_create_again_over_and_over(ground: Ground, row: StageRow) -> None:
    ground.move(row)
    for turn in range(3):
        acts.create(1, total_requests=turn)
        acts.delete(1)
    acts.create(1, total_requests=9)
    assert ground.in_database(1).total_requests == ground.in_json(1).total_requests == 9
    assert acts.stores_agree() == {1: 6}


def test_scenario_43_deleted_in_one_store_and_created_again_in_the_other(ground: Ground) -> None:
    ground.move(DUAL_DATABASE)
    acts.create(1)
    acts.delete(1)
    ground.move(DUAL_JSON)
    acts.create(1, language="en")
    ground.move(DUAL_DATABASE)
    acts.delete(1)
    acts.create(1, language="de")
    assert acts.stores_agree() == {1: 4}
    assert ground.in_json(1).language == "de"


def _set_apart(ground: Ground, key: int) -> None:
    """As the reader leaves what nobody can hold."""
    with ground.index.write() as (connection, _):
        connection.execute(
            "UPDATE record SET state = ? WHERE component = 'users' AND key = ?", (State.QUARANTINED, key)
        )
        connection.execute("DELETE FROM pending WHERE component = 'users' AND key = ?", (key,))
        connection.execute(
            "INSERT INTO finding (component, key, source, phase, outcome, code, detail)"
            " VALUES ('users', ?, 'data.json', 'reading', 'quarantined', 'poison', 'a lone surrogate')",
            (key,),
        )


def test_scenario_48_get_or_create_of_a_key_that_is_set_apart_says_so(ground: Ground) -> None:
    acts.create(1)
    _set_apart(ground, 1)
    for row in (None, DUAL_JSON):
        if row:
            ground.move(row)
        with pytest.raises(KeyReserved, match="a lone surrogate"):
            ground.records.get(1)
        with pytest.raises(KeyReserved):
            acts.create(1)
    assert ground.in_database(1) is None


def test_rule_6_a_move_is_refused_while_a_key_is_parked(ground: Ground) -> None:
    acts.create(1)
    acts.drain()
    parking.park(ground.users, 1, DUAL_DATABASE.authority, 0, "it is odd")
    Parked.objects.update(due="2100-01-01T00:00Z")
    acts.count(1, 1)
    with pytest.raises(MoveRefused, match="users: 1 key is parked"):
        ground.move(DUAL_DATABASE)
    assert ground.state().row == DUAL_JSON
    Parked.objects.update(due="2000-01-01T00:00Z")
    acts.drain()
    assert not Parked.objects.exists()
    ground.move(DUAL_DATABASE)
    assert acts.stores_agree() == {1: 1}


def test_scenario_28_no_components_key_comes_from_a_sequence() -> None:
    """So there is none that an import would have to set."""
    for component in components.declared():
        assert not isinstance(component.model._meta.pk, models.AutoField)


def test_scenario_28_the_first_insert_after_an_import_works(
    bot: Bot, run_import: Callable[..., Run], ground: Ground
) -> None:
    bot.writes(user(1), user(2))
    with ground.index.write() as (connection, _):
        connection.execute("UPDATE source SET owner = 'legacy'")
    run_import()
    with ground.index.write() as (connection, _):
        connection.execute("UPDATE source SET owner = 'switchyard'")
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(DB_ONLY)
    acts.create(3)
    acts.count(2, 1)
    assert set(User.objects.values_list("pk", flat=True)) == {1, 2, 3}
    assert acts.stores_agree().keys() == {1, 2, 3}


def test_scenario_30_an_import_run_again_leaves_newer_rows(ground: Ground) -> None:
    acts.create(1)
    acts.create(2)
    acts.drain()
    ground.move(DUAL_DATABASE)
    acts.count(1, 1)
    with ground.index.write() as (connection, _):
        connection.execute("INSERT OR REPLACE INTO pending VALUES ('users', 1, -1, 1), ('users', 2, -1, 1)")
        connection.execute("UPDATE record SET version = 0 WHERE component = 'users'")
    with pytest.raises(AuthorityMoved):
        draining_to_database.drain(ground.users, ground.index)
    assert (ground.in_database(1).version, ground.in_database(1).total_requests) == (1, 1)
