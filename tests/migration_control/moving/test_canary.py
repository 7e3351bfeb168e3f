"""Scenario 33: a broken way back is found before the move, by a write that is harmless."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_django import Settings

from accounts.models import User
from legacy_json.errors import IndexUnwritable
from legacy_json.rendering.refusals import DiskFull, FolderMissing, FolderReadOnly
from migration_control import components, store
from migration_control.models import MoveRequest
from migration_control.moving import canary
from tests.migration_control.moving.asking import imported, moved
from tests.migration_control.moving.ground import DISABLED, DUAL_JSON, Ground
from tests.migration_control.world import Bot

USERS = components.get("users")
NOBODY = 65534


def send() -> list[Path]:
    canary.try_index(store.index())
    return canary.try_folders(store.index(), store.root(), store.sources_of(USERS))


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file of this process may be larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write to read-only folders."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(settings: Settings, bot: Bot) -> Iterator[Path]:
    """A folder with data.json that every user may enter and nobody but root may write to."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "bot"
        folder.mkdir()
        (folder / "data.json").write_text("{}")
        folder.chmod(0o555)
        settings.LEGACY_DIR = folder
        yield folder
        folder.chmod(0o755)


def test_it_leaves_nothing_behind(ground: Ground, bot: Bot) -> None:
    bot.writes()
    ground.records.create(User(user_id=1))
    before = (sorted(bot.folder.rglob("*")), bot.file.stat(), ground.index.counter, ground.lag())
    send()
    assert send() == [bot.folder]
    assert (sorted(bot.folder.rglob("*")), bot.file.stat(), ground.index.counter, ground.lag()) == before


def test_a_folder_that_takes_no_new_files_is_found(ground: Ground, read_only: Path) -> None:
    with as_nobody(), pytest.raises(FolderReadOnly, match="Let this process write to the folder"):
        canary.try_folders(store.index(), read_only, store.sources_of(USERS))


def test_a_disk_without_room_is_found_and_no_half_draft_stays(ground: Ground, bot: Bot) -> None:
    bot.writes_text(" " * 50_000)
    with room(20_000), pytest.raises(DiskFull, match=r"data.json .* its disk is full"):
        canary.try_folders(store.index(), bot.folder, store.sources_of(USERS))
    assert list(bot.folder.iterdir()) == [bot.file]


def test_room_for_the_largest_file_is_asked_for(ground: Ground, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    bot.writes_text(" " * 50_000)
    monkeypatch.setattr("os.statvfs", lambda path: SimpleNamespace(f_bavail=12, f_frsize=4096))
    with pytest.raises(DiskFull, match="needs 50,000 bytes"):
        send()


def test_a_folder_that_is_gone_is_found(ground: Ground, bot: Bot) -> None:
    bot.folder.rename(bot.folder.with_name("elsewhere"))
    with pytest.raises(FolderMissing, match="Check LEGACY_DIR and the mount"):
        send()


def test_an_index_that_takes_no_writes_is_found(ground: Ground) -> None:
    ground.index.connection().execute("PRAGMA query_only = 1")
    try:
        with pytest.raises(IndexUnwritable):
            canary.try_index(ground.index)
    finally:
        ground.index.connection().execute("PRAGMA query_only = 0")


def test_a_disk_that_has_no_room_for_the_index_is_found(ground: Ground) -> None:
    log = ground.index.path.with_name(f"{ground.index.path.name}-wal")
    with room(log.stat().st_size), pytest.raises(IndexUnwritable, match="Check the space"):
        canary.try_index(ground.index)
    canary.try_index(ground.index)


def test_scenario_33_a_move_is_refused_and_possible_again_once_it_is_mended(ground: Ground, bot: Bot) -> None:
    imported()
    bot.folder.rename(bot.folder.with_name("elsewhere"))
    refused = moved(ground, DUAL_JSON)
    assert refused.state == MoveRequest.State.REFUSED
    assert "Check LEGACY_DIR and the mount" in refused.message
    assert (ground.state().row, ground.fence().epoch) == (DISABLED, 0)
    bot.folder.with_name("elsewhere").rename(bot.folder)
    assert moved(ground, DUAL_JSON).state == MoveRequest.State.DONE
