"""Disks that are full, read-only, mounted otherwise, or cannot do it: the last good file stands."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from legacy_json.rendering import durable, refusals, swap
from legacy_json.rendering.replace import draft, sweep
from tests.legacy_json.rendering.dying import contents, mounted, no_file_longer_than, read_only, small_disk
from tests.legacy_json.rendering.replacing import NEW, OLD, created, replaced

pytestmark = pytest.mark.usefixtures("way")


def test_on_a_full_disk_the_last_good_file_stands(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "data.json"
        path.write_bytes(OLD)
        with pytest.raises(refusals.DiskFull, match=r"It stands as it was\. Make room"), draft(path) as made:
            for _ in range(100):
                made.write(b"x" * 10_000)
        assert contents(disk) == {"data.json": OLD}
        replaced(path)
        assert path.read_bytes() == NEW


def test_a_file_that_may_not_grow_is_as_a_full_disk(path: Path) -> None:
    with no_file_longer_than(200), pytest.raises(refusals.DiskFull):
        replaced(path)
    assert contents(path.parent) == {"data.json": OLD}


@pytest.mark.parametrize("failing", ["write", "fsync", "fchmod", "rename"])
def test_whatever_call_fails_the_last_good_file_stands(
    path: Path, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(refusals.DiskFull):
        replaced(path)
    assert contents(path.parent) == {"data.json": OLD}


def test_a_folder_that_cannot_be_synced_is_told_and_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(durable, "sync_folder", fail)
    with pytest.raises(refusals.NotDurable):
        replaced(path)
    (displaced,) = sweep(path.parent)
    assert (path.read_bytes(), displaced.path.read_bytes()) == (NEW, OLD)


def test_in_a_read_only_folder_the_last_good_file_stands(path: Path) -> None:
    with read_only(path.parent), pytest.raises(refusals.FolderReadOnly):
        replaced(path)
    assert contents(path.parent) == {"data.json": OLD}


def test_a_missing_folder_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(refusals.FolderMissing):
        created(tmp_path / "gone" / "data.json")
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(refusals.FolderMissing):
        created(tmp_path / "file" / "data.json")


def test_a_file_mounted_on_its_own_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(OLD)
    path = tmp_path / "data.json"
    path.touch()
    with mounted(path, "--bind", str(tmp_path / "real")), pytest.raises(refusals.Mounted):
        replaced(path)
    assert contents(tmp_path) == {"real": OLD, "data.json": b""}


def test_a_file_system_with_neither_exchange_nor_links_is_told_as_such(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(swap, "_rename", lambda: None)
    monkeypatch.setattr(os, "link", no)
    with pytest.raises(refusals.Irreplaceable):
        replaced(path)
    with pytest.raises(refusals.Irreplaceable):
        created(path.with_name("new.json"))
    assert contents(path.parent) == {"data.json": OLD}
