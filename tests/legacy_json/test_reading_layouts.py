"""Reading by difference where records lie otherwise than in one list of one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from legacy_json.errors import SourceShrank, SourceUnreadable
from legacy_json.layouts import Collection, FolderOf, ListOf, ObjectOf, sources
from tests.legacy_json.stores import SUBSCRIPTIONS, USERS, Store


def test_several_sections_of_one_file_are_read_together(tmp_path: Path) -> None:
    both = [Collection("a", (ListOf("d.json", "a", "id"),)), Collection("b", (ObjectOf("d.json", "b"),), key=str)]
    store = Store(tmp_path, both)
    store.put('{"b": {"x": {"n": 1}, "": {}}, "other": [[1, 2], {"y": []}], "a": [{"id": 1}, {"id": 2}]}')
    store.read()
    assert store.live("a") == {1: {"id": 1}, 2: {"id": 2}}
    assert store.live("b") == {"x": {"n": 1}}
    assert [f.code for f in store.quarantined("b")] == ["no-key"]
    store.assert_balanced()


def test_a_list_that_is_the_whole_file(tmp_path: Path) -> None:
    store = Store(tmp_path, [Collection("a", (ListOf("d.json", None, "id"),), key=str)])
    store.put('[{"id": "x"}, {"id": 5}, {"id": "a\\u0000"}, {"id": 1.5}]')
    store.read()
    assert list(store.live("a")) == ["5", "x"]
    assert store.codes("a") == ["key-repaired", "no-key", "no-key"]
    store.assert_balanced()


def _folder(tmp_path: Path, **files: str) -> Store:
    store = Store(tmp_path, [Collection("girls", (FolderOf("girls_data"),))])
    store.path.mkdir()
    for name, text in files.items():
        (store.path / f"{name}.json").write_text(text)
    store.age()
    return store


def test_a_folder_holds_one_record_a_file(tmp_path: Path) -> None:
    store = _folder(tmp_path, **{"-100": '{"n": 1}', "7": '{"n": 2}', "notes": '{"n": 3}', "8": "[]"})
    (store.path / "readme.txt").write_text("no record")
    store.read()
    assert store.live("girls") == {-100: {"n": 1}, 7: {"n": 2}}
    assert [(f.code, f.source) for f in store.quarantined("girls")] == [
        ("not-an-object", "girls_data/8.json"), ("no-key", "girls_data/notes.json"),
    ]  # fmt: skip
    store.assert_balanced()


def test_a_folder_is_followed_by_difference(tmp_path: Path) -> None:
    store = _folder(tmp_path, **{"1": '{"n": 1}', "2": '{"n": 2}', "3": '{"n": 3}'})
    store.read()
    (store.path / "1.json").write_text('{"n": 9}')
    (store.path / "2.json").unlink()
    store.age(60)
    result = store.read()
    assert (result.updated, result.deleted) == ({"girls": 1}, {"girls": 1})


def test_one_broken_file_of_a_folder_refuses_the_component(tmp_path: Path) -> None:
    store = _folder(tmp_path, **{"1": '{"n": 1}', "2": '{"n": ', "3": '{"n": 3}'})
    with pytest.raises(SourceUnreadable, match=r"girls_data/2\.json, byte 6") as caught:
        store.read()
    assert caught.value.path == store.path / "2.json"
    assert store.records("girls") == []


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    store = _folder(tmp_path)
    with pytest.raises(SourceShrank):
        store.read()


def test_sources_lists_each_file_once_with_containers_first() -> None:
    matches = Collection("matches", (ObjectOf("matches.json"),), key=str)
    found = sources([SUBSCRIPTIONS, matches, USERS])
    assert {name: source.collections for name, source in found.items()} == {
        "matches.json": (matches,),
        "data.json": (USERS, SUBSCRIPTIONS),
    }
