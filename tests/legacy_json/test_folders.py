"""Components of many files: what is read, what is refused, and whose the findings are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy_json import reading
from legacy_json.errors import SourceMissing, SourceShrank, SourceUnreadable
from legacy_json.layouts import Collection, FolderOf, ListOf, within
from legacy_json.records import State
from legacy_json.walking import walk
from tests.legacy_json.folders import EVENTS, MESSAGES, Folder, chat, opened, texts

MANY = 2_000
LISTS = Collection(
    "things", (ListOf("part_1.json", "things", "id"), ListOf("part_0.json", "things", "id")), unique=("u",)
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "bot", MESSAGES)
    yield made
    made.index.close()


def say(store: Folder, name: str, *said: object) -> None:
    store.write(f"conversations/{name}.json", chat(*said))


def read(store: Folder, **options: Any) -> None:
    store.read(**options)
    store.assert_balanced()


def statements(store: Folder) -> int:
    """How many the next reading executes."""
    told: list[str] = []
    store.index.connection().set_trace_callback(told.append)
    store.read()
    store.index.connection().set_trace_callback(None)
    return len(told)


# By difference


def test_of_thousands_of_files_only_the_one_that_changed_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executed = []
    names: list[str] = []
    for many in (10, MANY):
        store = Folder(tmp_path / str(many), MESSAGES)
        for number in range(many):
            say(store, str(number), "a", "b")
        store.read()
        if not names:
            names = opened(monkeypatch)
        names.clear()
        say(store, "7", "a", "b", "c")
        executed.append(statements(store))
        assert names == ["7.json"]
        assert texts(store, "7") == {0: "a", 1: "b", 2: "c"}
        assert len(store.live("conversations")) == 2 * many + 1
        store.index.close()
    assert executed[0] == executed[1]


def test_nothing_is_opened_where_nothing_changed(store: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    say(store, "1", "a")
    store.read()
    names = opened(monkeypatch)
    assert not store.read().changed
    assert names == []


def test_a_file_that_vanished_deletes_its_records_and_no_others(store: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    say(store, "1", "a", "b")
    say(store, "11", "c", "d", "e")
    read(store)
    store.confirm("conversations")
    names = opened(monkeypatch)
    store.remove("conversations/1.json")
    read(store)
    assert names == []
    assert (texts(store, "1"), len(texts(store, "11"))) == ({}, 3)
    assert store.pending("conversations") == ["1:0000000000", "1:0000000001"]


def test_a_file_that_came_back_has_new_positions_above_the_old(store: Folder) -> None:
    say(store, "1", "a", "b")
    say(store, "2", "c", "d", "e")
    read(store)
    store.remove("conversations/1.json")
    read(store)
    say(store, "1", "x")
    read(store)
    assert texts(store) == {2: "x"}


def test_a_file_that_only_moved_in_time_is_read_and_changes_nothing(store: Folder) -> None:
    say(store, "1", "a", 5, "b")
    say(store, "2", "c")
    read(store)
    before = store.dump()
    say(store, "1", "a", 5, "b")
    os.utime(store.root / "conversations/1.json", (1, 1))
    assert store.read().changed
    assert store.dump() == before


# Refusals


def test_a_folder_that_is_not_there_is_missing(store: Folder) -> None:
    with pytest.raises(SourceMissing, match="conversations"):
        store.read(patience=0)


def test_a_folder_that_vanished_deletes_nothing(store: Folder) -> None:
    say(store, "1", "a")
    read(store)
    store.remove("conversations/1.json")
    (store.root / "conversations").rmdir()
    with pytest.raises(SourceMissing):
        store.read(patience=0)
    assert texts(store) == {0: "a"}


def test_a_wrong_mount_deletes_nothing_of_optional_files_either(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", EVENTS)
    store.write("metrics.json", {"current": {}, "history": [{}] * 30})
    store.write("analytics_202501.json", [{"n": number} for number in range(30)])
    store.read_all()
    before = store.dump()
    store.root.rename(tmp_path / "away")
    store.root.mkdir()
    (tmp_path / "away" / "index").rename(store.root / "index")  # which lies elsewhere on a real host
    for source, refusal in {"analytics_*.json": SourceShrank, "metrics.json": SourceMissing}.items():
        with pytest.raises(refusal):
            reading.read(store.index, store.root, reading.sources(store.collections)[source], patience=0)
    assert store.dump() == before


def test_the_guard_looks_at_all_files_together(store: Folder) -> None:
    for number in range(10):
        say(store, str(number), *map(str, range(10)))
    read(store)
    for number in range(4):
        store.remove(f"conversations/{number}.json")
    read(store)
    for number in range(4, 8):
        say(store, str(number), "0")
    before = store.dump()
    with pytest.raises(SourceShrank) as caught:
        store.read()
    assert (caught.value.before, caught.value.now) == (60, 24)
    assert store.dump() == before
    read(store, confirm_shrink=True)
    assert len(store.live("conversations")) == 24


def test_one_file_that_was_emptied_among_others_is_no_loss_of_the_component(store: Folder) -> None:
    say(store, "1", "a", "b", "c")
    say(store, "2", "a", "b", "c", "d")
    read(store)
    say(store, "1")
    read(store)
    assert texts(store) == {}


def test_one_broken_file_refuses_all_and_names_itself(store: Folder) -> None:
    say(store, "1", "a")
    say(store, "2", "b")
    read(store)
    before = store.dump()
    say(store, "1", "a", "new")
    store.write_text("conversations/2.json", '[{"text": "b"}, {"te')
    with pytest.raises(SourceUnreadable, match=r"2\.json, byte 20, near entry 0") as caught:
        store.read()
    assert caught.value.path == store.root / "conversations/2.json"
    assert store.dump() == before


def test_a_file_that_is_no_list_is_refused(store: Folder) -> None:
    store.write("conversations/1.json", {"messages": []})
    with pytest.raises(SourceUnreadable, match=r"1\.json.*not a list"):
        store.read()


def test_a_name_that_is_no_text_is_refused_with_a_message_that_can_be_shown(store: Folder) -> None:
    say(store, "1", "a")
    (store.root / "conversations").joinpath(os.fsdecode(b"\xff.json")).write_text("[]")
    with pytest.raises(SourceUnreadable, match=r"\\udcff\.json: its name is not UTF-8") as caught:
        store.read()
    assert str(caught.value).encode()


def test_files_that_are_hidden_or_of_another_kind_are_no_part_of_it(store: Folder) -> None:
    say(store, "1", "a")
    store.write_text("conversations/.2.json", "being written")
    store.write_text("conversations/readme.txt", "no list")
    (store.root / "conversations/folder").mkdir()
    read(store)
    assert list(store.live("conversations")) == ["1:0000000000"]


# Written meanwhile


def test_a_file_that_changed_while_another_was_read_is_read_again(
    store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(store, "1", "a")
    say(store, "2", "b")
    late = ["b", "late"]

    def interrupted(*arguments: Any, **options: Any) -> None:
        walk(*arguments, **options)
        if late:
            say(store, "2", *late)
            late.clear()

    monkeypatch.setattr(reading, "walk", interrupted)
    read(store)
    assert texts(store, "2") == {0: "b", 1: "late"}
    assert {record.version for record in store.records("conversations")} == {0}


def test_a_file_that_appeared_or_went_during_a_reading_is_seen(store: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    say(store, "1", "a")
    say(store, "2", "b")
    once = [None]

    def interrupted(*arguments: Any, **options: Any) -> None:
        walk(*arguments, **options)
        if once:
            once.clear()
            say(store, "3", "c")
            store.remove("conversations/2.json")

    monkeypatch.setattr(reading, "walk", interrupted)
    read(store)
    assert list(store.live("conversations")) == ["1:0000000000", "3:0000000000"]


def test_what_a_reading_wrote_before_it_was_cut_off_goes_with_its_file(
    store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(store, "1", "a", "b", "c")
    read(store)

    def cut_off(*arguments: Any) -> None:
        raise KeyboardInterrupt

    say(store, "2", "new")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("legacy_json.applying.write_lookups", cut_off)
        store.read()
    assert texts(store, "2") == {0: "new"}
    store.remove("conversations/2.json")
    read(store)
    assert (texts(store, "2"), len(texts(store, "1"))) == ({}, 3)


# Findings


def test_findings_name_the_file_of_their_entry(store: Folder) -> None:
    say(store, "1", 5, "a")
    store.write_text("conversations/2.json", '\ufeff[{"text": "b"}, {"a": 1, "a": 2},]')
    read(store)
    assert [(f.source, f.ordinal, f.code) for f in store.findings("conversations")] == [
        ("conversations/1.json", 0, "not-an-object"),
        ("conversations/2.json", 1, "duplicate-name"),
        ("conversations/2.json", None, "byte-order-mark"),
        ("conversations/2.json", None, "trailing-comma"),
    ]


def test_findings_of_a_file_stay_while_others_are_read_and_go_with_it(store: Folder) -> None:
    say(store, "1", 5, "a")
    say(store, "2", 6, "b", "c", "d")
    read(store)
    say(store, "2", "b", "c", "d")
    read(store)
    assert [f.source for f in store.findings("conversations")] == ["conversations/1.json"]
    store.remove("conversations/1.json")
    read(store)
    assert store.findings("conversations") == []


def test_findings_of_a_file_with_a_strange_name_are_replaced_too(store: Folder) -> None:
    say(store, "a\tb\u200b", 5, "a")
    read(store)
    say(store, "a\tb\u200b", 6, "a")
    read(store)
    (finding,) = store.findings("conversations")
    assert (finding.raw, finding.source) == (b"6", r"conversations/a\tb\u200b.json")


def test_a_unique_value_in_two_files_is_the_first_files_by_name(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", LISTS)
    store.write("part_1.json", {"things": [{"id": 1, "u": "x"}, {"id": 2, "u": "y"}]})
    store.write("part_0.json", {"things": [{"id": 3, "u": "x"}]})
    for source in reversed(reading.sources(store.collections).values()):
        reading.read(store.index, store.root, source)
    assert {r.key: r.duplicate for r in store.records("things")} == {1: 1, 2: 0, 3: 0}
    (finding,) = store.findings("things")
    assert (finding.source, finding.ordinal, finding.key) == ("part_1.json", 0, 1)
    store.write("part_0.json", {"things": [{"id": 3, "u": "z"}]})
    store.read_all()
    assert not any(record.duplicate for record in store.records("things"))
    assert store.findings("things") == []
    store.assert_balanced()


def test_files_that_were_moved_to_another_folder_keep_their_records(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", MESSAGES, Collection("girls", (FolderOf("girls_data"),)))
    say(store, "1", "a", "b", "c")
    say(store, "2", "d")
    store.write("girls_data/1.json", {"n": 1})
    store.read_all()
    (store.root / "companion").mkdir()
    for name in ("conversations", "girls_data"):
        (store.root / name).rename(store.root / "companion" / name)
    store.collections = [
        Collection(c.name, tuple(within(x, "companion") for x in c.layouts), c.key) for c in store.collections
    ]
    store.write("companion/conversations/1.json", chat("b", "c"))  # one is gone since
    store.read_all()
    assert (texts(store), texts(store, "2")) == ({1: "b", 2: "c"}, {0: "d"})
    assert store.file_of(1, "girls") == "companion/girls_data/1.json"
    assert [record.state for record in store.records("conversations")] == [State.DELETED, *[State.LIVE] * 3]
    assert store.findings("conversations") == []
    store.assert_balanced()
