"""Files follow the index, and a disk that is full, or a file that cannot be written, holds up nothing else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_json import renderer
from legacy_json.lock import held
from legacy_json.overview import Waiting
from legacy_json.rendering.refusals import DiskFull, FileUnwritable, NotAFile
from legacy_json.rendering.replace import Displaced, sweep
from tests.legacy_json.apart import FILES, Apart, taken
from tests.legacy_json.ours import PROFILES, USERS
from tests.legacy_json.rendering.dying import mounted


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path)
    yield made
    made.index.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Apart]:
    """Its files lie on a small disk of their own."""
    root = tmp_path / "bot"
    root.mkdir()
    with mounted(root, "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        made = Apart(root, tmp_path / "home")
        made.take()
        yield made
        made.index.close()


def test_on_a_full_disk_the_last_good_file_stands_and_the_write_is_safe(small: Apart) -> None:
    before = (small.root / "data.json").read_bytes()
    small.replace(USERS, 1, user_id=1, text="x" * 400_000)
    with pytest.raises(DiskFull, match="Make room there; it will be written again"):
        small.render()
    assert (small.root / "data.json").read_bytes() == before
    assert len(small.document(USERS, 1)["text"]) == 400_000
    assert sorted(path.name for path in small.root.iterdir()) == [".switchyard", "data.json", "girls_data"]


def test_staff_are_shown_that_the_disk_is_full_until_it_is_not(small: Apart) -> None:
    small.replace(USERS, 1, user_id=1, text="x" * 400_000)
    with pytest.raises(DiskFull):
        small.render()
    state = small.state()
    assert state.waiting.files == 1
    assert "its disk is full" in state.waiting.trouble["data.json"]
    assert state.needs_staff
    small.replace(USERS, 1, user_id=1, text="short")
    assert small.render() == 1
    assert small.state().waiting == Waiting(0, None, {})
    assert small.content("data.json")["users"][0]["text"] == "short"


def test_one_file_that_cannot_be_written_holds_up_no_other(ours: Apart) -> None:
    (ours.root / "girls_data" / "5.json").unlink()
    (ours.root / "girls_data" / "5.json").mkdir()
    ours.replace(PROFILES, 5, chat_id=5, name="Olga")
    ours.replace(PROFILES, 6, chat_id=6, name="Nina")
    ours.replace(USERS, 1, user_id=1, faceit_nickname="two")
    with pytest.raises(NotAFile):
        ours.render()
    assert ours.content("girls_data/6.json")["name"] == "Nina"
    assert ours.content("data.json")["users"][0]["faceit_nickname"] == "two"
    assert list(ours.state("girls_data/*.json").waiting.trouble) == ["girls_data/5.json"]


def test_a_failure_is_logged_once_however_often_it_is_tried(
    ours: Apart, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise FileUnwritable(ours.root / "data.json", "its disk is full", "Make room.")

    monkeypatch.setattr(renderer, "compose", full)
    ours.replace(USERS, 1, user_id=1)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(FileUnwritable):
                ours.render()
    assert len(caplog.records) == 1


def test_staff_see_since_when_a_file_waits(ours: Apart) -> None:
    before = time.time()
    ours.replace(USERS, 1, user_id=1)
    first = ours.state().waiting.since
    assert first is not None
    assert before - 0.01 <= first.timestamp() <= time.time()
    time.sleep(0.01)
    ours.replace(USERS, 2, user_id=2)
    assert ours.state().waiting.since == first
    assert ours.state().rendered is None
    ours.render()
    rendered = ours.state().rendered
    assert rendered is not None
    assert rendered >= first


def test_a_tick_gives_way_to_another_process_that_renders(ours: Apart) -> None:
    ours.replace(USERS, 1, user_id=1)
    with held(ours.index.path.with_name("index.sqlite3.rendering"), 1):
        assert ours.renderer().tick() == 0
    assert ours.renderer().tick() == 1


def test_a_tick_that_failed_rests_as_one_that_did_not(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        time.sleep(0.02)
        raise FileUnwritable(ours.root / "data.json", "its disk is full", "Make room.")

    monkeypatch.setattr(renderer, "compose", full)
    ours.replace(USERS, 1, user_id=1)
    made = ours.renderer()
    with pytest.raises(FileUnwritable):
        made.tick()
    assert made.tick() == 0


def test_a_record_that_is_gone_takes_its_own_file_along(ours: Apart) -> None:
    ours.delete(PROFILES, 5)
    assert ours.render() == 1
    assert not (ours.root / "girls_data" / "5.json").exists()
    assert ours.conflicts() == []
    ours.create(PROFILES, 5, chat_id=5, name="again")
    ours.render()
    assert ours.content("girls_data/5.json")["name"] == "again"
    assert ours.conflicts() == []


def test_each_folder_is_swept_once_a_rendering(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[Path] = []

    def swept_too(folder: Path) -> list[Displaced]:
        swept.append(folder)
        return sweep(folder)

    monkeypatch.setattr(renderer, "sweep", swept_too)
    for key in (5, 6):
        ours.replace(PROFILES, key, chat_id=key)
    ours.replace(USERS, 1, user_id=1)
    assert ours.render() == 3
    assert sorted(swept) == [ours.root, ours.root / "girls_data"]


def test_the_files_to_begin_with_say_what_the_index_says(ours: Apart) -> None:
    assert ours.render() == 0
    assert set(ours.live(USERS)) == {1, 2, 3}
    assert "data.json" in FILES
