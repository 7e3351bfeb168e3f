"""Files that are not where they were: what is ours is not taken for deleted, nor is what cannot be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from legacy_json.errors import SourceUnreadable
from legacy_json.layouts import Collection, ObjectOf, SequenceOf, sources
from legacy_json.reading import CopiedElsewhere, MovedWhileOurs, read
from legacy_json.records import State
from legacy_json.walking import files_of
from tests.legacy_json.ours import Ours

FILE = '{"1": {"a": 1}, "2": {"a": 2}}'


def things(file: str) -> Collection:
    return Collection("things", (ObjectOf(file),), int)


def test_a_file_of_ours_that_was_moved_is_not_the_bots_elsewhere(tmp_path: Path) -> None:
    ours = Ours(tmp_path, {"things.json": FILE}, (things("things.json"),)).take()
    (ours.root / "f").mkdir()
    (ours.root / "things.json").rename(ours.root / "f" / "things.json")
    (moved,) = {source.name: source for source in sources([things("f/things.json")]).values()}.values()
    for _ in range(2):
        with pytest.raises(MovedWhileOurs, match="legacy_give_back 'things.json'"):
            read(ours.index, ours.root, moved)
    states = ours.index.connection().execute("SELECT DISTINCT state FROM record").fetchall()
    assert states == [(State.LIVE,)]
    owner = ours.index.connection().execute("SELECT owner FROM source WHERE name = 'things.json'").fetchone()
    assert owner == ("switchyard",)


@pytest.mark.parametrize(("before", "after"), [("", "f/"), ("f/", ""), ("f/", "g/")])
@pytest.mark.parametrize("owned", [True, False], ids=["ours", "the bot's"])
def test_files_that_were_copied_to_another_folder_are_no_other_source(
    tmp_path: Path, before: str, after: str, owned: bool
) -> None:
    store = Ours(tmp_path, {f"{before}things.json": FILE}, (things(f"{before}things.json"),))
    store.read()
    if owned:
        store.take()
    store.put(f"{after}things.json", '{"1": {"a": "newer"}, "2": {"a": 2}, "3": {}}')
    (copied,) = sources([things(f"{after}things.json")]).values()
    with pytest.raises(CopiedElsewhere) as refused:
        read(store.index, store.root, copied)
    for folder in (before, after):
        assert str((store.root / folder / "things.json").parent) in str(refused.value)
    assert store.live(store.collections[0]) == {1: {"a": 1}, 2: {"a": 2}}
    if not owned:
        (store.root / f"{before}things.json").unlink()
        read(store.index, store.root, copied)
        assert store.live(store.collections[0]) == {1: {"a": "newer"}, 2: {"a": 2}, 3: {}}
        assert list(store.index.findings("things")) == []


def test_folders_of_records_that_were_copied_are_named_too(tmp_path: Path) -> None:
    lists, moved = (Collection("lists", (SequenceOf(f"{at}lists/*.json"),), str) for at in ("", "f/"))
    store = Ours(tmp_path, {"lists/5.json": [{}, {}]}, (lists,))
    store.read()
    store.put("f/lists/5.json", [{}, {}, {}])
    (copied,) = sources([moved]).values()
    with pytest.raises(CopiedElsewhere, match=r"records of .*/f/lists are known from .*/lists, where 5\.json"):
        read(store.index, store.root, copied)


@pytest.mark.parametrize("odd", ["dangling link", "folder"])
def test_what_has_a_files_name_and_is_none_is_no_deletion(tmp_path: Path, odd: str) -> None:
    lists = Collection("lists", (SequenceOf("lists/*.json"),), str)
    (source,) = {s.name: s for s in sources([lists]).values()}.values()
    (tmp_path / "lists").mkdir()
    if odd == "folder":
        (tmp_path / "lists" / "5.json").mkdir()
    else:
        (tmp_path / "lists" / "5.json").symlink_to(tmp_path / "away.json")
    with pytest.raises(SourceUnreadable, match="it is no file, or a link to none"):
        files_of(tmp_path, source)
