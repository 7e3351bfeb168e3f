"""Somebody edits a file of ours: both sides are kept, nothing is applied by itself, nothing deleted by absence."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_json import conflicts, renderer
from legacy_json.conflicts import NoSuchConflict, Unsettled
from legacy_json.errors import AlreadyThere, FenceClosed, Stale
from legacy_json.rendering import swap
from tests.legacy_json.apart import Apart, taken
from tests.legacy_json.ours import PROFILES, USERS


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path)
    made.replace(USERS, 3, user_id=3, faceit_nickname="three")
    made.replace(PROFILES, 5, chat_id=5, name="Olga")
    made.render()
    yield made
    made.index.close()


def edit(ours: Apart, change: Callable[[Any], object], name: str = "data.json") -> None:
    content = ours.content(name)
    change(content)
    (ours.root / name).write_text(json.dumps(content))


def rendered(ours: Apart) -> None:
    """After a write of ours to another record."""
    ours.replace(USERS, 2, user_id=2, faceit_nickname="ours")
    ours.render()
    assert ours.content("data.json")["users"][1]["faceit_nickname"] == "ours"


def kept(ours: Apart, conflict: conflicts.Conflict) -> Any:
    return json.loads((ours.home / conflict.copy).read_text())


def test_a_changed_record_is_a_conflict_and_both_sides_are_kept(ours: Apart) -> None:
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    rendered(ours)
    (conflict,) = ours.conflicts()
    assert (conflict.component, conflict.key, conflict.kind, conflict.ours) == ("users", 1, "changed", 0)
    assert json.loads(conflict.theirs or b"")["faceit_nickname"] == "theirs"
    assert kept(ours, conflict)["users"][0]["faceit_nickname"] == "theirs"
    assert ours.document(USERS, 1)["faceit_nickname"] == "one"


def test_an_edit_that_staff_take_is_a_write_as_any_other(ours: Apart) -> None:
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    rendered(ours)
    ours.settle(ours.conflicts()[0], take=True)
    ours.render()
    assert ours.record(USERS, 1).version == 1
    assert ours.content("data.json")["users"][0]["faceit_nickname"] == "theirs"
    assert ours.conflicts() == []


def test_an_edit_that_staff_dismiss_changes_nothing(ours: Apart) -> None:
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    rendered(ours)
    conflict = ours.conflicts()[0]
    ours.settle(conflict, take=False)
    assert ours.record(USERS, 1).version == 0
    assert ours.conflicts() == []
    with pytest.raises(NoSuchConflict):
        ours.settle(conflict, take=False)


def test_a_record_that_was_written_since_is_not_overwritten_by_an_older_edit(ours: Apart) -> None:
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    rendered(ours)
    ours.replace(USERS, 1, user_id=1, faceit_nickname="newer")
    with pytest.raises(Stale):
        ours.settle(ours.conflicts()[0], take=True)
    assert len(ours.conflicts()) == 1


def test_an_added_record_is_a_conflict_until_staff_take_it(ours: Apart) -> None:
    edit(ours, lambda data: data["users"].append({"user_id": 9, "faceit_nickname": "nine"}))
    rendered(ours)
    assert ours.kinds() == [("users", 9, "added")]
    assert 9 not in ours.live(USERS)
    ours.settle(ours.conflicts()[0], take=True)
    assert ours.live(USERS)[9] == {"user_id": 9, "faceit_nickname": "nine"}


def test_an_added_record_that_the_bot_made_meanwhile_is_not_overwritten(ours: Apart) -> None:
    edit(ours, lambda data: data["users"].append({"user_id": 9, "faceit_nickname": "theirs"}))
    rendered(ours)
    ours.create(USERS, 9, user_id=9, faceit_nickname="ours")
    with pytest.raises(AlreadyThere):
        ours.settle(ours.conflicts()[0], take=True)


def test_a_missing_record_is_not_deleted_but_by_staff(ours: Apart) -> None:
    edit(ours, lambda data: data["users"].pop(0))
    rendered(ours)
    assert ours.kinds() == [("users", 1, "missing")]
    assert [user["user_id"] for user in ours.content("data.json")["users"]] == [1, 2, 3]
    ours.settle(ours.conflicts()[0], take=True)
    assert sorted(ours.live(USERS)) == [2, 3]


def test_an_unreadable_file_is_kept_whole_and_ours_stands(ours: Apart) -> None:
    (ours.root / "data.json").write_text('{"users": [{"user_id": 1')
    rendered(ours)
    (conflict,) = ours.conflicts()
    assert (conflict.component, conflict.kind) == (None, "unreadable")
    assert (ours.home / conflict.copy).read_text() == '{"users": [{"user_id": 1'
    with pytest.raises(Unsettled, match="cannot be read"):
        ours.settle(conflict, take=True)
    ours.settle(conflict, take=False)


def test_an_empty_file_deletes_nobody(ours: Apart) -> None:
    (ours.root / "data.json").write_text("")
    rendered(ours)
    assert ours.kinds() == [(None, None, "unreadable")]
    assert sorted(ours.live(USERS)) == [1, 2, 3]


def test_a_touched_file_is_no_conflict_and_nothing_is_kept(ours: Apart) -> None:
    os.utime(ours.root / "data.json")
    rendered(ours)
    assert ours.conflicts() == []
    assert not list((ours.home / "conflicts").rglob("*.json"))


def test_a_touched_file_is_no_conflict_even_where_nobody_knows_what_each_record_was(ours: Apart) -> None:
    shutil.rmtree(ours.home / "shown")
    os.utime(ours.root / "data.json")
    rendered(ours)
    assert ours.conflicts() == []


def test_the_same_bytes_under_another_inode_are_no_conflict(ours: Apart) -> None:
    path = ours.root / "data.json"
    shutil.copy2(path, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)
    rendered(ours)
    assert ours.conflicts() == []


def test_a_reformatted_file_is_no_conflict(ours: Apart) -> None:
    (ours.root / "data.json").write_text(json.dumps(ours.content("data.json"), indent=7, sort_keys=True))
    ours.replace(PROFILES, 6, chat_id=6)
    ours.renderer().flush(edits=True)
    assert ours.conflicts() == []
    assert '       "users"' not in (ours.root / "data.json").read_text()


def test_a_file_that_replaced_ours_is_an_edit(ours: Apart) -> None:
    """As most editors save."""
    path = ours.root / "data.json"
    content = ours.content("data.json")
    content["users"][0]["faceit_nickname"] = "theirs"
    path.with_suffix(".new").write_text(json.dumps(content))
    path.with_suffix(".new").rename(path)
    rendered(ours)
    assert ours.kinds() == [("users", 1, "changed")]


def test_an_edit_between_our_look_and_the_exchange_is_kept(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = swap.exchange

    def late(one: Path, other: Path) -> None:
        if other.name == "data.json":
            edit(ours, lambda data: data["users"][0].update(faceit_nickname="late"))
        exchange(one, other)

    monkeypatch.setattr(swap, "exchange", late)
    rendered(ours)
    assert ours.kinds() == [("users", 1, "changed")]
    assert kept(ours, ours.conflicts()[0])["users"][0]["faceit_nickname"] == "late"


def test_what_we_wrote_since_the_last_rendering_is_no_edit_of_theirs(ours: Apart) -> None:
    """The edited file could not have it."""
    ours.create(USERS, 7, user_id=7, faceit_nickname="new")
    ours.delete(USERS, 3)
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    ours.render()
    assert ours.kinds() == [("users", 1, "changed")]
    assert sorted(ours.live(USERS)) == [1, 2, 7]


def test_a_record_that_both_have_written_is_a_conflict(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1, faceit_nickname="ours")
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    ours.render()
    assert ours.kinds() == [("users", 1, "both")]
    assert ours.document(USERS, 1)["faceit_nickname"] == "ours"


def test_where_nobody_knows_any_more_who_wrote_it_staff_are_told_so(ours: Apart) -> None:
    shutil.rmtree(ours.home / "shown")
    ours.replace(USERS, 1, user_id=1, faceit_nickname="ours")
    edit(ours, lambda data: data["users"][1].update(faceit_nickname="theirs"))
    ours.render()
    assert ours.kinds() == [("users", 1, "unclear"), ("users", 2, "changed")]


def test_numbers_that_two_encoders_spell_otherwise_are_no_edit(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1, rate=1e16, small=1e-7)
    ours.render()
    edit(ours, lambda data: data["users"][1].update(faceit_nickname="theirs"))
    ours.replace(USERS, 1, user_id=1, rate=2e16, small=1e-7)
    ours.render()
    assert ours.kinds() == [("users", 2, "changed")]


def test_the_first_edit_after_a_take_over_is_told_from_our_own_writes(tmp_path: Path) -> None:
    ours = taken(tmp_path)
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    rendered(ours)
    assert ours.kinds() == [("users", 1, "changed")]
    ours.index.close()


def test_an_edit_of_what_is_no_record_is_kept_too(ours: Apart) -> None:
    edit(ours, lambda data: data["analytics"].update(total_users=99))
    rendered(ours)
    (conflict,) = ours.conflicts()
    assert conflict.kind == "surroundings"
    assert b"'analytics'" in (conflict.theirs or b"")
    assert kept(ours, conflict)["analytics"] == {"total_users": 99}
    assert ours.content("data.json")["analytics"] == {"total_users": 3}


def test_an_added_section_and_an_added_scrap_are_kept_too(ours: Apart) -> None:
    edit(ours, lambda data: data.update(note="mine"))
    rendered(ours)
    assert ours.kinds() == [(None, None, "surroundings")]
    ours.settle(ours.conflicts()[0], take=False)
    edit(ours, lambda data: data["users"].append("scrap"))
    ours.renderer().flush(edits=True)
    assert ours.kinds() == [(None, None, "surroundings")]


def test_an_edit_of_an_entry_that_is_no_record_is_kept_too(tmp_path: Path) -> None:
    ours = taken(tmp_path, {"data.json": {"users": [{"user_id": 1}, "scrap", {"user_id": 2}]}})
    edit(ours, lambda data: data["users"].remove("scrap"))
    ours.replace(USERS, 2, user_id=2, faceit_nickname="x")
    ours.render()
    assert ours.kinds() == [(None, None, "surroundings")]
    assert ours.content("data.json")["users"][1] == "scrap"
    ours.index.close()


def test_a_file_that_was_taken_away_is_written_again_and_staff_are_told(ours: Apart) -> None:
    (ours.root / "data.json").unlink()
    rendered(ours)
    assert ours.kinds() == [(None, None, "gone")]
    with pytest.raises(Unsettled, match="taken away"):
        ours.settle(ours.conflicts()[0], take=True)


def test_a_records_own_file_that_was_taken_away_may_be_meant_as_its_deletion(ours: Apart) -> None:
    (ours.root / "girls_data" / "5.json").unlink()
    ours.renderer().flush(edits=True)
    assert ours.content("girls_data/5.json")["name"] == "Olga"
    assert ours.kinds() == [("profiles", 5, "missing")]
    ours.settle(ours.conflicts()[0], take=True)
    ours.render()
    assert not (ours.root / "girls_data" / "5.json").exists()


def test_an_edit_of_a_file_whose_record_is_gone_does_not_bring_it_back(ours: Apart) -> None:
    ours.delete(PROFILES, 5)
    edit(ours, lambda profile: profile.update(name="edited"), "girls_data/5.json")
    ours.render()
    assert not (ours.root / "girls_data" / "5.json").exists()
    assert 5 not in ours.live(PROFILES)
    assert ours.kinds() == [("profiles", 5, "added")]
    assert kept(ours, ours.conflicts()[0])["name"] == "edited"


def test_an_edit_is_shown_before_anything_is_written(ours: Apart) -> None:
    assert ours.state().edited == ()
    edit(ours, lambda data: data["users"].pop())
    assert ours.state().edited == ("data.json",)
    assert ours.state().needs_staff
    ours.renderer().flush(edits=True)
    assert ours.state().edited == ()
    assert len(ours.state().conflicts) == 1


def test_a_look_tells_of_each_edit_once(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "LOOK", 0)
    made = ours.renderer()
    assert made.look() == []
    edit(ours, lambda data: data["users"].pop())
    assert made.look() == ["data.json"]
    assert made.look() == []
    edit(ours, lambda data: data["users"].pop())
    assert made.look() == ["data.json"]


def test_the_same_edit_again_is_one_conflict(ours: Apart) -> None:
    for _ in range(3):
        edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
        ours.renderer().flush(edits=True)
    assert ours.kinds() == [("users", 1, "changed")]


def test_nothing_is_taken_for_a_component_whose_authority_is_the_database(ours: Apart) -> None:
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))
    rendered(ours)
    with ours.index.write() as (connection, _):
        connection.execute("INSERT INTO fence (component, state, epoch) VALUES ('users', 'closed', 1)")
    with pytest.raises(FenceClosed):
        ours.settle(ours.conflicts()[0], take=True)
    assert len(ours.conflicts()) == 1
