"""What every store keeps of unique values and of other lookups."""

from __future__ import annotations

from typing import Any

import pytest

from legacy_json.errors import NotALookup, ValueTaken
from migration_control.stores.changes import Changes
from tests.migration_control.stores.worlds import World, counted, in_threads


def test_a_record_is_found_by_its_unique_value(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    world.store.create(world.with_value(2, "xyz"))
    assert [record.key for record in world.store.find(world.unique, "abc")] == [world.key(1)]
    assert world.store.find(world.unique, "ab") == []


def test_a_value_that_moved_finds_its_present_holder(unique_world: World) -> None:
    world = unique_world
    first = world.store.create(world.with_value(1, "abc"))
    setattr(first, world.unique, None)
    world.store.save(first)
    assert world.store.find(world.unique, "abc") == []
    world.store.create(world.with_value(2, "abc"))
    assert [record.key for record in world.store.find(world.unique, "abc")] == [world.key(2)]
    world.store.delete(world.key(2))
    assert world.store.find(world.unique, "abc") == []


def test_any_number_of_records_have_no_value(unique_world: World) -> None:
    world = unique_world
    for number, value in enumerate([None, None, "", ""]):
        world.store.create(world.with_value(number, value))
    assert world.store.find(world.unique, None) == world.store.find(world.unique, "") == []


def test_a_second_holder_of_a_unique_value_is_refused_and_told_whose_it_is(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    with pytest.raises(ValueTaken) as caught:
        world.store.create(world.with_value(2, "abc"))
    assert (caught.value.key, caught.value.name, caught.value.holder) == (world.key(2), world.unique, world.key(1))
    assert world.store.count() == 1


def test_nothing_of_a_commit_is_applied_that_would_give_a_value_a_second_holder(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    world.put(2)
    world.put(3)

    def change(changes: Changes[Any]) -> None:
        world.kind.count_up(changes[world.key(2)])
        setattr(changes[world.key(3)], world.unique, "abc")
        changes.create(world.make(4))

    with pytest.raises(ValueTaken):
        world.store.update_many([world.key(n) for n in (2, 3, 4)], change)
    assert counted(world, 2) == 0
    assert world.get(4) is None
    assert world.value_of(3) is None


def test_a_save_that_takes_anothers_value_is_refused(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    record = world.put(2)
    setattr(record, world.unique, "abc")
    with pytest.raises(ValueTaken):
        world.store.save(record)
    assert world.value_of(2) is None


def test_two_records_swap_their_values_in_one_commit(unique_world: World) -> None:
    world = unique_world
    for number, value in ((1, "abc"), (2, "xyz")):
        world.store.create(world.with_value(number, value))

    def swap(changes: Changes[Any]) -> None:
        one, other = changes.records
        held = getattr(one, world.unique)
        setattr(one, world.unique, getattr(other, world.unique))
        setattr(other, world.unique, held)

    world.store.update_many([world.key(1), world.key(2)], swap)
    assert (world.value_of(1), world.value_of(2)) == ("xyz", "abc")
    assert [record.key for record in world.store.find(world.unique, "abc")] == [world.key(2)]


def test_a_value_passes_to_a_created_record_in_one_commit(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))

    def hand_over(changes: Changes[Any]) -> None:
        setattr(changes[world.key(1)], world.unique, "def")
        changes.create(world.with_value(0, "abc"))

    world.store.update_many([world.key(0), world.key(1)], hand_over)
    assert (world.value_of(0), world.value_of(1)) == ("abc", "def")


def test_a_value_passes_from_a_deleted_record_in_one_commit(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(2, "abc"))
    world.put(1)

    def inherit(changes: Changes[Any]) -> None:
        setattr(changes[world.key(1)], world.unique, "abc")
        changes.delete(world.key(2))

    world.store.update_many([world.key(1), world.key(2)], inherit)
    assert world.value_of(1) == "abc"
    assert world.store.count() == 1


def test_of_many_who_take_one_value_one_does(unique_world: World) -> None:
    world = unique_world
    refused = in_threads(10, lambda n: world.store.create(world.with_value(n, "abc")))
    assert [type(error) for error in refused] == [ValueTaken] * 9
    assert world.store.count() == 1


def test_a_marked_duplicate_keeps_its_value_and_disputes_nobodys(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    world.put_marked(2, "abc")
    assert [record.key for record in world.store.find(world.unique, "abc")] == [world.key(1), world.key(2)]
    for number in (1, 2):
        record = world.get(number)
        world.kind.count_up(record)
        world.store.save(record)
        assert world.store.update(record.key, world.kind.count_up).duplicate == (number == 2)
    assert [world.get(number).duplicate for number in (1, 2)] == [False, True]


def test_a_marked_duplicate_that_is_given_a_value_of_its_own_loses_the_mark(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    world.put_marked(2, "abc")
    record = world.get(2)
    setattr(record, world.unique, "xyz")
    assert not world.store.save(record).duplicate
    assert not world.get(2).duplicate
    with pytest.raises(ValueTaken):
        world.store.create(world.with_value(3, "xyz"))


def test_a_marked_duplicate_may_not_take_a_third_ones_value(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    world.store.create(world.with_value(3, "xyz"))
    world.put_marked(2, "abc")
    with pytest.raises(ValueTaken):
        world.store.update(world.key(2), lambda record: setattr(record, world.unique, "xyz"))
    assert (world.get(2).duplicate, world.value_of(2)) == (True, "abc")


def test_nobody_marks_a_record_to_get_anothers_value(unique_world: World) -> None:
    world = unique_world
    world.store.create(world.with_value(1, "abc"))
    double = world.with_value(2, "abc")
    double.duplicate = True
    with pytest.raises(ValueTaken):
        world.store.create(double)


def test_records_are_found_by_a_plain_lookup_in_key_order(looked_up_world: World) -> None:
    world, name = looked_up_world, looked_up_world.kind.lookup
    one, other = world.kind.looked_up
    for number, value in ((2, one), (1, one), (3, other), (4, None)):
        world.put(number, **{name: value})

    def found(value: object) -> list[object]:
        return [record.key for record in world.store.find(name, value)]

    assert found(one) == [world.key(1), world.key(2)]
    world.store.update(world.key(1), lambda record: setattr(record, name, other))
    world.store.delete(world.key(2))
    assert (found(one), found(other), found(None)) == ([], [world.key(1), world.key(3)], [])


def test_a_field_that_is_no_lookup_is_refused_with_those_that_are(world: World) -> None:
    with pytest.raises(NotALookup, match="Declared are: "):
        world.store.find("extra", "x")
