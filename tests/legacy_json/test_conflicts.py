"""Edits of our files that are found once are kept in view, and taking one does not undo what we wrote ourselves."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from legacy_json import conflicts, renderer
from legacy_json.conflicts import Unsettled, settle
from legacy_json.errors import LegacyError, NotItsKey, StoreBusy
from legacy_json.records import State
from legacy_json.taking import NotGivenBack
from legacy_json.writing import Writer, commit
from tests.legacy_json.apart import FILES, Apart, taken
from tests.legacy_json.ours import MESSAGES, SUBSCRIPTIONS, USERS, refusal, users

fork = multiprocessing.get_context("fork")


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path, dict(FILES) | {"conversations/10.json": [{"text": "one"}, {"text": "two"}]})
    made.confirm_all()
    made.render()
    yield made
    made.check()
    made.index.close()


def edit(ours: Apart, change: Callable[[Any], object], name: str = "data.json") -> None:
    content = ours.content(name)
    change(content)
    (ours.root / name).write_text(json.dumps(content))


def edited(ours: Apart) -> None:
    edit(ours, lambda data: data["users"][0].update(faceit_nickname="theirs"))


def flush(ours: Apart) -> None:
    ours.renderer().flush(edits=True)


def killed(ours: Apart, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """A process that renders dies where this is called."""

    def die(*_: object, **__: object) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def work() -> None:
        monkeypatch.setattr(owner, name, die)
        flush(ours)

    ours.index.close()
    child = fork.Process(target=work)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


# Edits that were found stay in view


def test_a_process_killed_between_the_move_and_the_comparison_leaves_a_conflict(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(ours)
    killed(ours, monkeypatch, conflicts, "_differences")
    assert ours.kinds() == [(None, None, "uncompared")]
    assert b"theirs" in (ours.home / ours.conflicts()[0].copy).read_bytes()
    with pytest.raises(Unsettled, match="not compared"):
        ours.settle(ours.conflicts()[0], take=True)
    with pytest.raises(NotGivenBack):
        ours.give_back()


def test_a_process_killed_before_the_move_leaves_one_conflict_to_the_next(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(ours)
    killed(ours, monkeypatch, conflicts, "_move")
    flush(ours)
    assert ours.kinds() == [("users", 1, "changed")]


def test_a_process_killed_after_the_exchange_leaves_the_edit_to_the_next_rendering(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(ours)
    killed(ours, monkeypatch, renderer._Flush, "_judge")
    assert ours.state().edited == ("data.json",)
    ours.renderer().flush()
    assert ours.kinds() == [("users", 1, "changed")]
    assert not list(ours.root.glob(".switchyard-*"))


@pytest.mark.parametrize("error", [LegacyError("too large"), OSError(28, "no space")])
def test_an_edit_that_cannot_be_compared_is_kept_whole(
    ours: Apart, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(conflicts, "_differences", fail)
    edited(ours)
    flush(ours)
    assert ours.kinds() == [(None, None, "unreadable")]
    assert str(error).encode() == ours.conflicts()[0].theirs


def test_an_edit_that_cannot_be_noted_waits_for_the_next_rendering(
    ours: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> NoReturn:
        raise StoreBusy(ours.index.path, 1)

    edited(ours)
    for _ in range(2):
        with monkeypatch.context() as patch, pytest.raises(StoreBusy):
            patch.setattr(conflicts, "_add_uncompared", busy)
            flush(ours)
    ours.renderer().flush()
    assert ours.kinds() == [("users", 1, "changed")]
    assert ours.renderer().flush() == 0


# Our own writes


def test_a_record_that_we_wrote_too_is_overwritten_only_if_staff_say_so(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1, faceit_nickname="ours")
    edited(ours)
    ours.render()
    (conflict,) = ours.conflicts()
    assert conflict.kind == "both"
    with pytest.raises(Unsettled, match="--over-ours"):
        ours.settle(conflict, take=True)
    assert ours.document(USERS, 1)["faceit_nickname"] == "ours"
    settle(ours.index, ours.places, ours.collections, conflict.id, take=True, by="a test", over_ours=True)
    assert ours.document(USERS, 1)["faceit_nickname"] == "theirs"


def test_a_record_that_we_wrote_and_they_removed_is_deleted_only_if_staff_say_so(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1, faceit_nickname="ours")
    edit(ours, lambda data: data["users"].pop(0))
    ours.render()
    (conflict,) = ours.conflicts()
    assert (conflict.kind, conflict.theirs) == ("both", None)
    with pytest.raises(Unsettled):
        ours.settle(conflict, take=True)
    settle(ours.index, ours.places, ours.collections, conflict.id, take=True, by="a test", over_ours=True)
    assert 1 not in ours.live(USERS)


def test_what_both_have_appended_to_a_list_is_appended_and_not_overwritten(ours: Apart) -> None:
    ours.append(MESSAGES, "10", text="ours")
    edit(ours, lambda messages: messages.append({"text": "theirs"}), "conversations/10.json")
    ours.render()
    assert ours.kinds() == [("conversations", "10:0000000002", "appended")]
    ours.settle(ours.conflicts()[0], take=True)
    assert [document["text"] for document in ours.live(MESSAGES).values()] == ["one", "two", "ours", "theirs"]


def test_an_element_they_appended_before_we_did_is_not_refused(ours: Apart) -> None:
    edit(ours, lambda messages: messages.append({"text": "theirs"}), "conversations/10.json")
    flush(ours)
    ours.append(MESSAGES, "10", text="ours")
    ours.settle(ours.conflicts()[0], take=True)
    assert [document["text"] for document in ours.live(MESSAGES).values()] == ["one", "two", "ours", "theirs"]


# Files that nobody knew


def test_a_new_file_among_ours_is_an_edit_and_its_records_are_conflicts(ours: Apart) -> None:
    ours.put("conversations/77.json", [{"text": "stranger"}])
    ours.put("girls_data/78.json", {"name": "stranger"})
    assert ours.state("conversations/*.json").edited == ("conversations/77.json",)
    assert ours.renderer().look() == ["conversations/77.json", "girls_data/78.json"]
    flush(ours)
    assert sorted(ours.kinds()) == [("conversations", "77:0000000000", "added"), ("profiles", 78, "added")]
    assert "77:0000000000" not in ours.live(MESSAGES)
    assert all(b"stranger" in (ours.home / each.copy).read_bytes() for each in ours.conflicts())
    assert ours.state("conversations/*.json").edited == ()
    for conflict in ours.conflicts():
        ours.settle(conflict, take=True)
    ours.render()
    assert ours.content("conversations/77.json") == [{"text": "stranger"}]
    assert ours.content("girls_data/78.json")["name"] == "stranger"


# What is in quarantine


def test_a_mended_document_takes_the_place_of_the_one_in_quarantine(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1, faceit_nickname="bad")
    ours.confirm(USERS, refusal(USERS, 1, "data.json"))
    assert ours.record(USERS, 1).state == State.QUARANTINED
    ours.render()
    edited(ours)
    flush(ours)
    (conflict,) = ours.conflicts()
    ours.settle(conflict, take=True)
    record = ours.record(USERS, 1)
    assert (record.state, record.version) == (State.LIVE, (conflict.ours or 0) + 1)
    assert ours.document(USERS, 1)["faceit_nickname"] == "theirs"
    assert 1 in ours.pending(USERS)


# What lies inside a record


@pytest.mark.parametrize("quarantined", [False, True])
def test_what_lies_inside_a_deleted_record_goes_with_it_and_does_not_come_back(
    tmp_path: Path, quarantined: bool
) -> None:
    ours = taken(tmp_path, {"data.json": users(1, subscription={"tier": "pro", "referral_code": "R"})})
    ours.confirm(SUBSCRIPTIONS, *([refusal(SUBSCRIPTIONS, 1, "data.json")] if quarantined else []))
    ours.delete(USERS, 1)
    assert ours.record(SUBSCRIPTIONS, 1).state == State.DELETED
    assert ours.pending(SUBSCRIPTIONS) == {1: 1}
    assert ours.found_by(SUBSCRIPTIONS, "referral_code", "R") == []
    ours.check()
    ours.create(USERS, 1, user_id=1)
    ours.render()
    assert ours.content("data.json")["users"] == [{"user_id": 1}]
    ours.check()
    ours.index.close()


def test_what_was_no_document_goes_with_the_record_around_it(tmp_path: Path) -> None:
    ours = taken(tmp_path, {"data.json": users(1, subscription="scrap")})
    ours.delete(USERS, 1)
    ours.check()
    ours.render()
    assert ours.content("data.json")["users"] == []
    ours.index.close()


@pytest.mark.parametrize("named", [6, "six", None])
def test_a_record_of_a_list_that_names_another_key_is_refused(ours: Apart, named: object) -> None:
    with pytest.raises(NotItsKey, match=f"users 5 has the user_id {named!r}"):
        ours.create(USERS, 5, user_id=named)
    assert 5 not in ours.live(USERS)


def test_a_record_of_a_list_that_names_no_key_is_refused(ours: Apart) -> None:
    for write in (Writer.create, Writer.replace):
        with pytest.raises(NotItsKey, match="has no user_id"), commit(ours.index, ours.places) as writer:
            write(writer, USERS, 5 if write is Writer.create else 1, {"faceit_nickname": "ours"})
    assert (5 in ours.live(USERS), ours.document(USERS, 1)["user_id"]) == (False, 1)
