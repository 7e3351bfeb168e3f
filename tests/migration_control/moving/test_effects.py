"""An effect takes place once, whichever store takes it, and wherever its component was moved in between."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from legacy_json import effects as in_index
from legacy_json.effects import Effect
from legacy_json.errors import NotTheAuthority
from migration_control import components, effects, pairing
from migration_control.mirroring import draining_to_database, draining_to_json, inline, to_json
from migration_control.models import AppliedEffect
from migration_control.stages import StageRow
from migration_control.stores.database import DatabaseStore
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

ONCE = "charge:abc"


def count_up(user: User) -> None:
    user.total_requests += 1


def put(ground: Ground, stage: StageRow) -> None:
    if stage is DB_ONLY:
        ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(stage)


WAYS = [
    pytest.param(first, second, id=f"{first.stage} {first.reads} to {second.stage} {second.reads}")
    for first in (DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY)
    for second in (DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY)
    if first is not second
]


def back_to_json(ground: Ground, stage: StageRow) -> None:
    """Children and whoever shares the files go first."""
    if stage.mirrored or stage is DISABLED:
        ground.move(DUAL_DATABASE, "users")
        for name in ("subscriptions", "analytics"):
            ground.move(DISABLED, name)


@pytest.mark.parametrize(("first", "second"), WAYS)
def test_a_move_in_between_lets_no_effect_repeat(ground: Ground, first: StageRow, second: StageRow) -> None:
    put(ground, first)
    for number in (1, 2, 3):
        ground.records.create(User(user_id=number))
    ground.records.update(1, count_up, once=ONCE)
    ground.records.update(2, lambda user: None, once=ONCE)  # which makes no version
    ground.records.update(3, count_up, once=ONCE)
    ground.records.delete(3)
    if first is DB_ONLY:
        back_to_json(ground, second)
    put(ground, second)
    ground.records.create(User(user_id=3))
    for number in (1, 2, 3):
        ground.records.update(number, count_up, once=ONCE)
    found = ground.records.get_many([1, 2, 3])
    assert {key: user.total_requests for key, user in found.items()} == {1: 1, 2: 0, 3: 0}


def test_an_effect_that_comes_while_a_move_is_about_to_end_goes_along(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remainder alone has it: the drain before was done."""
    ground.records.create(User(user_id=1))
    drained = draining_to_database.drain
    calls: list[int] = []

    def drain_and_go_on(*args: object) -> object:
        done = drained(*args)  # type: ignore[arg-type]
        calls.append(1)
        ground.records.update(1, lambda user: None, once=ONCE)
        return done

    monkeypatch.setattr(draining_to_database, "drain", drain_and_go_on)
    ground.move(DUAL_DATABASE)
    assert calls
    assert ground.records.update(1, count_up, once=ONCE).total_requests == 0


def test_so_it_is_on_the_way_back(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.records.create(User(user_id=1))
    ground.move(DUAL_DATABASE)
    drained = draining_to_json.drain

    def drain_and_go_on(*args: object) -> object:
        done = drained(*args)  # type: ignore[arg-type]
        ground.records.update(1, lambda user: None, once=ONCE)
        return done

    monkeypatch.setattr(draining_to_json, "drain", drain_and_go_on)
    ground.move(DUAL_JSON)
    assert ground.records.update(1, count_up, once=ONCE).total_requests == 0


def test_a_copy_of_one_write_brings_its_effect_along(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    ground.move(DUAL_JSON)
    ground.records.update(1, count_up, once=ONCE)
    assert ground.in_database(1).total_requests == 1
    assert AppliedEffect.objects.filter(component="users", key="1", effect=ONCE, acked=True).exists()
    ground.move(DUAL_DATABASE)
    ground.records.update(1, count_up, once="charge:abd")
    assert ground.in_json(1).total_requests == 2
    assert known_to_json(ground) == {ONCE, "charge:abd"}


def known_to_json(ground: Ground) -> set[str]:
    rows = ground.index.connection().execute("SELECT effect FROM applied WHERE component = 'users' AND key = 1")
    return {name for (name,) in rows}


def test_a_later_write_brings_the_effect_that_an_earlier_one_could_not(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else JSON, promoted in this moment, would have what the effect did, and not that it took place."""
    ground.records.create(User(user_id=1))
    ground.move(DUAL_DATABASE)
    with monkeypatch.context() as patch:
        patch.setattr(to_json, "apply", fail)
        ground.records.update(1, count_up, once=ONCE)
    assert known_to_json(ground) == set()
    ground.records.update(1, count_up)
    assert (ground.in_json(1).total_requests, known_to_json(ground)) == (2, {ONCE})


def fail(*args: object) -> None:
    raise OSError("the disk is full")


def test_a_drain_brings_what_inline_copies_missed(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    users = ground.users
    ground.records.create(User(user_id=1))
    ground.move(DUAL_JSON)
    with monkeypatch.context() as patch:
        patch.setattr(inline, "mirror", unreachable)
        ground.records.update(1, count_up, once=ONCE)
    ground.records.update(1, count_up)  # which reaches the database
    assert not AppliedEffect.objects.exists()
    draining_to_database.drain(users, ground.index)
    assert AppliedEffect.objects.filter(effect=ONCE, acked=True).count() == 1
    assert in_index.lacked(ground.index, "users", 9) == []
    ground.move(DUAL_DATABASE)
    ground.records.update(1, lambda user: None, once="charge:abd")
    draining_to_json.drain(users, ground.index)
    assert known_to_json(ground) == {ONCE, "charge:abd"}
    assert effects.lacked(users, 9) == []


def unreachable(*args: object) -> None:
    raise OperationalError("the server is away")


def test_the_database_takes_no_effect_while_json_is_the_authority(ground: Ground) -> None:
    """Nor one that changes nothing, of which no trigger knows."""
    ground.records.create(User(user_id=1))
    ground.move(DUAL_JSON)
    users: DatabaseStore[User] = DatabaseStore(components.get("users"))
    with pytest.raises(NotTheAuthority):
        users.update(1, lambda user: None, once=ONCE)
    assert not AppliedEffect.objects.exists()


def test_an_effect_of_a_transaction_that_is_rolled_back_may_be_tried_again(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    ground.move(DUAL_DATABASE)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ground.records.update(1, count_up, once=ONCE)
        raise ZeroDivisionError
    assert not connection.in_atomic_block
    assert ground.records.update(1, count_up, once=ONCE).total_requests == 1


def test_an_index_that_was_made_anew_learns_what_took_place_from_the_database(ground: Ground) -> None:
    ground.records.create(User(user_id=1))
    ground.move(DUAL_JSON)
    ground.records.update(1, count_up, once=ONCE)
    draining_to_database.drain(ground.users, ground.index)
    with ground.index.write() as (connected, _):
        connected.execute("DELETE FROM applied")
        in_index.note(connected, "users", Effect(1, "charge:abd", 7))
    pairing.pair(ground.users, ground.index)
    assert ground.records.update(1, count_up, once=ONCE).total_requests == 1
    assert [effect.name for effect in in_index.lacked(ground.index, "users", 9)] == ["charge:abd"]


def test_effects_are_read_page_by_page_each_of_them_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [Effect(key, name, 7) for name in ("a", "b") for key in (1, 2, 10)]
    effects.insert("users", taken, acked=True)
    effects.insert("subscriptions", taken, acked=True)
    monkeypatch.setattr(effects, "PAGE", 2)
    pages = list(effects.everything(ground.users))
    assert [len(page) for page in pages] == [2, 2, 2]
    assert sorted(effect for page in pages for effect in page) == sorted(taken)
