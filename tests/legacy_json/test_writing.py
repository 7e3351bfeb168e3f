"""Writing to files of ours: versions, refusals, and that of a commit everything is there or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_json import taking
from legacy_json.errors import (
    AlreadyThere,
    FenceClosed,
    KeyReserved,
    NotOurs,
    NotThere,
    Pruned,
    RecordRefused,
    Stale,
    ValueTaken,
)
from legacy_json.fences import FenceState, fence
from legacy_json.records import State
from legacy_json.writing import Writer, commit
from tests.fencing import fenced
from tests.legacy_json.ours import (
    EVENTS,
    FILES,
    MATCHES,
    MESSAGES,
    PROFILES,
    SETTINGS,
    SUBSCRIPTIONS,
    USERS,
    Ours,
    opened,
    refusal,
    taken_over,
)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    yield from opened(tmp_path)


# Versions


def test_a_new_record_starts_at_version_zero_and_each_write_raises_it_by_one(ours: Ours) -> None:
    versions = [ours.create(USERS, 5, n=0), *(ours.replace(USERS, 5, n=n) for n in (1, 2)), ours.delete(USERS, 5)]
    assert versions == [0, 1, 2, 3]
    assert ours.record(USERS, 5).state == State.DELETED


def test_a_record_that_is_created_again_starts_above_its_tombstone(ours: Ours) -> None:
    assert [ours.delete(USERS, 1), ours.create(USERS, 1, n=1)] == [1, 2]
    assert ours.document(USERS, 1) == {"user_id": 1, "n": 1}


def test_a_change_expects_the_version_that_was_read(ours: Ours) -> None:
    assert ours.replace(USERS, 1, 0, n=1) == 1
    with pytest.raises(Stale, match="read at version 0 and is at 1 now") as refused:
        ours.replace(USERS, 1, 0, n=2)
    assert (refused.value.read_at, refused.value.now) == (0, 1)
    with pytest.raises(Stale):
        ours.delete(USERS, 1, 0)
    assert ours.document(USERS, 1) == {"user_id": 1, "n": 1}
    assert ours.delete(USERS, 1, 1) == 2


def test_a_version_of_before_a_delete_does_not_reach_the_record_that_was_created_since(ours: Ours) -> None:
    ours.delete(USERS, 1)
    ours.create(USERS, 1, n=1)
    with pytest.raises(Stale):
        ours.replace(USERS, 1, 0, n=2)


def test_several_writes_of_one_record_in_one_commit_are_one_version(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        assert writer.replace(USERS, 1, {"user_id": 1, "n": 1}) == 1
        assert writer.replace(USERS, 1, {"user_id": 1, "n": 2}, 1) == 1
        assert writer.delete(USERS, 1) == 1
        assert writer.create(USERS, 1, {"user_id": 1, "n": 3}) == 1
    assert (ours.document(USERS, 1)["n"], ours.record(USERS, 1).version) == (3, 1)


def test_what_is_created_and_deleted_in_one_commit_was_never_there(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        writer.create(USERS, 5, {"user_id": 5, "faceit_player_id": "new"})
        writer.delete(USERS, 5)
    assert not ours.index.known("users", [5])
    assert ours.pending(USERS) == {}
    ours.create(USERS, 6, faceit_player_id="new")


def test_within_a_commit_records_read_as_they_were_before_it(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        writer.replace(USERS, 3, {"user_id": 3, "n": 1})
        found = writer.get(USERS, 3)
        assert found is not None
        assert json.loads(found.document) == {"user_id": 3}
        assert writer.get(USERS, 77) is None


# Refusals


def test_what_is_there_is_not_created_and_what_is_not_there_is_not_changed(ours: Ours) -> None:
    with pytest.raises(AlreadyThere):
        ours.create(USERS, 1)
    ours.delete(USERS, 1)
    for key in (1, 9):
        with pytest.raises(NotThere):
            ours.replace(USERS, key)
        with pytest.raises(NotThere):
            ours.delete(USERS, key)


def test_the_same_holds_within_one_commit(ours: Ours) -> None:
    with pytest.raises(AlreadyThere), commit(ours.index, ours.places) as writer:
        writer.create(USERS, 5, {"user_id": 5})
        writer.create(USERS, 5, {"user_id": 5})
    with pytest.raises(NotThere), commit(ours.index, ours.places) as writer:
        writer.delete(USERS, 1)
        writer.replace(USERS, 1, {"user_id": 1})
    assert (ours.index.known("users", [5]), ours.record(USERS, 1).version) == (set(), 0)


ACTS: list[Callable[[Ours, Any, Any], object]] = [
    lambda ours, collection, key: ours.create(collection, key),
    lambda ours, collection, key: ours.replace(collection, key),
    lambda ours, collection, key: ours.delete(collection, key),
]


@pytest.mark.parametrize("act", ACTS)
def test_a_key_of_a_document_that_reading_quarantined_is_reserved(tmp_path: Path, act: Any) -> None:
    ours = taken_over(tmp_path, girls_data={"girls": {"7": "no object"}})
    with pytest.raises(KeyReserved, match="it is not an object"):
        act(ours, PROFILES, 7)
    ours.check()


@pytest.mark.parametrize("act", ACTS)
def test_a_key_of_a_document_that_mapping_quarantined_is_reserved(ours: Ours, act: Any) -> None:
    ours.replace(USERS, 1, name="x" * 99, faceit_player_id="a")
    ours.confirm(USERS, refusal(USERS, 1, "data.json"))
    with pytest.raises(KeyReserved, match="too long for the column"):
        act(ours, USERS, 1)
    with pytest.raises(ValueTaken):  # its unique values stay its own
        ours.create(USERS, 5, faceit_player_id="a")
    ours.check()


def test_a_later_duplicate_beside_a_live_record_reserves_nothing(tmp_path: Path) -> None:
    ours = taken_over(tmp_path, data={"users": [{"user_id": 1, "n": 1}, {"user_id": 2}, {"user_id": 1, "n": 2}]})
    ours.replace(USERS, 1, user_id=1, n=3)
    ours.render()
    assert [user.get("n") for user in ours.content("data.json")["users"]] == [3, None, 2]
    ours.check()


def test_a_duplicate_does_not_come_back_in_place_of_the_deleted_record(tmp_path: Path) -> None:
    double = {"user_id": 1, "subscription": {"tier": "pro"}}
    ours = taken_over(tmp_path, data={"users": [{"user_id": 1, "n": 1}, {"user_id": 2}, double, {"user_id": 1}]})
    ours.delete(USERS, 1)
    ours.check()
    ours.create(USERS, 1, user_id=1, n=9)
    ours.check()
    ours.render()
    assert ours.content("data.json")["users"] == [{"user_id": 2}, {"user_id": 1, "n": 9}]
    for source in ours.sources.values():
        taking.give_back(ours.index, ours.root, ours.sources, source)
    ours.read()
    assert ours.live(USERS) == {1: {"user_id": 1, "n": 9}, 2: {"user_id": 2}}
    assert (ours.record(USERS, 1).version, ours.live(SUBSCRIPTIONS)) == (2, {})


def test_an_older_generation_does_not_come_back_in_place_of_the_deleted_record(tmp_path: Path) -> None:
    ours = taken_over(tmp_path, girls_data={"girls": {"11": {"name": "older"}, "12": {}}})
    assert ours.document(PROFILES, 11) == {"name": "new"}
    ours.delete(PROFILES, 11)
    ours.render()
    assert ours.content("girls_data.json") == {"girls": {"12": {}}}
    assert not (ours.root / "girls_data/11.json").exists()
    ours.check()


def test_below_the_floor_nothing_is_kept(ours: Ours) -> None:
    ours.index.prune("analytics", "202412")
    with pytest.raises(Pruned, match="where everything was pruned"):
        ours.append(EVENTS, "202411", event_type="late")
    with pytest.raises(Pruned):
        ours.create(EVENTS, "202410:0000000000", event_type="late")
    with pytest.raises(NotThere):
        ours.delete(EVENTS, "202411:0000000000")
    assert ours.append(EVENTS, "202412", event_type="new") == "202412:0000000000"


def test_a_file_of_the_bot_is_not_written(tmp_path: Path) -> None:
    theirs = Ours(tmp_path, FILES)
    theirs.read()
    acts: list[Callable[[], object]] = [
        lambda: theirs.create(USERS, 9),
        lambda: theirs.replace(USERS, 1),
        lambda: theirs.delete(USERS, 1),
        lambda: theirs.create(SUBSCRIPTIONS, 1),
        lambda: theirs.append(MESSAGES, "10", text="three"),
        lambda: theirs.append(MESSAGES, "99", text="first"),
        lambda: theirs.create(PROFILES, 99),
    ]
    before = list(theirs.index.connection().iterdump())
    for act in acts:
        with pytest.raises(NotOurs, match="belongs to the bot"):
            act()
    assert list(theirs.index.connection().iterdump()) == before
    theirs.create(MATCHES, "m1", status="ongoing")  # no bot ever wrote these


def test_a_file_that_was_given_back_is_not_written_any_more(ours: Ours) -> None:
    source = ours.sources["config.json"]
    ours.replace(SETTINGS, "speed", value=4)
    taking.give_back(ours.index, ours.root, ours.sources, source)
    with pytest.raises(NotOurs):
        ours.replace(SETTINGS, "speed", value=5)
    ours.replace(USERS, 1)


@pytest.mark.parametrize("state", ["closing", "committing", "closed"])
def test_a_fence_that_is_not_open_refuses_its_component_only(ours: Ours, state: str) -> None:
    with fenced(ours.index, "users", state, 7):
        for act in ACTS:
            with pytest.raises(FenceClosed) as refused:
                act(ours, USERS, 1)
            assert (refused.value.state, refused.value.epoch) == (state, 7)
        with pytest.raises(FenceClosed), commit(ours.index, ours.places) as writer:
            writer.get(USERS, 1)
        ours.replace(SUBSCRIPTIONS, 2, tier="pro")
        with pytest.raises(FenceClosed), commit(ours.index, ours.places) as writer:
            writer.replace(SUBSCRIPTIONS, 2, {"tier": "none"})
            writer.replace(USERS, 2, {"user_id": 2})
        assert ours.document(SUBSCRIPTIONS, 2) == {"tier": "pro"}


def test_a_closing_fence_whose_mover_is_gone_is_reopened_by_the_next_write_and_no_other_is(ours: Ours) -> None:
    for collection, state in ((USERS, "closing"), (SUBSCRIPTIONS, "committing"), (SETTINGS, "closed")):
        with fenced(ours.index, collection.name, state, 7):
            pass
    ours.replace(USERS, 1, n=1)
    assert fence(ours.index.connection(), "users") == (FenceState.OPEN, 8, False)
    for collection, key in ((SUBSCRIPTIONS, 2), (SETTINGS, "speed")):
        with pytest.raises(FenceClosed):
            ours.delete(collection, key)


# All or nothing


def test_several_components_are_one_commit(ours: Ours) -> None:
    before = ours.index.counter
    with commit(ours.index, ours.places) as writer:
        writer.create(USERS, 5, {"user_id": 5})
        writer.create(SUBSCRIPTIONS, 5, {"tier": "pro"})
        writer.append(EVENTS, "202412", {"event_type": "joined"})
        writer.delete(SETTINGS, "speed")
    assert ours.index.counter == before + 1
    changed = {
        ours.index.connection().execute("SELECT changed FROM record WHERE component = ? AND key = ?", at).fetchone()
        for at in [("users", 5), ("subscriptions", 5), ("analytics", "202412:0000000000"), ("configuration", "speed")]
    }
    assert changed == {(before + 1,)}


class Failed(Exception):
    pass


def _fail(writer: Writer) -> None:
    raise Failed


def _take_a_taken_value(writer: Writer) -> None:
    writer.create(USERS, 6, {"user_id": 6, "faceit_player_id": "b"})


def _write_what_cannot_be(writer: Writer) -> None:
    writer.create(USERS, 6, {"user_id": 6, "n": float("nan")})


@pytest.mark.parametrize("fault", [_fail, _take_a_taken_value, _write_what_cannot_be])
def test_of_a_commit_that_fails_nothing_stays(ours: Ours, fault: Callable[[Writer], None]) -> None:
    before = list(ours.index.connection().iterdump())
    with pytest.raises((Failed, RecordRefused)), commit(ours.index, ours.places) as writer:
        writer.create(USERS, 5, {"user_id": 5, "faceit_player_id": "new"})
        writer.delete(USERS, 1)
        writer.append(MESSAGES, "77", {"text": "in a file that is not there"})
        fault(writer)
    assert list(ours.index.connection().iterdump()) == before
    assert ours.append(MESSAGES, "78", text="in another") == "78:0000000000"
    assert ours.file(MESSAGES, "78:0000000000") == "conversations/78.json"  # though 77 had its number
    ours.create(USERS, 5, faceit_player_id="new")
    ours.render()
    assert not (ours.root / "conversations/77.json").exists()


def test_a_commit_that_wrote_nothing_leaves_nothing_to_do(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        assert writer.get(USERS, 1) is not None
    assert ours.render() == 0
    assert ours.pending(USERS) == {}
