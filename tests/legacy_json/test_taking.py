"""Files change owners, and nothing is lost on the way there or back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from legacy_json import proving, surroundings, taking
from legacy_json.errors import NotOurs, SourceShrank
from legacy_json.owners import Owner, owner
from legacy_json.reading import read
from legacy_json.rendering.copies import manifest
from legacy_json.taking import ElsewhereAuthority, NotGivenBack, StillWritten, WrongOwner
from tests.legacy_json.apart import Apart, taken
from tests.legacy_json.ours import MESSAGES, PROFILES, SUBSCRIPTIONS, USERS, users


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Apart]:
    """Files that are the bot's."""
    made = Apart(tmp_path / "bot", tmp_path / "home")
    made.read()
    yield made
    made.index.close()


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path)
    yield made
    made.index.close()


def take(store: Apart, name: str = "data.json", *, confirm_shrink: bool = False) -> None:
    taking.take(store.index, store.root, store.source(name), datetime.now(UTC), confirm_shrink=confirm_shrink)


def test_a_file_that_was_written_just_now_stays_the_bots(theirs: Apart) -> None:
    os.utime(theirs.root / "data.json")
    with pytest.raises(StillWritten, match="Stop the bot"):
        take(theirs)
    assert owner(theirs.index, theirs.source()) is Owner.LEGACY


