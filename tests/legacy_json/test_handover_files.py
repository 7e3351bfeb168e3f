"""A file that changes hands: what is refused changes nothing, and what is killed in the middle can be gone on with."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from legacy_json import marker, reading, taking
from legacy_json.applying import apply
from legacy_json.errors import SourceShrank, SourceUnreadable, SourceUnstable, StoreBusy
from legacy_json.index import Index
from legacy_json.lock import held
from legacy_json.owners import Owner, owner
from legacy_json.records import State
from legacy_json.rendering.refusals import Outside
from legacy_json.taking import WrongOwner
from tests.legacy_json.apart import Apart, taken
from tests.legacy_json.ours import EVENTS, PROFILES, SUBSCRIPTIONS, USERS, users


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path)
    yield made
    made.index.close()


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Apart]:
    made = Apart(tmp_path / "bot", tmp_path / "home")
    made.read()
    yield made
    made.index.close()


def take(store: Apart, name: str = "data.json", *, anew: bool = False) -> None:
    store.age()
    taking.take(store.index, store.root, store.source(name), datetime.now(UTC), anew=anew)


def restore(store: Apart) -> None:
    taking.restore(store.index, store.root, store.source(), datetime.now(UTC))


COUNTER = "INSERT INTO \"pending\" VALUES('',0,"


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def everything(index: Index) -> list[str]:
    """But for the counter of commits."""
    return [line for line in index.connection().iterdump() if not line.startswith(COUNTER)]


# Anew


def test_a_take_over_anew_that_is_refused_changes_nothing(ours: Apart) -> None:
    ours.create(USERS, 50, user_id=50)
    ours.put("data.json", users(1))
    before = everything(ours.index)
    with pytest.raises(SourceShrank):
        take(ours, anew=True)
    assert everything(ours.index) == before
    ours.create(USERS, 51, user_id=51)
    read = reading.read(ours.index, ours.root, ours.source())
    assert not read.changed
    assert {50, 51} <= set(ours.live(USERS))


def test_a_file_of_a_stranger_is_no_edit_after_a_take_over_anew_that_was_refused(ours: Apart) -> None:
    ours.put("girls_data/6.json", "{")
    ours.put("girls_data/7.json", {"chat_id": 7})
    before = everything(ours.index)
    with pytest.raises(SourceUnreadable):
        take(ours, "girls_data/*.json", anew=True)
    assert everything(ours.index) == before


def test_a_write_while_a_file_is_read_anew_is_not_lost(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    real = apply

    def interrupted(*arguments: object) -> object:
        ours.replace(USERS, 2, user_id=2, faceit_nickname="late")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "apply", interrupted)
    with pytest.raises(SourceUnstable):
        take(ours, anew=True)
    assert owner(ours.index, ours.source()) is Owner.SWITCHYARD
    assert ours.document(USERS, 2)["faceit_nickname"] == "late"


def test_anew_a_file_is_ours_as_it_is(ours: Apart) -> None:
    ours.create(USERS, 50, user_id=50)
    ours.put("data.json", users(1, 2, 3, 4))
    take(ours, anew=True)
    assert set(ours.live(USERS)) == {1, 2, 3, 4}
    assert owner(ours.index, ours.source()) is Owner.SWITCHYARD
    ours.replace(USERS, 4, user_id=4, faceit_nickname="after")
    assert ours.render() == 1
    assert ours.conflicts() == []


# Taking over


def test_of_two_that_take_over_at_once_the_second_does_nothing(theirs: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    real = reading.read

    def slow(*arguments: object, **options: object) -> object:
        made = real(*arguments, **options)  # type: ignore[arg-type]
        monkeypatch.setattr(reading, "read", real)
        take(theirs)
        theirs.delete(USERS, 3)
        return made

    monkeypatch.setattr(reading, "read", slow)
    with pytest.raises(WrongOwner):
        take(theirs)
    assert theirs.render() == 1
    assert [user["user_id"] for user in theirs.content("data.json")["users"]] == [1, 2]


def test_a_file_that_lies_elsewhere_stays_the_bots(theirs: Apart, tmp_path: Path) -> None:
    elsewhere = (theirs.root / "data.json").rename(tmp_path / "elsewhere.json")
    (theirs.root / "data.json").symlink_to(elsewhere)
    with pytest.raises(Outside):
        take(theirs)
    assert owner(theirs.index, theirs.source()) is Owner.LEGACY


def test_what_was_spelled_otherwise_before_it_was_given_back_is_not_spelled_so_again(tmp_path: Path) -> None:
    ours = taken(tmp_path, {"data.json": users(1), "girls_data.json": {"girls": {"010": {"name": "old"}}}})
    ours.give_back("girls_data.json")
    ours.put("girls_data.json", {"girls": {"10": {"name": "rewritten"}}})
    take(ours, "girls_data.json")
    ours.replace(PROFILES, 10, name="ours")
    ours.render()
    assert ours.content("girls_data.json")["girls"] == {"10": {"name": "ours"}}
    ours.index.close()


def test_another_files_spelling_stays_when_one_is_captured(tmp_path: Path) -> None:
    files = {"data.json": users(1), "girls_data/05.json": {"name": "five"}, "girls_data/06.json": {"name": "six"}}
    ours = taken(tmp_path, files)
    spelled = ours.index.connection().execute("SELECT key, name FROM spelling ORDER BY key").fetchall()
    ours.give_back("girls_data/*.json")
    take(ours, "girls_data/*.json")
    assert ours.index.connection().execute("SELECT key, name FROM spelling ORDER BY key").fetchall() == spelled
    ours.index.close()


def test_a_file_with_pruned_entries_is_rendered_without_them_and_can_be_given_back(tmp_path: Path) -> None:
    files = {"data.json": users(1), "analytics_202301.json": [{"n": 0}], "analytics_202501.json": [{"n": 1}]}
    store = Apart(tmp_path / "bot", tmp_path / "home", files)
    store.read()
    store.index.prune(EVENTS.name, "202401")
    take(store, "analytics_*.json")
    assert store.render() == 1
    assert store.content("analytics_202301.json") == []
    assert store.conflicts() == []
    store.give_back("analytics_*.json")
    assert owner(store.index, store.source("analytics_*.json")) is Owner.LEGACY
    store.index.close()


def test_killed_before_the_folder_was_told_a_second_take_over_holds(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.give_back()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(marker, "note", _crash)
        take(ours)
    assert ours.state().marker == ""
    ours.replace(USERS, 1, user_id=1, faceit_nickname="after")
    assert ours.render() == 1
    (ours.root / marker.NAME).unlink()
    assert "the folder does not know of it" in ours.state().marker


# Giving back


def test_a_write_of_the_bot_after_the_look_is_read(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    look = taking._look

    def interrupted(*arguments: object) -> None:
        look(*arguments)  # type: ignore[arg-type]
        ours.put("data.json", users(1, 2, 3, 4))

    monkeypatch.setattr(taking, "_look", interrupted)
    ours.give_back()
    assert reading.read(ours.index, ours.root, ours.source()).created == {"users": 1, "subscriptions": 0}


# Restoring


@pytest.mark.parametrize("step", ["_keep_displaced", "owners.disown", "marker.note"])
def test_a_restoring_that_was_killed_is_gone_on_with_and_hides_nothing(
    ours: Apart, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    ours.replace(USERS, 1, user_id=1, faceit_nickname="since")
    ours.render()
    ours.put("data.json", users(1, 2, 3, 4))  # an edit
    before = (taking.originals(ours.index, ours.source()) / "files" / "data.json").read_bytes()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"legacy_json.taking.{step}", _crash)
        restore(ours)
    ours.age()
    restore(ours)
    assert (ours.root / "data.json").read_bytes() == before
    assert list(ours.root.glob(".switchyard-*")) == []
    kept = [json.loads(path.read_text()) for path in (ours.home / "displaced").rglob("data.json*")]
    assert users(1, 2, 3, 4) in kept
    assert owner(ours.index, ours.source()) is Owner.LEGACY


def test_nothing_that_was_displaced_is_hidden_once_the_file_is_the_bots(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(marker, "note", _crash)
        restore(ours)
    assert owner(ours.index, ours.source()) is Owner.LEGACY
    assert list(ours.root.glob(".switchyard-*")) == []


def test_an_edit_from_before_a_restoring_is_no_open_conflict(ours: Apart) -> None:
    ours.put("data.json", users(1, 2, 3, 4))
    ours.put("girls_data/5.json", {"chat_id": 5, "name": "edited"})
    ours.renderer().flush(edits=True)
    assert {conflict.file for conflict in ours.conflicts()} == {"data.json", "girls_data/5.json"}
    restore(ours)
    assert [conflict.file for conflict in ours.conflicts()] == ["girls_data/5.json"]


# Two installations in one folder


def test_two_installations_that_tell_one_folder_at_once_lose_nothing(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is between its look at the marker and its own telling when the second comes."""
    ours.give_back("conversations/*.json")
    told, wrote = marker.read(ours.root).sources, marker._write
    waiting = threading.Event()

    def slow(root: Path, made: marker.Marker) -> None:
        waiting.set()
        time.sleep(0.3)
        wrote(root, made)

    def first() -> None:
        marker.note(ours.index, ours.root, ["data.json"])
        ours.index.close()

    monkeypatch.setattr(marker, "_write", slow)
    thread = threading.Thread(target=first)
    thread.start()
    waiting.wait(5)
    monkeypatch.setattr(marker, "_write", wrote)
    other = Apart(ours.root, ours.home.with_name("other"), {"conversations/10.json": [{"text": "one"}]})
    messages = other.source("conversations/*.json")
    taking.take(other.index, other.root, messages, datetime.now(UTC))
    thread.join()
    assert set(marker.read(ours.root).sources) == {*told, messages.name}
    other.index.close()


def test_the_folder_is_told_under_a_lock_of_its_own(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marker, "SECONDS", 0.05)
    with held(ours.root / marker.LOCK, 1), pytest.raises(StoreBusy):
        marker.note(ours.index, ours.root, ["data.json"])


# What staff are shown


@pytest.mark.parametrize("state", [State.LIVE, State.QUARANTINED])
def test_records_without_a_place_need_somebody(tmp_path: Path, state: State) -> None:
    ours = taken(tmp_path, {"data.json": users(1, 2, subscription={"tier": "pro"})})
    assert not ours.state().needs_staff
    ours.create(SUBSCRIPTIONS, 9, tier="pro")
    with ours.index.write() as (connection, _):
        connection.execute("UPDATE record SET state = ? WHERE component = ? AND key = 9", (state, SUBSCRIPTIONS.name))
    assert ours.state().orphans == 1
    assert ours.state().needs_staff
    ours.index.close()
