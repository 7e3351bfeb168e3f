"""A few last good states of each file, each of which says what it has to be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from legacy_json.rendering import durable, refusals
from legacy_json.rendering.copying import CopyDamaged
from legacy_json.rendering.last_good import LastGood
from legacy_json.rendering.replace import draft, sweep
from tests.legacy_json.rendering.dying import at_every_step, contents, no_file_longer_than


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.json"


@pytest.fixture
def good(tmp_path: Path) -> LastGood:
    return LastGood(tmp_path / "copies" / "data.json")


def rewritten(path: Path, good: LastGood, data: bytes) -> None:
    """As a rendering does it."""
    with draft(path) as made:
        made.write(data)
        displaced = made.replace().displaced
    assert displaced is not None
    good.adopt(displaced)


def held(good: LastGood) -> list[bytes]:
    return [copy.path.read_bytes() for copy in good.copies()]


def test_as_many_as_asked_for_are_kept_newest_first(path: Path, good: LastGood) -> None:
    assert good.copies() == []
    for number in range(5):
        path.write_bytes(b"state %d" % number)
        good.keep(path)
    assert held(good) == [b"state 4", b"state 3", b"state 2"]


def test_a_state_that_is_the_newest_already_is_not_kept_twice(path: Path, good: LastGood) -> None:
    path.write_bytes(b"state")
    assert good.keep(path) == good.keep(path)
    assert held(good) == [b"state"]
    assert len(contents(good.folder)) == 1


def test_a_displaced_file_becomes_the_copy_itself(path: Path, good: LastGood) -> None:
    path.write_bytes(b"state 0")
    inode = path.stat().st_ino
    rewritten(path, good, b"state 1")
    (copy,) = good.copies()
    assert copy.path.stat().st_ino == inode
    assert held(good) == [b"state 0"]
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == ["data.json"]


def test_the_newest_undamaged_copy_comes_back(path: Path, good: LastGood) -> None:
    for number in range(3):
        path.write_bytes(b"state %d" % number)
        good.keep(path)
    path.write_bytes(b"spoilt")
    good.copies()[0].path.write_bytes(b"State 2")
    placed = good.restore(path, within=path.parent)
    assert path.read_bytes() == b"state 1"
    assert placed.displaced is not None
    assert placed.displaced.path.read_bytes() == b"spoilt"


def test_without_an_undamaged_copy_nothing_is_touched(path: Path, good: LastGood) -> None:
    path.write_bytes(b"state")
    with pytest.raises(CopyDamaged, match="no copy"):
        good.restore(path, within=path.parent)
    good.keep(path).path.write_bytes(b"State")
    with pytest.raises(CopyDamaged, match="checksum"):
        good.restore(path, within=path.parent)
    assert path.read_bytes() == b"state"


def test_a_writer_killed_at_any_step_leaves_enough_good_copies(tmp_path: Path) -> None:
    def prepare(place: Path) -> Callable[[], None]:
        path, good = place / "data.json", LastGood(place / "copies", count=2)
        for number in range(3):
            path.write_bytes(b"state %d" % number)
            good.keep(path)

        def act() -> None:
            rewritten(path, good, b"state 3")
            good.keep(path)

        return act

    for place, died in at_every_step(tmp_path, prepare):
        path, good = place / "data.json", LastGood(place / "copies", count=2)
        assert len(good.copies()) >= 2, died
        for copy in good.copies():
            assert copy.checked == LastGood(place / "again").keep(copy.path).checked, died
        assert path.read_bytes() in (b"state 2", b"state 3"), died
        for displaced in sweep(place):
            good.adopt(displaced)
        good.keep(path)
        assert len(good.copies()) == 2, died
        assert len(contents(good.folder)) == 2, died
        assert held(good)[0] == path.read_bytes(), died


def test_a_new_copy_is_on_the_disk_before_an_old_one_goes(
    path: Path, good: LastGood, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        path.write_bytes(b"state %d" % number)
        good.keep(path)
    done: list[str] = []
    real_sync, real_unlink = durable.sync_folder, os.unlink

    def sync(folder: Path) -> None:
        done.append("sync")
        real_sync(folder)

    def unlink(path: Path) -> None:
        done.append("unlink")
        real_unlink(path)

    monkeypatch.setattr(durable, "sync_folder", sync)
    monkeypatch.setattr(os, "unlink", unlink)
    path.write_bytes(b"state 3")
    good.keep(path)
    assert done == ["sync", "unlink"]
    done.clear()
    rewritten(path, good, b"state 4")
    assert done[-3:] == ["sync", "sync", "unlink"]


def test_on_a_full_disk_the_copies_stay(path: Path, good: LastGood) -> None:
    path.write_bytes(b"state")
    good.keep(path)
    path.write_bytes(b"x" * 5000)
    with no_file_longer_than(2000), pytest.raises(refusals.DiskFull):
        good.keep(path)
    assert held(good) == [b"state"]
    assert len(contents(good.folder)) == 1