@pytest.mark.parametrize("step", ["keep_originals", "_own"])
def test_a_write_of_the_bot_in_the_middle_of_it_stays_the_bots(
    theirs: Apart, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(taking, step)

    def interrupted(*arguments: object) -> object:
        made = real(*arguments) if step == "keep_originals" else None
        theirs.put("data.json", users(1, 2, 3, 4))
        return made if step == "keep_originals" else real(*arguments)

    monkeypatch.setattr(taking, step, interrupted)
    with pytest.raises((StillWritten, taking.NotFaithful)):
        take(theirs)
    assert owner(theirs.index, theirs.source()) is Owner.LEGACY


def test_a_new_file_of_the_bot_in_the_middle_of_it_stays_the_bots(
    theirs: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove = proving.prove

    def interrupted(*arguments: object) -> None:
        theirs.put("girls_data/7.json", {"chat_id": 7})
        prove(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(proving, "prove", interrupted)
    with pytest.raises(StillWritten):
        take(theirs, "girls_data/*.json")


def test_what_is_ours_already_is_not_taken_again(ours: Apart) -> None:
    ours.age()
    with pytest.raises(WrongOwner, match="ours already"):
        take(ours)


def test_the_originals_are_those_of_the_last_take_over(theirs: Apart) -> None:
    take(theirs)
    theirs.replace(USERS, 1, user_id=1, faceit_nickname="late")
    theirs.give_back()
    theirs.age()
    take(theirs)
    kept = taking.originals(theirs.index, theirs.source())
    found = json.loads((kept / "files" / "data.json").read_text())
    assert found["users"][0]["faceit_nickname"] == "late"
    earlier = [path for path in kept.parent.iterdir() if path != kept]
    assert len(earlier) == 1  # the first are kept too
    assert manifest(earlier[0]) is not None


def test_copies_of_a_take_over_that_failed_are_not_taken_for_those_of_the_next(
    theirs: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(surroundings, "capture", _crash)
        take(theirs)
    theirs.put("data.json", users(1, 2, 3, 4, 5))
    take(theirs)
    kept = taking.originals(theirs.index, theirs.source())
    assert len(json.loads((kept / "files" / "data.json").read_text())["users"]) == 5


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_file_that_shrank_is_not_taken_without_a_word(theirs: Apart) -> None:
    theirs.put("data.json", users(1))
    with pytest.raises(SourceShrank):
        take(theirs)
    take(theirs, confirm_shrink=True)


def test_given_back_the_file_has_every_write_and_the_bot_may_write_it(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1, faceit_nickname="late")
    ours.give_back()
    assert ours.content("data.json")["users"][0]["faceit_nickname"] == "late"
    with pytest.raises(NotOurs):
        ours.replace(USERS, 1, user_id=1)
    ours.put("data.json", users(1, 2))
    assert read(ours.index, ours.root, ours.source()).deleted == {"users": 1, "subscriptions": 0}


def test_a_file_with_an_open_conflict_is_not_given_back(ours: Apart) -> None:
    ours.put("data.json", users(1, 2, 3, 4))
    with pytest.raises(NotGivenBack, match="differences are open"):
        ours.give_back()
    for conflict in ours.conflicts():
        ours.settle(conflict, take=conflict.kind == "added")
    ours.give_back()
    assert [user["user_id"] for user in ours.content("data.json")["users"]] == [1, 2, 3, 4]


def test_a_file_that_somebody_took_away_is_not_given_back_without_it(ours: Apart) -> None:
    (ours.root / "data.json").unlink()
    with pytest.raises(NotGivenBack, match="differences are open"):
        ours.give_back()
    assert len(ours.content("data.json")["users"]) == 3


def test_a_write_in_the_middle_of_giving_back_is_not_lost(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    look = taking._look

    def interrupted(*arguments: object) -> None:
        look(*arguments)  # type: ignore[arg-type]
        ours.replace(USERS, 2, user_id=2, faceit_nickname="late")

    monkeypatch.setattr(taking, "_look", interrupted)
    with pytest.raises(NotGivenBack, match="is being written"):
        ours.give_back()
    assert owner(ours.index, ours.source()) is Owner.SWITCHYARD
    assert ours.document(USERS, 2)["faceit_nickname"] == "late"


def test_records_without_a_place_are_not_dropped_in_silence(tmp_path: Path) -> None:
    ours = taken(tmp_path, {"data.json": users(1, 2, subscription={"tier": "pro"})})
    ours.create(SUBSCRIPTIONS, 9, tier="pro")
    with pytest.raises(NotGivenBack, match="--drop-orphans"):
        ours.give_back()
    assert ours.state().orphans == 1
    taking.give_back(ours.index, ours.root, ours.sources, ours.source(), drop_orphans=True)
    assert set(ours.live(SUBSCRIPTIONS)) == {1, 2, 9}
    ours.index.close()


def test_half_a_surrogate_pair_is_taken_over_and_written_as_the_bot_wrote_it(tmp_path: Path) -> None:
    said = [{"text": "one"}, {"text": "half a pair: \ud83d"}]
    ours = taken(tmp_path, {"conversations/10.json": said})
    ours.append(MESSAGES, "10", text="\udc00: the other half")
    ours.render()
    assert ours.content("conversations/10.json") == [*said, {"text": "\udc00: the other half"}]
    ours.index.close()


@pytest.mark.parametrize("act", ["give back", "restore", "take anew"])
def test_while_the_database_is_the_authority_no_file_changes_owners(ours: Apart, act: str) -> None:
    with ours.index.write() as (connection, _):
        connection.execute("INSERT INTO fence (component, state, epoch) VALUES ('subscriptions', 'closed', 1)")
    with pytest.raises(ElsewhereAuthority, match="subscriptions"):
        if act == "give back":
            ours.give_back()
        elif act == "restore":
            taking.restore(ours.index, ours.root, ours.source(), datetime.now(UTC))
        else:
            ours.take_anew()
    assert owner(ours.index, ours.source()) is Owner.SWITCHYARD


def test_restored_the_files_are_as_they_were_and_what_stood_there_is_kept(ours: Apart) -> None:
    before = (ours.root / "data.json").read_bytes()
    ours.replace(USERS, 1, user_id=1, faceit_nickname="late")
    ours.render()
    assert taking.changed_since(ours.index, ours.source()) == 1
    taking.restore(ours.index, ours.root, ours.source(), datetime.now(UTC))
    assert (ours.root / "data.json").read_bytes() == before
    assert owner(ours.index, ours.source()) is Owner.LEGACY
    (kept,) = (ours.home / "displaced").rglob("data.json")
    assert json.loads(kept.read_text())["users"][0]["faceit_nickname"] == "late"
    read(ours.index, ours.root, ours.source())
    assert ours.document(USERS, 1)["faceit_nickname"] == "one"


def test_a_bot_that_writes_is_not_restored_under_its_hands(ours: Apart) -> None:
    ours.give_back()
    ours.put("data.json", users(1, 2, 3, 4))
    os.utime(ours.root / "data.json", (time.time(), time.time()))
    with pytest.raises(StillWritten):
        taking.restore(ours.index, ours.root, ours.source(), datetime.now(UTC))


def test_of_two_places_only_the_one_that_is_taken_over_is_ours(theirs: Apart) -> None:
    take(theirs)
    theirs.replace(USERS, 1, user_id=1)
    with pytest.raises(NotOurs, match="girls_data"):
        theirs.replace(PROFILES, 5, chat_id=5)
