"""A list of ours is edited, or only formatted anew: its elements have the positions that the file showed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from legacy_json import taking
from tests.legacy_json.apart import FILES, Apart, taken
from tests.legacy_json.ours import MESSAGES

NAME = "conversations/10.json"
CHATS = "conversations/*.json"


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    """A list of six."""
    made = taken(tmp_path, dict(FILES) | {NAME: [{"text": str(number)} for number in range(6)]})
    made.confirm_all()
    yield made
    made.check()
    made.index.close()


def key(position: int) -> str:
    return f"10:{position:010d}"


def edit(ours: Apart, change: Callable[[Any], object] = lambda content: None) -> None:
    """However little is changed, the file is formatted otherwise."""
    content = ours.content(NAME)
    change(content)
    (ours.root / NAME).write_text(json.dumps(content, indent=7))


def flush(ours: Apart) -> None:
    ours.renderer().flush(edits=True)


@pytest.mark.parametrize("gone", [[2], [0], [5], [0, 2, 3], [1, 5]])
def test_a_list_with_holes_that_is_formatted_anew_is_no_conflict(ours: Apart, gone: list[int]) -> None:
    for position in gone:
        ours.delete(MESSAGES, key(position))
    ours.render()
    edit(ours)
    flush(ours)
    assert ours.kinds() == []


@pytest.mark.parametrize("gone", [[2], [0], [5], [0, 1, 2, 3]])
def test_what_we_deleted_since_the_file_showed_it_moves_nobody(ours: Apart, gone: list[int]) -> None:
    edit(ours)
    for position in gone:
        ours.delete(MESSAGES, key(position))
    flush(ours)
    assert ours.kinds() == []
    assert len(ours.content(NAME)) == 6 - len(gone)


def test_what_we_wrote_since_the_file_showed_it_moves_nobody(ours: Apart) -> None:
    ours.delete(MESSAGES, key(2))
    ours.render()
    edit(ours)
    for position in (0, 1, 3, 4, 5):
        ours.replace(MESSAGES, key(position), text="ours")
    ours.append(MESSAGES, "10", text="new")
    flush(ours)
    assert ours.kinds() == []


def test_an_edit_behind_a_hole_is_the_only_conflict(ours: Apart) -> None:
    ours.delete(MESSAGES, key(2))
    ours.render()
    edit(ours, lambda said: said[3].update(text="theirs"))
    flush(ours)
    assert ours.kinds() == [("conversations", key(4), "changed")]


def test_an_element_added_behind_a_hole_is_the_only_conflict_and_can_be_taken(ours: Apart) -> None:
    ours.delete(MESSAGES, key(2))
    ours.render()
    edit(ours, lambda said: said.append({"text": "theirs"}))
    flush(ours)
    assert ours.kinds() == [("conversations", key(6), "added")]
    ours.settle(ours.conflicts()[0], take=True)
    ours.render()
    assert [each["text"] for each in ours.content(NAME)] == ["0", "1", "3", "4", "5", "theirs"]


def test_a_front_that_somebody_trims_of_a_list_with_a_hole_is_missing_and_nothing_else(ours: Apart) -> None:
    ours.delete(MESSAGES, key(2))
    ours.render()
    edit(ours, lambda said: said.pop(0))
    flush(ours)
    assert ours.kinds() == [("conversations", key(0), "missing")]


def test_the_bot_that_gets_a_list_with_a_hole_back_changes_only_what_it_writes(ours: Apart) -> None:
    ours.delete(MESSAGES, key(2))
    ours.render()
    ours.give_back(CHATS)
    ours.confirm_all()
    edit(ours, lambda said: said.append({"text": "the bot's"}))
    ours.age()
    ours.read()
    assert ours.pending(MESSAGES) == {key(6): 0}
    taking.take(ours.index, ours.root, ours.source(CHATS), datetime.now(UTC))
    assert [ours.live(MESSAGES)[key(position)]["text"] for position in (0, 1, 3, 6)] == ["0", "1", "3", "the bot's"]
