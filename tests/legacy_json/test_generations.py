"""A component that moved from one layout to another: read together, the newer wins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_json.errors import SourceMissing, SourceShrank
from legacy_json.layouts import Collection, Generations, ObjectOf
from legacy_json.records import State
from tests.legacy_json.folders import PROFILES, Folder, opened

OLD = "girls_data.json"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "bot", PROFILES)
    yield made
    made.index.close()


def old(store: Folder, **profiles: object) -> None:
    store.write(OLD, {"girls": {key.removeprefix("n"): value for key, value in profiles.items()}})


def new(store: Folder, key: str, value: object) -> None:
    store.write(f"girls_data/{key}.json", value)


def read(store: Folder) -> None:
    store.read()
    store.assert_balanced()


def places(store: Folder) -> dict[int | str, str]:
    return {key: store.file_of(key, "profiles") for key in store.live("profiles")}


def found(store: Folder) -> list[tuple[int | str | None, str, str]]:
    return [(f.key, f.source, f.code) for f in store.findings("profiles")]


def test_each_is_read_where_it_is_and_in_both_the_newer_wins(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={"in": "old"})
    new(store, "2", {"in": "new"})
    new(store, "-3", {"in": "new"})
    read(store)
    assert store.live("profiles") == {1: {"in": "old"}, 2: {"in": "new"}, -3: {"in": "new"}}
    assert places(store) == {1: OLD, 2: "girls_data/2.json", -3: "girls_data/-3.json"}


def test_the_older_one_is_a_finding_beside_the_newer(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={"in": "old"})
    new(store, "2", {"in": "new"})
    read(store)
    (finding,) = store.findings("profiles")
    assert (finding.code, finding.key, finding.source, finding.ordinal) == ("superseded", 2, OLD, 1)
    assert finding.raw == b'{"in":"old"}'
    assert "girls_data/2.json has the same key" in finding.detail


def test_the_older_one_is_no_defect_and_the_ledger_counts_it_by_itself(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={"in": "old"}, n3={"in": "old"})
    new(store, "2", {"in": "new"})
    new(store, "3", {"in": "new"})
    new(store, "03", {"in": "a copy"})
    read(store)
    store.confirm("profiles")
    ledger = store.index.ledger("profiles")
    assert (ledger.entries, ledger.imported, ledger.superseded, ledger.quarantined) == (6, 3, 2, 1)
    assert [(finding.outcome, finding.source) for finding in store.quarantined("profiles")] == [
        ("quarantined", "girls_data/03.json")
    ]


@pytest.mark.parametrize("present", ["old", "new"])
def test_one_generation_alone_is_enough(store: Folder, present: str) -> None:
    if present == "old":
        old(store, n1={})
    else:
        new(store, "1", {})
    read(store)
    assert list(store.live("profiles")) == [1]


def test_none_at_all_is_missing_and_the_newest_is_named(store: Folder) -> None:
    with pytest.raises(SourceMissing, match="girls_data"):
        store.read(patience=0)


def test_the_older_entry_comes_back_when_the_newer_file_vanishes(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={})
    new(store, "1", {"in": "new"})
    new(store, "5", {})
    read(store)
    store.confirm("profiles")
    store.remove("girls_data/1.json")
    read(store)
    assert store.live("profiles")[1] == {"in": "old"}
    assert (store.record(1, "profiles").version, store.pending("profiles")) == (1, [1])
    assert found(store) == []


def test_a_newer_file_that_appears_wins_though_the_older_did_not_change(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={"in": "old"})
    new(store, "5", {})
    read(store)
    new(store, "1", {"in": "new"})
    read(store)
    assert store.live("profiles")[1] == {"in": "new"}
    assert found(store) == [(1, OLD, "superseded")]
    assert places(store)[2] == OLD


def test_a_newer_file_that_appears_for_a_new_record_leaves_the_older_unread(
    store: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    old(store, n1={"in": "old"})
    read(store)
    names = opened(monkeypatch)
    new(store, "5", {})
    read(store)
    assert names == ["5.json"]


def test_both_may_change_in_one_reading(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={"in": "old"})
    new(store, "3", {"in": "new"})
    read(store)
    old(store, n1={"in": "old again"}, n2={"in": "old again"}, n3={"in": "old again"})
    new(store, "2", {"in": "new"})
    new(store, "3", {"in": "new again"})
    read(store)
    assert [document["in"] for document in store.live("profiles").values()] == ["old again", "new", "new again"]
    assert sorted(found(store), key=repr) == [(2, OLD, "superseded"), (3, OLD, "superseded")]


def test_a_record_that_only_moved_is_followed_to_its_new_file(store: Folder) -> None:
    old(store, n1={"x": 1}, n2={})
    read(store)
    old(store, n2={})
    new(store, "1", {"x": 1})
    read(store)
    assert places(store)[1] == "girls_data/1.json"
    assert store.record(1, "profiles").state == State.LIVE
    assert store.codes("profiles") == []


def test_a_live_older_record_stands_before_a_newer_that_is_none(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={})
    new(store, "1", [])
    read(store)
    assert store.live("profiles")[1] == {"in": "old"}
    assert found(store) == [(1, "girls_data/1.json", "not-an-object")]


def test_the_newer_that_is_none_reserves_the_key_once_the_older_is_gone(store: Folder) -> None:
    old(store, n1={"in": "old"}, n2={})
    new(store, "1", [])
    read(store)
    old(store, n2={})
    read(store)
    assert store.record(1, "profiles").state == State.QUARANTINED
    assert found(store) == [(1, "girls_data/1.json", "not-an-object")]


def test_two_files_of_one_key_are_read_together_too(store: Folder) -> None:
    new(store, "1", {"in": "1"})
    new(store, "01", {"in": "01"})
    read(store)
    assert store.live("profiles") == {1: {"in": "1"}}
    store.remove("girls_data/1.json")
    read(store)
    assert store.live("profiles") == {1: {"in": "01"}}


def test_two_sections_of_one_file_may_be_two_generations(tmp_path: Path) -> None:
    layouts = ObjectOf("all.json", "old", optional=True), ObjectOf("all.json", "new", optional=True)
    store = Folder(tmp_path / "bot", Collection("things", (Generations(layouts),)))
    store.write("all.json", {"old": {"1": {}, "2": {}}, "new": {"3": {}}})
    read(store)
    store.write("all.json", {"old": {"2": {}}, "new": {"3": {}, "1": {}}})
    read(store)
    store.write("all.json", {"new": {"3": {}, "1": {}}})
    read(store)
    assert list(store.live("things")) == [1, 3]


def test_values_that_are_shared_across_generations_are_marked_by_the_files_names(store: Folder) -> None:
    new(store, "2", {"nick": "a"})
    read(store)
    old(store, n1={"nick": "a"})  # read later, and yet the first by name
    read(store)
    assert {r.key: r.duplicate for r in store.records("profiles")} == {1: 0, 2: 1}
    assert found(store) == [(2, "girls_data/2.json", "duplicate-value")]


def test_a_mark_does_not_move_because_another_file_was_read(store: Folder) -> None:
    old(store, n1={"nick": "a"}, n2={"nick": "a"}, n3={})
    read(store)
    old(store, n2={"nick": "a"}, n1={"nick": "a"}, n3={})  # only the order has changed
    read(store)
    versions = [record.version for record in store.records("profiles")]
    new(store, "9", {})
    read(store)
    assert {r.key: r.duplicate for r in store.records("profiles")} == {1: 1, 2: 0, 3: 0, 9: 0}
    assert [record.version for record in store.records("profiles")][:3] == versions


def test_a_generation_that_vanished_is_refused_until_confirmed(store: Folder) -> None:
    old(store, n1={}, n2={})
    new(store, "3", {})
    read(store)
    store.remove(OLD)
    with pytest.raises(SourceMissing, match="girls_data.json"):
        store.read(patience=0)
    assert len(store.live("profiles")) == 3
    store.read(confirm_shrink=True)
    assert list(store.live("profiles")) == [3]
    store.assert_balanced()
    assert not store.read().changed


def test_the_folder_that_vanished_is_refused_until_confirmed(store: Folder) -> None:
    old(store, n1={}, n2={}, n3={})
    new(store, "4", {})
    read(store)
    store.remove("girls_data/4.json")
    (store.root / "girls_data").rmdir()
    with pytest.raises(SourceMissing, match="girls_data/"):
        store.read(patience=0)
    store.read(confirm_shrink=True)
    assert sorted(store.live("profiles")) == [1, 2, 3]
    store.assert_balanced()


def test_the_guard_counts_the_records_of_all_generations(store: Folder) -> None:
    old(store, **{f"n{number}": {} for number in range(20)})
    for number in range(20, 25):
        new(store, str(number), {})
    read(store)
    for number in range(20, 25):
        store.remove(f"girls_data/{number}.json")
    read(store)  # five of twenty-five
    with pytest.raises(SourceShrank) as caught:
        old(store, n1={})
        store.read()
    assert (caught.value.before, caught.value.now) == (20, 1)
