"""Unique values and lookups of what is written, and the marks of those who share one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_json.errors import (
    ValueTaken,
)
from legacy_json.records import State
from legacy_json.writing import commit
from tests.legacy_json.ours import (
    USERS,
    Ours,
    opened,
    refusal,
    taken_over,
)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    yield from opened(tmp_path)


def test_a_unique_value_belongs_to_one_record(ours: Ours) -> None:
    with pytest.raises(ValueTaken, match="belongs to 1") as refused:
        ours.create(USERS, 5, faceit_player_id="a")
    assert (refused.value.name, refused.value.holder) == ("faceit_player_id", 1)
    with pytest.raises(ValueTaken):
        ours.replace(USERS, 2, faceit_player_id="a")
    ours.replace(USERS, 1, faceit_player_id="a", n=1)  # its own
    ours.replace(USERS, 1, faceit_player_id="c")
    ours.replace(USERS, 2, faceit_player_id="a")
    ours.delete(USERS, 2)
    ours.create(USERS, 5, faceit_player_id="a")


@pytest.mark.parametrize(("one", "other"), [("7", 7), ("x\0", "x"), ("\ud800", "\udfff"), (1.5, "1.5")])
def test_values_that_the_database_cannot_tell_apart_are_one(ours: Ours, one: Any, other: Any) -> None:
    ours.create(USERS, 5, faceit_player_id=one)
    with pytest.raises(ValueTaken):
        ours.create(USERS, 6, faceit_player_id=other)


@pytest.mark.parametrize("empty", [None, "", True, ["a"], {}])
def test_of_what_is_no_value_many_may_have_the_same(ours: Ours, empty: Any) -> None:
    ours.create(USERS, 5, faceit_player_id=empty)
    ours.create(USERS, 6, faceit_player_id=empty)
    assert ours.marked(USERS) == []


def test_two_records_swap_their_values_in_one_commit(ours: Ours) -> None:
    with pytest.raises(ValueTaken):
        ours.replace(USERS, 1, faceit_player_id="b")
    with commit(ours.index, ours.places) as writer:
        writer.replace(USERS, 1, {"user_id": 1, "faceit_player_id": "b"})
        writer.replace(USERS, 2, {"user_id": 2, "faceit_player_id": "a"})
    assert (ours.found_by(USERS, "faceit_player_id", "a"), ours.found_by(USERS, "faceit_player_id", "b")) == ([2], [1])


def test_a_value_passes_from_a_deleted_record_to_a_new_one_in_one_commit(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        writer.create(USERS, 5, {"user_id": 5, "faceit_player_id": "a"})
        writer.delete(USERS, 1)
    assert ours.found_by(USERS, "faceit_player_id", "a") == [5]


def test_two_new_records_of_one_commit_do_not_share_a_value(ours: Ours) -> None:
    with pytest.raises(ValueTaken), commit(ours.index, ours.places) as writer:
        writer.create(USERS, 5, {"user_id": 5, "faceit_player_id": "x"})
        writer.create(USERS, 6, {"user_id": 6, "faceit_player_id": "x"})


def test_a_plain_lookup_may_have_several_records(ours: Ours) -> None:
    ours.create(USERS, 5, faceit_nickname="anna")
    assert ours.found_by(USERS, "faceit_nickname", "anna") == [1, 5]
    ours.replace(USERS, 1, faceit_nickname="eva", faceit_player_id="a")
    ours.delete(USERS, 5)
    assert ours.found_by(USERS, "faceit_nickname", "anna") == []


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Ours]:
    """Three records came with one unique value, the last two of them with another as well."""
    sharing = [
        {"user_id": 1, "faceit_player_id": "x", "subscription": {"referral_code": "R"}},
        {"user_id": 2, "faceit_player_id": "x"},
        {"user_id": 3, "faceit_player_id": "x", "subscription": {"referral_code": "R"}},
    ]
    made = taken_over(tmp_path, data={"users": sharing})
    assert made.marked(USERS) == [2, 3]
    yield made
    made.check()
    made.index.close()


def test_marked_duplicates_and_their_holder_keep_what_they_share(shared: Ours) -> None:
    for number in (2, 1, 3):
        shared.replace(USERS, number, faceit_player_id="x", n=1)
    assert shared.marked(USERS) == [2, 3]
    with pytest.raises(ValueTaken):
        shared.create(USERS, 5, faceit_player_id="x")


def test_a_duplicate_that_shares_nothing_any_more_loses_its_mark(shared: Ours) -> None:
    shared.replace(USERS, 2, faceit_player_id="y")
    assert shared.marked(USERS) == [3]
    with pytest.raises(ValueTaken):
        shared.replace(USERS, 2, faceit_player_id="x")


@pytest.mark.parametrize("deleted", [False, True])
def test_when_the_holder_lets_go_the_next_one_holds_the_value(shared: Ours, deleted: bool) -> None:
    if deleted:
        shared.delete(USERS, 1)
    else:
        shared.replace(USERS, 1, faceit_player_id="y")
    assert shared.marked(USERS) == [3]
    assert shared.pending(USERS) == {1: 1, 2: shared.record(USERS, 2).version}
    assert shared.record(USERS, 2).version == 1 + shared.record(USERS, 3).version
    codes = [(each.key, each.code) for each in shared.index.findings("users")]
    assert codes == [(3, "duplicate-value")]
    shared.delete(USERS, 2)
    assert shared.marked(USERS) == []


def test_all_who_share_a_value_may_change_in_one_commit(shared: Ours) -> None:
    with commit(shared.index, shared.places) as writer:
        writer.replace(USERS, 1, {"user_id": 1, "faceit_player_id": "y"})
        writer.replace(USERS, 2, {"user_id": 2, "faceit_player_id": "x", "n": 1})
        writer.replace(USERS, 3, {"user_id": 3, "faceit_player_id": "x", "n": 1})
    assert shared.marked(USERS) == [3]


def test_a_duplicate_that_mapping_refused_is_sent_again_without_its_mark(shared: Ours) -> None:
    shared.replace(USERS, 2, faceit_player_id="x", n=1)
    shared.confirm(USERS, refusal(USERS, 2, "data.json"))
    shared.delete(USERS, 1)
    assert shared.record(USERS, 2).state == State.LIVE
    assert 2 in shared.pending(USERS)
