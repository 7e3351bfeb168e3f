"""Files that are not where they were: what is ours is not taken for deleted, nor is what cannot be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from legacy_json.errors import SourceUnreadable
from legacy_json.layouts import Collection, ObjectOf, SequenceOf, sources
from legacy_json.reading import MovedWhileOurs, read
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
