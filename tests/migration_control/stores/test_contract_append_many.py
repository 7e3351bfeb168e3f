"""What every store keeps of several records that are appended to a list in one commit."""

from __future__ import annotations

from typing import Any

import pytest

from conversations.models import Message
from legacy_json.errors import Pruned
from tests.migration_control.stores.worlds import World, in_threads

ONCE, STEM = "events:abc", "77"


def append(world: World, texts: str, once: str | None = None, stem: str = STEM) -> list[Any]:
    return world.store.append_many([Message(text=text) for text in texts], stem=stem, once=once)


def said(world: World) -> list[tuple[int, int, str]]:
    return [(record.chat_id, record.position, record.text) for record in world.store.iterate()]


def test_they_follow_one_another_at_the_end_of_the_list(list_world: World) -> None:
    list_world.store.append(Message(text="a"), stem=STEM)
    made = append(list_world, "bc")
    assert [(record.key, record.version) for record in made] == [(f"{STEM}:{n:010d}", 0) for n in (1, 2)]
    append(list_world, "d", stem="78")
    assert said(list_world) == [(77, 0, "a"), (77, 1, "b"), (77, 2, "c"), (78, 0, "d")]


def test_none_is_nothing(list_world: World) -> None:
    assert append(list_world, "", once=ONCE) == []
    assert [record.text for record in append(list_world, "a", once=ONCE)] == ["a"]


def test_appended_twice_under_one_key_they_are_there_once(list_world: World) -> None:
    first = append(list_world, "ab", once=ONCE)
    append(list_world, "c")
    assert append(list_world, "ab", once=ONCE) == []
    for record in first:
        list_world.store.delete(record.key)
    assert append(list_world, "ab", once=ONCE) == []
    assert said(list_world) == [(77, 2, "c")]
    assert [record.key for record in append(list_world, "d", once="events:abd")] == [f"{STEM}:0000000003"]


def test_a_key_of_one_is_not_that_of_several_elsewhere(list_world: World) -> None:
    append(list_world, "ab", once=ONCE)
    assert [record.key for record in append(list_world, "c", once=ONCE, stem="7")] == ["7:0000000000"]


def test_below_the_floor_none_of_them_is_written(list_world: World) -> None:
    list_world.raise_floor(5)
    stem = str(list_world.key(0)).rpartition(":")[0]
    with pytest.raises(Pruned):
        append(list_world, "abcdefg", once=ONCE, stem=stem)
    assert said(list_world) == []
    list_world.quarantine(5)
    assert [record.text for record in append(list_world, "a", once=ONCE, stem=stem)] == ["a"]


def test_appended_at_once_they_stay_together(list_world: World) -> None:
    letters = "abcdefghij"
    assert in_threads(20, lambda n: append(list_world, letters[n // 2] * 5, once=f"events:{n // 2}")) == []
    found = said(list_world)
    assert [position for _, position, _ in found] == list(range(50))
    groups = ["".join(text for _, _, text in found[n : n + 5]) for n in range(0, 50, 5)]
    assert sorted(groups) == [letter * 5 for letter in letters]
