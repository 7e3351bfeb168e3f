"""What every store keeps of changes under its lock, of one record or several in one commit."""

from __future__ import annotations

from typing import Any

import pytest

from legacy_json.errors import AlreadyThere, NotThere, Stale
from migration_control.stores.changes import Changes, KeyChanged, KeyNotNamed
from tests.migration_control.stores.worlds import World, counted, in_threads, values, version


def test_an_update_is_applied_to_what_is_there_now(world: World) -> None:
    made = world.put(1)
    written = world.store.update(made.key, world.kind.count_up)
    again = world.store.update(made.key, world.kind.count_up)
    assert made.version < written.version < again.version == version(world, 1)
    assert counted(world, 1) == world.kind.counted(again) == 2


def test_an_update_of_what_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(NotThere):
        world.store.update(world.key(1), world.kind.count_up)


def test_a_change_that_raises_leaves_nothing(world: World) -> None:
    world.put_many(2)

    def change(changes: Changes[Any]) -> None:
        world.kind.count_up(changes[world.key(0)])
        changes.delete(world.key(1))
        changes.create(world.make(2))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.store.update_many([world.key(n) for n in range(3)], change)
    assert [r.key for r in world.store.iterate()] == [world.key(0), world.key(1)]
    assert counted(world, 0) == 0


def test_an_update_that_changes_nothing_keeps_the_version(world: World) -> None:
    made = world.put(1)
    assert world.store.update(made.key, lambda record: None).version == made.version
    assert version(world, 1) == made.version


def test_several_records_are_changed_created_and_deleted_in_one_commit(world: World) -> None:
    world.put_many(2)

    def change(changes: Changes[Any]) -> list[Any]:
        assert changes.get(world.key(2)) is None
        world.kind.count_up(changes[world.key(0)])
        changes.delete(world.key(1))
        created = changes.create(world.make(2))
        world.kind.count_up(created)
        return changes.records

    result = world.store.update_many([world.key(n) for n in (2, 0, 1)], change)
    assert [record.key for record in result] == [world.key(0), world.key(2)]
    assert [values(record) for record in world.store.iterate()] == [values(record) for record in result]
    assert [record.version for record in world.store.iterate()] == [record.version for record in result]


def test_a_record_deleted_and_created_in_one_commit_is_a_newer_one(world: World) -> None:
    made = world.put(1)
    world.store.update(made.key, world.kind.count_up)

    def change(changes: Changes[Any]) -> None:
        changes.delete(made.key)
        changes.create(world.make(1, extra={"new": True}))

    world.store.update_many([made.key], change)
    found = world.get(1)
    assert (found.extra, world.kind.counted(found)) == ({"new": True}, 0)
    assert found.version > made.version + 1


def test_what_was_not_named_is_not_locked_and_not_given(world: World) -> None:
    world.put_many(2)
    with pytest.raises(KeyNotNamed):
        world.store.update_many([world.key(0)], lambda changes: changes.get(world.key(1)))
    with pytest.raises(KeyNotNamed):
        world.store.update_many([world.key(0)], lambda changes: changes.create(world.make(2)))
    assert world.store.count() == 2


def test_a_change_of_the_key_is_refused(world: World) -> None:
    world.put(1)
    with pytest.raises(KeyChanged):
        world.store.update(world.key(1), lambda record: setattr(record, "pk", world.key(2)))
    assert [record.key for record in world.store.iterate()] == [world.key(1)]


def test_fifty_increments_at_once_all_count(world: World) -> None:
    world.put(1)
    assert in_threads(50, lambda n: world.store.update(world.key(1), world.kind.count_up)) == []
    assert counted(world, 1) == 50


def test_increments_of_several_records_at_once_all_count_in_whatever_order_they_are_named(world: World) -> None:
    keys = world.put_many(3)

    def count_all(changes: Changes[Any]) -> None:
        for record in changes.records:
            world.kind.count_up(record)

    def act(number: int) -> None:
        named = keys if number % 2 else keys[::-1]
        world.store.update_many(named, count_all)

    assert in_threads(20, act) == []
    assert [counted(world, number) for number in range(3)] == [20] * 3


def test_of_many_who_create_one_record_one_does(world: World) -> None:
    refused = in_threads(10, lambda n: world.put(1))
    assert [type(error) for error in refused] == [AlreadyThere] * 9
    assert world.store.count() == 1


def test_many_who_create_or_change_one_record_all_count(world: World) -> None:
    def change(changes: Changes[Any]) -> None:
        world.kind.count_up(changes.get(world.key(1)) or changes.create(world.make(1)))

    assert in_threads(10, lambda n: world.store.update_many([world.key(1)], change)) == []
    assert counted(world, 1) == 10


def test_of_many_who_save_what_they_read_one_does(world: World) -> None:
    world.put(1)
    read = [world.get(1) for _ in range(10)]
    for record in read:
        world.kind.count_up(record)
    refused = in_threads(10, lambda number: world.store.save(read[number]))
    assert [type(error) for error in refused] == [Stale] * 9
    assert counted(world, 1) == 1
