"""A file is replaced whole or not at all, and nothing that stood there is lost."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from legacy_json.rendering import durable, refusals, swap
from legacy_json.rendering.replace import PREFIX, draft, signature
from tests.legacy_json.rendering.dying import contents
from tests.legacy_json.rendering.replacing import EDIT, NEW, OLD, created, replaced

pytestmark = pytest.mark.usefixtures("way")


# What is handed back


def test_the_old_file_is_handed_back_with_its_signature(path: Path) -> None:
    before = signature(path)
    placed = replaced(path)
    assert path.read_bytes() == NEW
    assert placed.signature == signature(path)
    assert placed.displaced is not None
    assert placed.displaced.signature == before
    assert placed.displaced.path.read_bytes() == OLD
    placed.displaced.discard()
    assert contents(path.parent) == {"data.json": NEW}


def test_an_edit_of_the_last_moment_is_handed_back_whole(path: Path) -> None:
    expected = signature(path)
    with draft(path) as made:
        made.write(NEW)
        path.write_bytes(EDIT)
        displaced = made.replace().displaced
    assert displaced is not None
    assert displaced.signature != expected
    kept = displaced.keep("data.json.conflict")
    assert contents(path.parent) == {"data.json": NEW, kept.name: EDIT}


def test_what_was_displaced_takes_no_others_name(path: Path) -> None:
    (path.parent / "conflict").write_bytes(EDIT)
    displaced = replaced(path).displaced
    assert displaced is not None
    with pytest.raises(refusals.Appeared):
        displaced.keep("conflict")
    assert sorted(contents(path.parent).values()) == sorted([NEW, EDIT, OLD])


def test_a_file_that_somebody_replaced_meanwhile_is_handed_back(path: Path) -> None:
    with draft(path) as made:
        made.write(NEW)
        other = path.with_name("other")
        other.write_bytes(EDIT)
        other.replace(path)
        displaced = made.replace().displaced
    assert displaced is not None
    assert displaced.path.read_bytes() == EDIT


def test_an_exchange_loses_no_file_that_somebody_puts_there_at_any_moment(path: Path, way: str) -> None:
    if way == "link":
        pytest.skip("without an exchange there is an instant, as its docstring says")
    theirs: list[bytes] = []
    seen: list[bytes] = []

    def somebody() -> None:
        for number in range(2000):
            other = path.with_name("other")
            other.write_bytes(b"theirs %d" % number)
            swap.exchange(other, path)
            theirs.append(other.read_bytes())
            other.unlink()

    thread = threading.Thread(target=somebody)
    thread.start()
    ours = 0
    while thread.is_alive():
        displaced = replaced(path, b"ours %d" % ours).displaced
        assert displaced is not None
        seen.append(displaced.path.read_bytes())
        displaced.discard()
        ours += 1
    thread.join()
    # Each of all files that were put there was displaced once, by one of us, or is there.
    put = [OLD, *(b"ours %d" % number for number in range(ours)), *(b"theirs %d" % number for number in range(2000))]
    assert sorted([*theirs, *seen, path.read_bytes()]) == sorted(put)
    assert any(data.startswith(b"theirs") for data in seen)


def test_a_new_file_overwrites_none_that_appeared_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    with draft(path) as made:
        made.write(NEW)
        path.write_bytes(EDIT)
        with pytest.raises(refusals.Appeared):
            made.create()
    assert contents(tmp_path) == {"data.json": EDIT}
    path.unlink()
    assert created(path).signature == signature(path)
    assert contents(tmp_path) == {"data.json": NEW}


def test_a_file_that_was_taken_away_is_not_put_back_unasked(path: Path) -> None:
    with draft(path) as made:
        made.write(NEW)
        path.unlink()
        with pytest.raises(refusals.Vanished):
            made.replace()
    assert contents(path.parent) == {}


# What the new file is like


def test_mode_owner_and_attributes_are_the_old_files(path: Path) -> None:
    path.chmod(0o640)
    if not os.geteuid():
        os.chown(path, 4321, 4322)
    try:
        os.setxattr(path, "user.note", b"x")
        noted = True
    except OSError:
        noted = False
    replaced(path)
    found = path.stat()
    assert stat.S_IMODE(found.st_mode) == 0o640
    if not os.geteuid():
        assert (found.st_uid, found.st_gid) == (4321, 4322)
    if noted:
        assert os.getxattr(path, "user.note") == b"x"


def test_a_draft_is_no_more_readable_than_the_file(path: Path) -> None:
    path.chmod(0o600)
    with draft(path):
        (beside,) = path.parent.glob(f"{PREFIX}*")
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
        assert not beside.name.endswith(".json")


def test_a_file_whose_owner_cannot_be_kept_is_not_replaced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def another(descriptor: int) -> os.stat_result:
        found = real(descriptor)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:10]))

    def forbidden(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fstat", another)
    monkeypatch.setattr(os, "fchown", forbidden)
    with pytest.raises(refusals.OwnerLost):
        replaced(path)
    assert contents(path.parent) == {"data.json": OLD}


def test_a_finished_draft_says_the_signature_that_it_will_have(path: Path) -> None:
    with draft(path) as made:
        made.write(NEW)
        said = made.finish()
        assert path.read_bytes() == OLD
        assert made.replace().signature == said == signature(path)


# Links


def test_a_link_is_left_alone_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "real.json", tmp_path / "here" / "data.json"
    target.write_bytes(OLD)
    link.symlink_to(Path("..") / "there" / "real.json")
    displaced = replaced(link).displaced
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert displaced is not None
    assert displaced.path.parent == target.parent
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["data.json"]


def test_a_link_out_of_the_folder_is_refused_where_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    outside, link = tmp_path / "real.json", tmp_path / "here" / "data.json"
    outside.write_bytes(OLD)
    link.symlink_to(outside)
    with pytest.raises(refusals.Outside):
        replaced(link, within=tmp_path / "here")
    assert contents(tmp_path) == {"real.json": OLD, "here/data.json": OLD}


@pytest.mark.parametrize("kind", ["folder", "pipe", "circle"])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.json"
    ways: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "circle": lambda: path.symlink_to(path),
    }
    ways[kind]()
    with pytest.raises(refusals.NotAFile):
        replaced(path)
    assert [each.name for each in tmp_path.iterdir()] == ["data.json"]


# Order


def test_the_file_is_synced_before_the_exchange_and_the_folder_after(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def told(module: Any, name: str, say: str) -> None:
        real: Callable[..., Any] = getattr(module, name)

        def call(*arguments: Any, **options: Any) -> Any:
            done.append(say)
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, call)

    told(durable, "write_all", "write")
    told(os, "fchmod", "mode")
    told(durable, "sync_file", "sync file")
    told(os, "fsync", "fsync")
    told(swap, "exchange", "exchange")
    told(swap, "link", "link")
    told(swap, "move_new", "move")
    told(durable, "sync_folder", "sync folder")
    told(os, "unlink", "unlink")
    displaced = replaced(path).displaced
    assert displaced is not None
    displaced.discard()
    assert [say for say in done if say != "link"] == [
        *("write", "write", "mode", "sync file", "fsync", "exchange", "sync folder", "fsync", "unlink")
    ]
    done.clear()
    created(path.with_name("new.json"))
    assert [say for say in done if say not in ("link", "unlink")] == [
        *("write", "sync file", "fsync", "move", "sync folder", "fsync")
    ]
