"""What every store keeps, whatever it is made of: single records, their order, and keys that are reserved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from legacy_json.errors import AlreadyThere, KeyReserved, NotThere, Pruned, Stale
from tests.migration_control.stores.worlds import World, counted, values, version

# One record


def test_what_was_created_can_be_read(world: World) -> None:
    made = world.put(1)
    found = world.get(1)
    assert found is not None
    assert found is not made
    assert values(found) == values(made)
    assert found.version == made.version >= 0


def test_a_record_that_is_not_there_is_none(world: World) -> None:
    assert world.get(1) is None


def test_get_many_gives_those_that_are_there(world: World) -> None:
    world.put(1)
    world.put(3)
    assert set(world.store.get_many([world.key(n) for n in (1, 2, 3)])) == {world.key(1), world.key(3)}
    assert world.store.get_many([]) == {}


def test_what_is_done_to_an_instance_counts_once_it_is_saved(world: World) -> None:
    record = world.put(1)
    world.kind.count_up(record)
    assert counted(world, 1) == 0
    world.store.save(record)
    assert counted(world, 1) == 1


def test_creating_a_live_record_is_refused(world: World) -> None:
    first = world.put(1)
    other = world.make(1)
    world.kind.count_up(other)
    with pytest.raises(AlreadyThere, match="exists already"):
        world.store.create(other)
    assert values(world.store.get(first.key)) == values(first)


def test_each_save_raises_the_version_and_the_instance_carries_it(world: World) -> None:
    record = world.put(1)
    seen = [record.version]
    for _ in range(3):
        world.kind.count_up(record)
        assert world.store.save(record) is record
        seen.append(record.version)
    assert seen == sorted(set(seen))
    assert version(world, 1) == record.version


def test_a_save_of_what_was_read_before_another_change_is_refused(world: World) -> None:
    world.put(1)
    stale, fresh = world.get(1), world.get(1)
    world.kind.count_up(fresh)
    world.store.save(fresh)
    read_at = stale.version
    with pytest.raises(Stale, match=rf"read at version {read_at} and is at {fresh.version} now.*update\(\)"):
        world.store.save(stale)
    assert stale.version == read_at
    assert counted(world, 1) == 1


def test_a_save_of_a_deleted_record_is_refused(world: World) -> None:
    record = world.put(1)
    world.store.delete(record.key)
    with pytest.raises(NotThere):
        world.store.save(record)
    assert world.store.get(record.key) is None


def test_a_save_of_a_record_deleted_and_created_again_is_refused(world: World) -> None:
    record = world.put(1)
    world.store.delete(record.key)
    world.put(1)
    with pytest.raises(Stale):
        world.store.save(record)


def test_saving_what_was_never_created_is_refused(world: World) -> None:
    with pytest.raises(NotThere):
        world.store.save(world.make(1))


def test_fields_that_the_model_does_not_know_survive(world: World) -> None:
    extra = {"theme": "dark", "nested": {"list": [1, 1.5, None, "\0", "\ud800"]}}
    world.put(1, extra=extra)
    world.store.update(world.key(1), world.kind.count_up)
    assert world.get(1).extra == extra


def test_fields_that_follow_from_the_key_cannot_be_anything_else(world: World) -> None:
    if not world.store.component.derived:
        return
    expected = world.store.component.derived(world.key(1))
    record = world.put(1)
    for name in expected:
        setattr(record, name, 0)
    world.store.save(record)

    def change(found: Any) -> None:
        for name in expected:
            setattr(found, name, 0)

    world.store.update(record.key, change)
    found = world.get(1)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.version == record.version


# Deleting


def test_a_deleted_record_is_gone(world: World) -> None:
    world.put(1)
    world.store.delete(world.key(1))
    assert world.get(1) is None
    assert world.store.get_many([world.key(1)]) == {}
    assert list(world.store.iterate()) == []
    assert world.store.count() == 0


def test_a_record_created_again_is_newer_than_its_tombstone(world: World) -> None:
    first = world.put(1)
    world.kind.count_up(first)
    last = world.store.save(first).version
    world.store.delete(first.key)
    assert world.put(1).version > last + 1  # the tombstone is a version too
    assert counted(world, 1) == 0


def test_deleting_what_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(NotThere):
        world.store.delete(world.key(1))
    world.put(1)
    world.store.delete(world.key(1))
    with pytest.raises(NotThere):
        world.store.delete(world.key(1), version=0)


def test_a_delete_of_one_version_leaves_a_later_one(world: World) -> None:
    record = world.put(1)
    read_at = record.version
    world.kind.count_up(record)
    world.store.save(record)
    with pytest.raises(Stale):
        world.store.delete(record.key, version=read_at)
    assert counted(world, 1) == 1
    world.store.delete(record.key, version=record.version)
    assert world.store.count() == 0


# Iterating


def test_iteration_is_in_key_order_a_page_at_a_time(world: World) -> None:
    keys = world.put_many(7)
    for page in (1, 2, 7, 100):
        assert [record.key for record in world.store.iterate(page=page)] == keys
        assert [record.key for record in world.store.iterate(page=page, backwards=True)] == keys[::-1]


def test_iteration_goes_on_after_a_key_and_stays_within_bounds(world: World) -> None:
    keys = world.put_many(7)

    def numbers(**options: Any) -> list[int]:
        return [keys.index(record.key) for record in world.store.iterate(page=2, **options)]

    assert numbers(after=keys[4]) == [5, 6]
    assert numbers(after=keys[4], backwards=True) == [3, 2, 1, 0]
    assert numbers(low=keys[2], high=keys[5]) == [2, 3, 4]
    assert numbers(low=keys[2], high=keys[5], after=keys[3]) == [4]
    assert numbers(low=keys[2], high=keys[5], after=keys[3], backwards=True) == [2]
    assert numbers(high=world.key(-1)) == []


def test_iteration_meets_what_is_written_meanwhile(world: World) -> None:
    keys = world.put_many(6)
    seen = []
    for record in world.store.iterate(page=2):
        seen.append(record.key)
        if record.key == keys[0]:
            world.store.delete(keys[4])
            world.store.update(keys[0], world.kind.count_up)
            world.put(9)
    assert seen == [*keys[:4], keys[5], world.key(9)]


def test_records_are_counted(world: World) -> None:
    assert world.store.count() == 0
    world.put_many(3)
    assert world.store.count() == 3


# Quarantine


def test_the_key_of_a_quarantined_document_is_reserved(world: World) -> None:
    world.put(1)
    world.quarantine(2)
    for act in (
        lambda: world.put(2),
        lambda: world.get(2),
        lambda: world.store.save(world.make(2)),
        lambda: world.store.delete(world.key(2)),
        lambda: world.store.get_many([world.key(1), world.key(2)]),
        lambda: world.store.update_many([world.key(2)], lambda changes: changes.create(world.make(2))),
    ):
        with pytest.raises(KeyReserved, match="it cannot be held"):
            act()
    assert [record.key for record in world.store.iterate()] == [world.key(1)]
    assert world.store.count() == 1


# Retention


def test_nothing_is_created_below_the_floor(world: World) -> None:
    world.put(5)
    world.raise_floor(3)
    acts: list[Callable[[], object]] = [
        lambda: world.put(2),
        lambda: world.store.append(world.make(2)),
        lambda: world.store.update_many([world.key(2)], lambda changes: changes.create(world.make(2))),
    ]
    for act in acts:
        with pytest.raises(Pruned, match="where everything was pruned"):
            act()
    assert world.get(2) is None
    world.put(3)
    world.store.update(world.key(5), world.kind.count_up)
    assert [record.key for record in world.store.iterate()] == [world.key(3), world.key(5)]
