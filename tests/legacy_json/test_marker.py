"""Folder and index know one another: a loss, or a backup of either, stops what would tell an older truth in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from legacy_json import marker, taking
from legacy_json.index import Index
from legacy_json.marker import StoresDiffer
from legacy_json.owners import Owner, owner
from legacy_json.reading import read
from legacy_json.rendering.refusals import FileUnwritable
from tests.legacy_json.apart import Apart, taken
from tests.legacy_json.ours import USERS


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Apart]:
    made = taken(tmp_path)
    made.replace(USERS, 1, user_id=1, faceit_nickname="two")
    made.render()
    yield made
    made.index.close()


def index_lost(ours: Apart) -> None:
    ours.lose_index()


def index_restored(ours: Apart) -> None:
    backup = ours.back_up_index()
    ours.replace(USERS, 1, user_id=1, faceit_nickname="three")
    ours.render()
    ours.restore_index(backup)


def index_restored_and_written(ours: Apart) -> None:
    """It overtakes the count that the folder remembers."""
    index_restored(ours)
    for number in range(20):
        ours.replace(USERS, 2, user_id=2, faceit_nickname=f"n{number}")


def folder_restored(ours: Apart) -> None:
    backup = ours.back_up_folder()
    ours.replace(USERS, 1, user_id=1, faceit_nickname="three")
    ours.render()
    ours.restore_folder(backup)


def folder_of_before(ours: Apart) -> None:
    """One from before the take-over."""
    marker_file = ours.root / marker.NAME
    marker_file.unlink()


LOSSES: dict[Callable[[Apart], None], str] = {
    index_lost: "was the index lost?",
    index_restored: "the index is older",
    index_restored_and_written: "the index is older",
    folder_restored: "the folder is older",
    folder_of_before: "the folder does not know of it",
}


@pytest.fixture(params=LOSSES, ids=lambda loss: loss.__name__)
def broken(ours: Apart, request: pytest.FixtureRequest) -> tuple[Apart, str]:
    loss: Callable[[Apart], None] = request.param
    loss(ours)
    return ours, LOSSES[loss]


def test_reading_stops_and_names_both_sides_and_the_command(broken: tuple[Apart, str]) -> None:
    ours, fact = broken
    with pytest.raises(StoresDiffer) as caught:
        read(ours.index, ours.root, ours.source())
    text = str(caught.value)
    assert fact in text
    assert str(ours.root) in text
    assert str(ours.index.path) in text
    assert "manage.py legacy_take 'data.json' --anew --confirm" in text


def test_taking_over_stops_likewise(broken: tuple[Apart, str]) -> None:
    ours, fact = broken
    ours.age()
    with pytest.raises(StoresDiffer, match=fact.replace("?", r"\?")):
        taking.take(ours.index, ours.root, ours.source(), datetime.now(UTC))


@pytest.mark.parametrize("loss", [index_restored, index_restored_and_written, folder_restored, folder_of_before])
def test_nothing_is_rendered_over_files_that_say_otherwise(ours: Apart, loss: Callable[[Apart], None]) -> None:
    loss(ours)
    ours.replace(USERS, 3, user_id=3, faceit_nickname="late")
    before = (ours.root / "data.json").read_bytes()
    with pytest.raises(StoresDiffer):
        ours.render()
    assert (ours.root / "data.json").read_bytes() == before
    assert ours.state().waiting.files == 1
    assert "Nothing was read or written" in ours.state().waiting.trouble["data.json"]


def test_a_lost_index_does_not_write_either(ours: Apart) -> None:
    ours.lose_index()
    assert owner(ours.index, ours.source()) is Owner.LEGACY


def test_staff_are_shown_it(broken: tuple[Apart, str]) -> None:
    ours, fact = broken
    assert fact in ours.state().marker
    assert ours.state().needs_staff


def test_anew_the_files_are_what_counts(broken: tuple[Apart, str]) -> None:
    ours, _ = broken
    in_file = ours.content("data.json")["users"]
    ours.take_anew()
    assert list(ours.live(USERS).values()) == in_file
    ours.replace(USERS, 1, user_id=1, faceit_nickname="after")
    assert ours.render() == 1
    assert ours.content("data.json")["users"][0]["faceit_nickname"] == "after"
    assert ours.state().marker == ""


def test_anew_is_for_one_source_and_the_others_still_stop(broken: tuple[Apart, str]) -> None:
    """All sources of one folder are lost at once, but staff look at each."""
    ours, _ = broken
    others = ours.state("girls_data/*.json").marker
    ours.take_anew()
    assert ours.state("girls_data/*.json").marker == others


def test_a_folder_that_was_never_ours_is_read_without_a_word(tmp_path: Path) -> None:
    made = Apart(tmp_path / "bot", tmp_path / "home")
    made.read()
    assert not (made.root / marker.NAME).exists()


@pytest.mark.parametrize("step", [1, 2])
def test_a_crash_while_the_folder_is_told_is_no_contradiction(
    ours: Apart, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Between the announcement and the folder, and between the folder and the note of it."""
    with monkeypatch.context() as patch:
        if step == 1:
            patch.setattr(marker, "_write", _crash)
        else:
            patch.setattr(marker, "_remember", _Once(marker._remember))
        ours.replace(USERS, 1, user_id=1)
        with pytest.raises(KeyboardInterrupt):
            ours.render()
    for _ in range(2):  # the second telling must not forget what the folder heard of the first
        assert ours.state().marker == ""
        ours.replace(USERS, 2, user_id=2)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(marker, "_write", _crash)
            marker.note(ours.index, ours.root, ["data.json"])
    ours.replace(USERS, 1, user_id=1)
    assert ours.render() == 1


def _crash(*_: object) -> None:
    raise KeyboardInterrupt


class _Once:
    def __init__(self, call: Callable[..., None]) -> None:
        self._call, self._called = call, False

    def __call__(self, *arguments: object) -> None:
        if self._called:
            raise KeyboardInterrupt
        self._called = True
        self._call(*arguments)


def test_a_marker_that_cannot_be_read_stops_everything(ours: Apart) -> None:
    (ours.root / marker.NAME).write_text("{")
    with pytest.raises(marker.MarkerUnreadable, match="--anew"):
        read(ours.index, ours.root, ours.source())


def test_a_file_that_was_given_back_may_be_restored_from_any_backup_but_one_of_ours(ours: Apart) -> None:
    backup = ours.back_up_folder()
    ours.give_back()
    read(ours.index, ours.root, ours.source())
    ours.restore_folder(backup)
    with pytest.raises(StoresDiffer, match="the folder is older"):
        read(ours.index, ours.root, ours.source())


def test_another_index_over_the_same_folder_is_refused(ours: Apart, tmp_path: Path) -> None:
    other = Index(tmp_path / "other.sqlite3")
    with pytest.raises(StoresDiffer, match="belongs to the index"):
        read(other, ours.root, ours.source())
    other.close()


def test_the_marker_does_not_make_a_full_disk_lose_the_file(ours: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(root: Path, _: marker.Marker) -> None:
        raise FileUnwritable(root / marker.NAME, "its disk is full", "Make room.")

    ours.replace(USERS, 1, user_id=1, faceit_nickname="rendered")
    with monkeypatch.context() as patch, pytest.raises(FileUnwritable):
        patch.setattr(marker, "_write", full)
        ours.render()
    assert ours.content("data.json")["users"][0]["faceit_nickname"] == "rendered"
    assert ours.state().marker == ""
