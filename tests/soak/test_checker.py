"""Each violation in the smallest history that has it: the checker can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.history import Alarmed, Broken, Ended, Event, Looked, Outcome, Read, Recorder, Seen, Started, Stood
from tests.soak.judging import judge
from tests.soak.states import changed, created

BORN = created("a")


def wrote(
    token: str,
    at: int,
    text: str | None,
    *,
    kind: str = "update",
    outcome: Outcome = "acknowledged",
    version: int = -1,
    key: int = 1,
    error: str = "",
) -> list[Event]:
    """A write from that moment until 5 later, with what it left there."""
    seen = [] if text is None else [Seen(key, text, version)]
    return [Started(token, at, kind, "users", [key]), Ended(token, at + 5, outcome, seen, error)]


def read(at: int, text: str | None, *, version: int = -1, stale: bool = False, final: bool = False) -> Event:
    return Read(at, at + 5, "users", [Seen(1, text, version)], stale=stale, final=final)


def began(token: str, at: int, kind: str = "update", keys: tuple[int, ...] = (1,)) -> Event:
    """By a process that was killed."""
    return Started(token, at, kind, "users", list(keys))


CREATED = wrote("a", 0, BORN, kind="create", version=0)
TWICE = changed(changed(BORN, "b"), "c")


def found(folder: Path, *events: Event) -> list[str]:
    recorder = Recorder(folder, "1-test")
    for event in events:
        recorder.note(event)
    return sorted({violation.kind for violation in judge(folder).violations})


def test_nothing_is_found_where_all_is_well(tmp_path: Path) -> None:
    deleted = [*wrote("d", 40, TWICE, kind="delete"), read(50, None)]
    again = [*wrote("e", 60, created("e"), kind="create", version=9), read(70, created("e"), version=9, final=True)]
    events = [*CREATED, *wrote("b", 10, changed(BORN, "b"), version=1), *wrote("c", 20, TWICE, version=3)]
    assert found(tmp_path, *events, read(30, TWICE, version=3), *deleted, *again) == []


@pytest.mark.parametrize("end", [changed(BORN, "b"), BORN])
def test_a_write_whose_process_was_killed_may_be_there_or_not(tmp_path: Path, end: str) -> None:
    assert found(tmp_path, *CREATED, began("b", 10), read(20, end, final=True)) == []


def test_a_read_that_overlaps_the_write_may_give_either(tmp_path: Path) -> None:
    written = wrote("b", 10, changed(BORN, "b"))
    assert found(tmp_path, *CREATED, *written, read(12, BORN), read(20, changed(BORN, "b"))) == []


def test_a_lost_write(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, *wrote("b", 10, changed(BORN, "b")), read(20, BORN, final=True)) == ["lost"]


def test_a_lost_record(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, read(20, None, final=True)) == ["lost"]


def test_a_delete_that_did_not_see_what_was_acknowledged(tmp_path: Path) -> None:
    events = [*wrote("b", 10, changed(BORN, "b")), *wrote("d", 20, BORN, kind="delete"), read(30, None, final=True)]
    assert "lost" in found(tmp_path, *CREATED, *events)


def test_a_read_older_than_what_was_acknowledged(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, *wrote("b", 10, changed(BORN, "b")), read(20, BORN)) == ["old"]


def test_a_read_older_than_what_was_read(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, began("b", 10), read(20, changed(BORN, "b")), read(30, BORN)) == ["old"]


def test_a_read_may_be_older_if_it_says_so(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, *wrote("b", 10, changed(BORN, "b")), read(20, BORN, stale=True)) == []


def test_a_record_that_is_not_there_for_a_moment(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, read(20, None), read(30, BORN, final=True)) == ["old"]


def test_a_record_that_is_created_though_it_is_there(tmp_path: Path) -> None:
    assert "old" in found(tmp_path, *CREATED, *wrote("b", 10, created("b"), kind="create"))


def test_two_writes_that_make_the_same_change(tmp_path: Path) -> None:
    events = [*wrote("b", 10, changed(BORN, "b")), *wrote("c", 12, changed(BORN, "c"))]
    assert "overwritten" in found(tmp_path, *CREATED, *events)


def test_a_write_that_is_applied_twice(tmp_path: Path) -> None:
    assert "twice" in found(tmp_path, *CREATED, *wrote("b", 10, changed(changed(BORN, "b"), "b")))


def test_a_deleted_record_that_is_back(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, *wrote("d", 10, BORN, kind="delete"), read(20, BORN)) == ["revived"]


def test_a_deleted_record_that_is_back_after_another_was_created(tmp_path: Path) -> None:
    deleted = wrote("d", 10, None, kind="delete")
    again = wrote("e", 20, created("e"), kind="create")
    assert "revived" in found(tmp_path, *CREATED, *deleted, *again, read(30, BORN))


def test_a_refused_write_that_took_effect(tmp_path: Path) -> None:
    refused = wrote("b", 10, None, outcome="refused", error="StoreBusy")
    assert found(tmp_path, *CREATED, *refused, read(20, changed(BORN, "b"))) == ["refused"]


def test_a_change_that_nobody_made(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, read(20, changed(BORN, "z"))) == ["nobody"]


def test_a_change_whose_maker_nobody_saw_and_nobody_can_have_been(tmp_path: Path) -> None:
    assert found(tmp_path, *CREATED, read(20, "a|9|a")) == ["nobody", "twice"]


def test_half_of_a_write_of_two_records(tmp_path: Path) -> None:
    events = [*CREATED, *wrote("o", 0, created("o"), kind="create", key=2), began("p", 10, "pair", (1, 2))]
    there = Read(20, 25, "users", [Seen(1, changed(BORN, "p")), Seen(2, created("o"))], final=True)
    assert found(tmp_path, *events, there) == ["half"]


def test_a_version_with_two_states(tmp_path: Path) -> None:
    events = [*wrote("b", 10, changed(BORN, "b"), version=1), *wrote("c", 20, TWICE, version=1)]
    assert found(tmp_path, *CREATED, *events) == ["version"]


def test_a_version_that_falls(tmp_path: Path) -> None:
    events = [*wrote("b", 10, changed(BORN, "b"), version=4), *wrote("c", 20, TWICE, version=2)]
    assert found(tmp_path, *CREATED, *events) == ["version"]


def test_stores_that_differ_and_two_authorities_and_a_broken_file(tmp_path: Path) -> None:
    events: list[Event] = [Broken(1, "differ", "users", 1), Broken(2, "two"), Looked(3, 1, ["data.json: no end"])]
    assert found(tmp_path, *events) == ["authority", "file", "stores"]


def test_a_false_alarm(tmp_path: Path) -> None:
    assert found(tmp_path, Alarmed(1, "handlers", "a backup?")) == ["alarm"]


@pytest.mark.parametrize(("came_from", "epoch"), [("disabled json", 2), ("dual-write json", 1)])
def test_a_history_of_moves_that_contradicts_itself(tmp_path: Path, came_from: str, epoch: int) -> None:
    first = Stood(1, "users", "disabled json", "dual-write json", "json", 1, "mirror on")
    then = Stood(2, "users", came_from, "dual-write database", "database", epoch, "to the database")
    assert found(tmp_path, first, then) == ["authority"]


def test_a_line_that_was_cut_short_is_nobody_s(tmp_path: Path) -> None:
    found(tmp_path, *CREATED)
    with (tmp_path / "1-test.0.jsonl").open("ab") as file:
        file.write(b'["s","b",1')
    assert judge(tmp_path).violations == []
