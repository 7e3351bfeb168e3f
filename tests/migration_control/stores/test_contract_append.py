"""What every store keeps of records that are appended, and of lists whose elements have no key of their own."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.models import Message
from legacy_json.errors import AlreadyThere, NotThere
from tests.migration_control.stores.worlds import World, counted, in_threads

ONCE, STEM = "event:abc", "77"


def test_what_is_appended_twice_under_one_key_is_there_once(world: World) -> None:
    first = world.store.append(world.make(1), once=ONCE)
    world.store.update(first.key, world.kind.count_up)
    again = world.store.append(world.make(1), once=ONCE)
    assert (again.key, world.kind.counted(again), counted(world, 1), world.store.count()) == (first.key, 1, 1, 1)


def test_appending_a_key_that_is_there_is_refused(world: World) -> None:
    world.put(1)
    for once in (None, ONCE):
        with pytest.raises(AlreadyThere):
            world.store.append(world.make(1), once=once)
    world.store.append(world.make(2), once=ONCE)
    assert world.store.count() == 2


def test_what_was_appended_and_deleted_does_not_come_back(world: World) -> None:
    world.store.append(world.make(1), once=ONCE)
    world.store.delete(world.key(1))
    with pytest.raises(NotThere):
        world.store.append(world.make(1), once=ONCE)
    assert world.store.count() == 0


def append(world: World, text: str, once: str | None = None, stem: str = STEM) -> Any:
    return world.store.append(Message(text=text), stem=stem, once=once)


def test_elements_of_a_list_are_given_the_keys_that_follow(list_world: World) -> None:
    keys = [append(list_world, text).key for text in "abc"]
    assert keys == [f"{STEM}:{position:010d}" for position in range(3)]
    assert append(list_world, "other", stem="7").key == "7:0000000000"
    found = list(list_world.store.iterate(low=f"{STEM}:", high=f"{STEM}:~"))
    assert [(record.text, record.chat_id, record.position) for record in found] == [
        ("a", 77, 0),
        ("b", 77, 1),
        ("c", 77, 2),
    ]


def test_a_key_that_was_ever_given_in_a_list_is_not_given_again(list_world: World) -> None:
    append(list_world, "a")
    last = append(list_world, "b")
    list_world.store.delete(last.key)
    assert append(list_world, "c").key == f"{STEM}:0000000002"


def test_an_element_appended_twice_under_one_key_has_its_first_place(list_world: World) -> None:
    first = append(list_world, "a", once=ONCE)
    append(list_world, "b")
    again = append(list_world, "a", once=ONCE)
    assert (again.key, again.text, list_world.store.count()) == (first.key, "a", 2)
    assert append(list_world, "a", once=ONCE, stem="78").key == "78:0000000000"
    list_world.store.delete(first.key)
    with pytest.raises(NotThere):
        append(list_world, "a", once=ONCE)


def test_a_key_in_quarantine_is_passed_over(list_world: World) -> None:
    quarantined = list_world.key(5)
    list_world.quarantine(5)
    stem = str(quarantined).rpartition(":")[0]
    assert append(list_world, "a", stem=stem).key == list_world.key(6)


def test_appended_at_once_each_has_its_own_place(list_world: World) -> None:
    assert in_threads(30, lambda n: append(list_world, str(n), once=f"message:{n % 15}")) == []
    found = list(list_world.store.iterate())
    assert [record.key for record in found] == [f"{STEM}:{position:010d}" for position in range(15)]
    assert len({int(record.text) % 15 for record in found}) == 15
