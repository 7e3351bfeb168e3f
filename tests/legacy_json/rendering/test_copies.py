"""The originals are kept once, whole, and come back whole."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from legacy_json.errors import SourceUnreadable, SourceUnstable
from legacy_json.rendering import copying, durable, refusals
from legacy_json.rendering.copies import (
    keep_originals,
    manifest,
    restore_originals,
    verify_originals,
)
from legacy_json.rendering.copying import CopyDamaged
from legacy_json.rendering.replace import sweep
from tests.legacy_json.rendering.dying import at_every_step, contents, no_file_longer_than, read_only, small_disk

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FILES = {"data.json": b'{"users": []}', "girls_data/-1.json": b"{}", "girls_data/2.json": b"x" * 3000}


def bot(root: Path) -> Path:
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def keep(root: Path, folder: Path) -> None:
    keep_originals(folder, root, "girls", list(FILES), NOW)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return bot(tmp_path / "bot")


@pytest.fixture
def kept(root: Path) -> Path:
    folder = root / ".switchyard" / "originals" / "girls"
    keep(root, folder)
    return folder


def files_of(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(root).items() if not name.startswith(".switchyard")}


def test_originals_are_kept_with_size_checksum_and_time(kept: Path) -> None:
    found = manifest(kept)
    assert found is not None
    assert (found.source, found.taken) == ("girls", NOW)
    assert [(each.name, each.size) for each in found.files] == [(name, len(data)) for name, data in FILES.items()]
    assert contents(kept / "files") == FILES
    assert verify_originals(kept) == found


def test_originals_are_kept_once(root: Path, kept: Path) -> None:
    (root / "data.json").write_bytes(b"changed")
    keep(root, kept)
    assert contents(kept / "files") == FILES


def test_originals_come_back_and_what_they_displace_is_handed_back(root: Path, kept: Path) -> None:
    (root / "data.json").write_bytes(b"changed")
    (root / "girls_data" / "2.json").unlink()
    placed = restore_originals(kept, root)
    assert [each.displaced.path.read_bytes() if each.displaced else None for each in placed] == [
        b"changed",
        b"{}",
        None,
    ]
    for each in placed:
        if each.displaced:
            each.displaced.discard()
    assert files_of(root) == FILES


def test_a_folder_that_is_gone_comes_back_with_its_files_modes(root: Path) -> None:
    (root / "girls_data" / "2.json").chmod(0o604)
    keep(root, root / ".switchyard" / "o")
    for path in (root / "girls_data").iterdir():
        path.unlink()
    (root / "girls_data").rmdir()
    restore_originals(root / ".switchyard" / "o", root, ["girls_data/-1.json", "girls_data/2.json"])
    assert files_of(root) == FILES
    assert stat.S_IMODE((root / "girls_data" / "2.json").stat().st_mode) == 0o604


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone", "manifest cut", "manifest gone"])
def test_nothing_is_restored_while_any_copy_is_damaged(root: Path, kept: Path, damage: str) -> None:
    copy = kept / "files" / "girls_data" / "2.json"
    ways: dict[str, Callable[[], object]] = {
        "flipped": lambda: copy.write_bytes(b"y" + copy.read_bytes()[1:]),
        "cut": lambda: copy.write_bytes(copy.read_bytes()[:-1]),
        "gone": copy.unlink,
        "manifest cut": lambda: (kept / "manifest.json").write_bytes((kept / "manifest.json").read_bytes()[:50]),
        "manifest gone": (kept / "manifest.json").unlink,
    }
    ways[damage]()
    (root / "data.json").write_bytes(b"changed")
    with pytest.raises(CopyDamaged):
        restore_originals(kept, root)
    assert files_of(root) == {**FILES, "data.json": b"changed"}


def test_a_copy_that_is_damaged_after_it_was_verified_is_not_put_in_place(
    root: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("legacy_json.rendering.copies.verify", lambda path, expected: None)
    (kept / "files" / "data.json").write_bytes(b"flipped it is")
    with pytest.raises(CopyDamaged):
        restore_originals(kept, root)
    assert files_of(root) == FILES


@pytest.mark.parametrize("name", ["../escaped.json", "/tmp/escaped.json", "a/../../escaped.json", ""])
def test_a_manifest_that_leads_out_of_the_folder_is_refused(root: Path, kept: Path, name: str) -> None:
    path = kept / "manifest.json"
    data = json.loads(path.read_bytes())
    data["files"][0]["name"] = name
    path.write_text(json.dumps(data))
    with pytest.raises(refusals.Outside):
        restore_originals(kept, root)


def test_nothing_is_restored_through_a_link_out_of_the_folder(root: Path, kept: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    (root / "data.json").unlink()
    (root / "data.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(refusals.Outside):
        restore_originals(kept, root)
    assert (tmp_path / "elsewhere").read_bytes() == b"theirs"


def test_a_file_that_is_written_while_it_is_copied_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = copying._checked

    def late(path: Path, to: copying.Writer | None) -> copying.Checked:
        found = real(path, to)
        path.write_bytes(b"changed behind it")
        return found

    monkeypatch.setattr(copying, "_checked", late)
    with pytest.raises(SourceUnstable):
        keep(root, root / ".switchyard" / "o")
    assert manifest(root / ".switchyard" / "o") is None


def test_a_file_that_is_missing_is_told(root: Path) -> None:
    (root / "data.json").unlink()
    with pytest.raises(SourceUnreadable):
        keep(root, root / ".switchyard" / "o")
    assert manifest(root / ".switchyard" / "o") is None


def test_a_keeper_killed_at_any_step_leaves_all_or_nothing_and_the_next_one_completes_it(tmp_path: Path) -> None:
    def prepare(place: Path) -> Callable[[], None]:
        bot(place)
        return lambda: keep(place, place / ".switchyard" / "o")

    for place, died in at_every_step(tmp_path, prepare):
        folder = place / ".switchyard" / "o"
        if manifest(folder) is not None:
            verify_originals(folder)
        assert files_of(place) == FILES, died
        keep(place, folder)
        verify_originals(folder)
        assert sorted(path.name for path in folder.parent.iterdir()) == ["o"], died


def test_a_restorer_killed_at_any_step_loses_nothing_and_the_next_one_completes_it(tmp_path: Path) -> None:
    def prepare(place: Path) -> Callable[[], object]:
        keep(bot(place), place / ".switchyard" / "o")
        (place / "data.json").write_bytes(b"changed")
        (place / "girls_data" / "2.json").unlink()
        return lambda: restore_originals(place / ".switchyard" / "o", place)

    for place, died in at_every_step(tmp_path, prepare):
        found = place / "data.json"
        displaced = [each.path.read_bytes() for each in sweep(place)]
        assert (found.read_bytes(), displaced) in [(b"changed", []), (FILES["data.json"], [b"changed"])], died
        restore_originals(place / ".switchyard" / "o", place)
        for each in (*sweep(place), *sweep(place / "girls_data")):
            each.discard()
        assert files_of(place) == FILES, died


def test_copies_are_on_the_disk_before_they_count(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    real_file, real_folder, real_rename = durable.sync_file, durable.sync_folder, os.rename

    def sync_file(descriptor: int) -> None:
        done.append("file")
        real_file(descriptor)

    def sync_folder(folder: Path) -> None:
        done.append(folder.name)
        real_folder(folder)

    def rename(source: Path, target: Path) -> None:
        done.append("rename")
        real_rename(source, target)

    monkeypatch.setattr(durable, "sync_file", sync_file)
    monkeypatch.setattr(durable, "sync_folder", sync_folder)
    monkeypatch.setattr(os, "rename", rename)
    keep(root, root / ".switchyard" / "o")
    assert done == ["file"] * 4 + ["o.unfinished", "files", "girls_data", "rename", ".switchyard"]


def test_on_a_full_disk_nothing_counts_as_kept(root: Path, tmp_path: Path) -> None:
    (root / "data.json").write_bytes(b"x" * 400_000)
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(refusals.DiskFull):
            keep(root, disk / "o")
        assert manifest(disk / "o") is None


def test_with_too_little_room_nothing_is_restored(root: Path, kept: Path) -> None:
    (root / "girls_data" / "2.json").write_bytes(b"changed")
    with no_file_longer_than(2000), pytest.raises(refusals.DiskFull):
        restore_originals(kept, root, ["girls_data/2.json"])
    assert files_of(root) == {**FILES, "girls_data/2.json": b"changed"}


def test_in_a_read_only_folder_nothing_is_kept(root: Path) -> None:
    with read_only(root), pytest.raises(refusals.FolderReadOnly):
        keep(root, root / ".switchyard" / "o")
    assert contents(root) == FILES
