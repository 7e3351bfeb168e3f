"""Whoever is killed while a file is replaced: one of the two stands there whole, and the other is not lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from legacy_json.rendering.replace import PREFIX, draft, sweep
from tests.legacy_json.rendering.dying import at_every_step, contents, fork
from tests.legacy_json.rendering.replacing import EDIT, NEW, OLD, created, replaced

pytestmark = pytest.mark.usefixtures("way")


def _replace_and_discard(path: Path) -> None:
    displaced = replaced(path).displaced
    assert displaced is not None
    displaced.discard()


def test_a_writer_killed_at_any_step_leaves_one_of_the_two_files_whole(tmp_path: Path) -> None:
    def prepare(folder: Path) -> Callable[[], None]:
        (folder / "data.json").write_bytes(OLD)
        return lambda: _replace_and_discard(folder / "data.json")

    ends = set()
    for folder, died in at_every_step(tmp_path, prepare):
        path = folder / "data.json"
        assert path.read_bytes() in (OLD, NEW), died
        displaced = sweep(folder)
        left = contents(folder)
        ends.add(left.pop("data.json"))
        # What is not in place any more is either ours, and swept, or handed back: it may have been an edit.
        assert left == {each.path.name: OLD for each in displaced}, died
        assert not (displaced and path.read_bytes() == OLD), died
        assert all(each.target == path for each in displaced), died
    assert ends == {OLD, NEW}


def test_an_edit_before_a_kill_is_still_there(tmp_path: Path) -> None:
    def act(path: Path) -> None:
        with draft(path) as made:
            made.write(NEW)
            path.write_bytes(EDIT)
            made.replace()

    def prepare(folder: Path) -> Callable[[], None]:
        (folder / "data.json").write_bytes(OLD)
        return lambda: act(folder / "data.json")

    handed = 0
    for folder, died in at_every_step(tmp_path, prepare):
        present = (folder / "data.json").read_bytes()
        displaced = sweep(folder)
        handed += bool(displaced)
        assert present in (OLD, EDIT, NEW), died
        assert [each.path.read_bytes() for each in displaced] == ([EDIT] if present == NEW else []), died
    assert handed > 2


def test_a_maker_killed_at_any_step_leaves_the_new_file_whole_or_none(tmp_path: Path) -> None:
    ends = set()
    for folder, died in at_every_step(tmp_path, lambda folder: lambda: created(folder / "data.json")):
        assert sweep(folder) == [], died
        left = contents(folder)
        assert left in ({}, {"data.json": NEW}), died
        ends.add(len(left))
    assert ends == {0, 1}


def test_what_a_living_process_writes_is_not_swept_away(path: Path) -> None:
    inside, leave = fork.Event(), fork.Event()

    def write() -> None:
        with draft(path) as made:
            made.write(NEW)
            inside.set()
            leave.wait(20)
            made.replace()

    child = fork.Process(target=write)
    child.start()
    assert inside.wait(20)
    assert sweep(path.parent) == []
    leave.set()
    child.join()
    assert child.exitcode == 0
    assert path.read_bytes() == NEW


def test_only_our_own_names_are_swept(path: Path) -> None:
    for name in (f"{PREFIX}data.json", f"{PREFIX}x-y-z", ".data.json-0-0123456789abcdef", "data.json.tmp"):
        (path.parent / name).write_bytes(EDIT)
    before = contents(path.parent)
    assert sweep(path.parent) == []
    assert contents(path.parent) == before
