"""Disks that are full, and folders that may not be written: nothing is written in halves, and writing goes on later."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from legacy_json.errors import IndexUnwritable
from legacy_json.writing import commit
from tests.legacy_json.counting import HANG, countable, dump
from tests.legacy_json.ours import MATCHES, SUBSCRIPTIONS, USERS, Ours, users

fork = multiprocessing.get_context("fork")


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    """Closed, so that children may be forked."""
    yield from countable(tmp_path)


def _fill(ours: Ours, kilobytes: int = 400) -> None:
    with commit(ours.index, ours.places) as writer:
        for number in range(kilobytes // 4):
            writer.create(MATCHES, f"m{number}", {"text": "x" * 4000})
        writer.replace(USERS, 1, {"user_id": 1, "n": 1})


def test_a_full_disk_stops_the_write_and_nothing_else(ours: Ours) -> None:
    connection, before = ours.index.connection(), dump(ours.index)
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 5}")
    with pytest.raises(IndexUnwritable, match=r"cannot be written .*full.*Check the space"):
        _fill(ours)
    assert dump(ours.index) == before
    ours.check()
    ours.replace(USERS, 1, n=5)  # where there is room
    connection.execute("PRAGMA max_page_count = 1000000")
    _fill(ours)
    assert len(ours.live(MATCHES)) == 100


def _write_under_a_limit(ours: Ours) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    ours.replace(USERS, 1, n=1)
    log = ours.index.path.with_name("index.sqlite3-wal")
    for room in (0, 100, 5000, 100_000):
        before = dump(ours.index)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + room, most))
        with pytest.raises(IndexUnwritable):
            _fill(ours)
        assert dump(ours.index) == before
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        ours.check()
        ours.replace(USERS, 2, n=room)
    _fill(ours)


def test_a_disk_that_fills_at_any_byte_of_a_commit_stops_it_and_nothing_else(ours: Ours) -> None:
    child = fork.Process(target=_write_under_a_limit, args=(ours,))
    child.start()
    child.join(HANG)
    assert child.exitcode == 0
    assert ours.document(USERS, 2) == {"user_id": 2, "n": 100_000}
    assert len(ours.live(MATCHES)) == 100


@contextmanager
def readable_folder() -> Iterator[Path]:
    """One that every user may enter: tests that run as root have to become somebody who may not write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _write_where_nobody_may(ours: Ours, pipe: Connection) -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    try:
        ours.replace(USERS, 1)
    except IndexUnwritable as error:
        pipe.send(str(error))
    else:
        pipe.send("written")


@pytest.mark.parametrize("closed", [["", "index.sqlite3", "index.sqlite3.lock"], [""], ["index.sqlite3.lock"]])
def test_a_folder_or_a_file_that_may_not_be_written_says_so(closed: list[str]) -> None:
    with readable_folder() as root:
        ours = Ours(root, {"data.json": users(1)}, (USERS, SUBSCRIPTIONS)).take()
        ours.index.close()
        folder = ours.index.path.parent
        for path in [folder, *folder.iterdir()]:
            path.chmod(0o777)
        for name in closed:
            (folder / name).chmod(0o555)
        here, there = fork.Pipe()
        child = fork.Process(target=_write_where_nobody_may, args=(ours, there))
        child.start()
        child.join(HANG)
        assert here.poll(1)
        assert "Check the space and the permissions" in here.recv()
        for name in closed:
            (folder / name).chmod(0o777)
        ours.replace(USERS, 1)
