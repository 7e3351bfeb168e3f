"""What every store keeps of effects with an idempotency key."""

from __future__ import annotations

from typing import Any

import pytest

from legacy_json.effects import BadEffect
from legacy_json.errors import NotThere
from migration_control.stores.changes import Changes
from tests.migration_control.stores.worlds import World, counted, in_threads, version

ONCE = "charge:abc"


def test_an_effect_with_a_key_takes_place_once(world: World) -> None:
    made = world.put(1)
    first = world.store.update(made.key, world.kind.count_up, once=ONCE)
    again = world.store.update(made.key, world.kind.count_up, once=ONCE)
    assert counted(world, 1) == world.kind.counted(first) == world.kind.counted(again) == 1
    assert first.version == again.version == version(world, 1)
    world.store.update(made.key, world.kind.count_up, once="charge:abd")
    assert counted(world, 1) == 2


def test_the_same_key_is_another_effect_for_another_record(world: World) -> None:
    for key in world.put_many(2):
        world.store.update(key, world.kind.count_up, once=ONCE)
    assert [counted(world, 0), counted(world, 1)] == [1, 1]


def test_an_effect_that_changed_nothing_took_place_too(world: World) -> None:
    made = world.put(1)
    world.store.update(made.key, lambda record: None, once=ONCE)
    assert world.store.update(made.key, world.kind.count_up, once=ONCE).version == made.version
    assert counted(world, 1) == 0


def test_an_effect_outlives_its_record(world: World) -> None:
    made = world.put(1)
    world.store.update(made.key, world.kind.count_up, once=ONCE)
    world.store.delete(made.key)
    with pytest.raises(NotThere):
        world.store.update(made.key, world.kind.count_up, once=ONCE)
    world.put(1)
    world.store.update(made.key, world.kind.count_up, once=ONCE)
    assert counted(world, 1) == 0


def test_an_effect_that_failed_may_be_tried_again(world: World) -> None:
    made = world.put(1)

    def fail(record: Any) -> None:
        world.kind.count_up(record)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.store.update(made.key, fail, once=ONCE)
    with pytest.raises(NotThere):
        world.store.update(world.key(2), world.kind.count_up, once=ONCE)
    world.store.update(made.key, world.kind.count_up, once=ONCE)
    assert counted(world, 1) == 1


def test_an_effect_on_several_records_is_kept_with_the_one_named_first(world: World) -> None:
    keys = [world.key(number) for number in (2, 0, 1)]
    world.put_many(2)

    def change(changes: Changes[Any]) -> str:
        for record in changes.records:
            world.kind.count_up(record)
        return "done"

    assert world.store.update_many(keys, change, once=ONCE) == "done"
    assert world.store.update_many(keys, change, once=ONCE) is None
    assert [counted(world, 0), counted(world, 1)] == [1, 1]
    world.store.update_many(keys[1:], change, once=ONCE)
    assert [counted(world, 0), counted(world, 1)] == [2, 2]


def test_of_fifty_callers_of_one_effect_one_takes_place(world: World) -> None:
    world.put(1)
    assert in_threads(50, lambda n: world.store.update(world.key(1), world.kind.count_up, once=ONCE)) == []
    assert counted(world, 1) == 1


def test_what_is_no_key_of_an_effect_is_refused(world: World) -> None:
    made = world.put(1)
    for bad in ("", "a\0b", "\ud800", "a\nb", "x" * 201):
        with pytest.raises(BadEffect):
            world.store.update(made.key, world.kind.count_up, once=bad)
    with pytest.raises(BadEffect, match="no record"):
        world.store.update_many([], lambda changes: None, once=ONCE)
    assert counted(world, 1) == 0
