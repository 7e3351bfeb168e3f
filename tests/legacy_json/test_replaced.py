"""The index's file is replaced under a process that has it open."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from legacy_json import commits, connections, reading, walking
from legacy_json.errors import IndexUnusable
from legacy_json.index import Index
from tests.legacy_json.stores import Store


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.0)
    index = Index(tmp_path / "index.sqlite3")
    index.connection()
    return index


def test_nothing_is_written_to_a_file_that_another_has_taken_the_place_of(opened: Index, tmp_path: Path) -> None:
    other = Index(tmp_path / "other.sqlite3")
    other.connection()
    other.close()
    other.path.replace(opened.path)
    with pytest.raises(IndexUnusable, match="start them again"), opened.write():
        pytest.fail("written")
    with pytest.raises(IndexUnusable):
        opened.connection()
    opened.close()


def test_a_removed_file_is_told_too(opened: Index) -> None:
    opened.path.unlink()
    with pytest.raises(IndexUnusable, match="replaced or removed"):
        opened.connection()
    opened.close()


def test_the_look_is_not_repeated_at_once(opened: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOOK_SECONDS", 60.0)
    before = opened.connection()
    opened.path.rename(opened.path.with_suffix(".away"))
    assert opened.connection() is before
    opened.close()


# Older contents, in the same file


@pytest.fixture
def put_back(opened: Index) -> Callable[[], None]:
    """As a backup program does, through SQLite: to what it was at this moment, after two commits more."""
    backup = sqlite3.connect(":memory:")
    commit(opened)
    opened.connection().backup(backup)
    commit(opened)
    commit(opened)

    def go() -> None:
        there = sqlite3.connect(opened.path)
        backup.backup(there)
        there.close()

    return go


def commit(index: Index) -> int:
    with index.write() as (_, number):
        return number


def test_contents_from_a_backup_are_noticed_by_the_next_commit(
    opened: Index, put_back: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOOK_SECONDS", 60.0)
    opened.connection()
    put_back()
    before = opened.connection().total_changes
    with pytest.raises(IndexUnusable, match=r"older than this process has seen it .* is it from a backup"):
        commit(opened)
    assert opened.connection().total_changes == before
    with pytest.raises(IndexUnusable):  # and by each that follows
        commit(opened)
    opened.close()


def test_contents_from_a_backup_are_noticed_by_who_only_reads(opened: Index, put_back: Callable[[], None]) -> None:
    put_back()
    with pytest.raises(IndexUnusable, match="start them again"):
        opened.connection()
    opened.close()
    assert commit(opened) == 2  # whoever has closed it may have put it there
    opened.close()


def test_a_statement_that_is_still_open_shows_an_older_state_of_the_right_file(opened: Index) -> None:
    commit(opened)
    rows = opened.connection().execute("SELECT name FROM sqlite_master")
    rows.fetchone()

    def write() -> None:
        commit(opened)
        opened._connections.close()

    other = threading.Thread(target=write)
    other.start()
    other.join()
    assert commits.last(opened.connection()) == 1
    rows.close()
    assert commits.last(opened.connection()) == 2
    opened.close()


def test_a_commit_whose_number_is_noted_later_is_no_older_one(opened: Index) -> None:
    """As writers of records do: a thread that only reads may have seen it before."""
    with opened.write(shown=False) as (connection, last):
        commits.note(connection, last + 1)
        connection.execute("COMMIT")
        connection.execute("BEGIN")
        opened.committed(last + 1)
    opened.close()


def test_a_reader_beside_writers_takes_nothing_for_a_backup(opened: Index) -> None:
    """The number that it reads may be lower than one that a thread of its own has noted since."""
    over, wrong = threading.Event(), list[BaseException]()

    def read() -> None:
        try:
            while not over.is_set():
                opened.connection()
                with opened.snapshot():
                    opened.connection()
        except BaseException as error:  # noqa: BLE001 - shown below
            wrong.append(error)
        finally:
            opened._connections.close()

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        commit(opened)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    opened.close()


def test_a_reading_that_ends_does_not_make_the_process_forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It closes connections of its own; what others have noted stays."""
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.0)
    store = Store(tmp_path)
    store.load({"user_id": 1})
    backup = sqlite3.connect(":memory:")
    store.index.connection().backup(backup)
    store.load({"user_id": 1}, {"user_id": 2})

    def walked(*given: Any, **more: Any) -> None:
        walking.walk(*given, **more)
        there = sqlite3.connect(store.index.path)
        backup.backup(there)
        there.close()

    monkeypatch.setattr(reading, "walk", walked)
    with pytest.raises(IndexUnusable, match="from a backup"):
        store.load({"user_id": 3})
    with pytest.raises(IndexUnusable, match="from a backup"):
        store.index.connection()
    store.index.close()
