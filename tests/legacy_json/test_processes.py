"""Readers that are killed, readers that race, and a bot that rewrites its file all day."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from legacy_json import reading
from legacy_json.errors import SourceUnreadable, StoreBusy
from legacy_json.stability import copied
from legacy_json.walking import walk
from tests.legacy_json.dying import work_and_die
from tests.legacy_json.stores import Store, user

fork = multiprocessing.get_context("fork")
CHUNK = 20
KILLS = 25


def before_and_after() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Two states of a file: changed, deleted, new, reappearing records, and unique values that change hands."""
    old = [user(n, faceit_player_id=f"p{n % 55}", subscription={"referral_code": f"r{n}"}) for n in range(60)]
    new = [user(n, faceit_player_id=f"p{n % 50}", subscription={"referral_code": f"r{n % 70}"}) for n in range(10, 100)]
    return old, new


def prepared(root: Path, *, first: bool) -> Store:
    """A store whose next reading is the first, or one with a lot of changes."""
    root.mkdir()
    store = Store(root)
    old, new = before_and_after()
    if not first:
        store.load(*old)
        for component in ("users", "subscriptions"):
            store.confirm(component)
    store.put_users(*new, 5, user(10), {"subscription": {}}, user(11, subscription=5))
    return store


def _read(store: Store) -> None:
    store.read()


@pytest.fixture
def small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legacy_json.applying.CHUNK", CHUNK)
    monkeypatch.setattr("legacy_json.shelves.CHUNK", CHUNK)
    for module in ("shelves", "staging"):
        monkeypatch.setattr(f"legacy_json.{module}.VALUES", 6 * CHUNK)
    monkeypatch.setattr("legacy_json.window.SIZE", 1000)


@pytest.fixture(params=[True, False], ids=["first", "again"])
def first(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def undisturbed(tmp_path: Path, small_commits: None, first: bool) -> Iterator[Store]:
    store = prepared(tmp_path / "undisturbed", first=first)
    store.read()
    store.assert_balanced()
    yield store
    store.index.close()


def test_a_reader_killed_in_any_commit_leaves_what_the_next_one_completes(
    tmp_path: Path, undisturbed: Store, first: bool
) -> None:
    expected = undisturbed.dump()
    for commits in range(100):
        store = prepared(tmp_path / f"{commits}", first=first)
        child = fork.Process(target=work_and_die, args=(commits, store.read))
        child.start()
        child.join()
        finished = child.exitcode == 0
        store.read()
        assert store.dump() == expected, commits
        assert not list(store.index.path.parent.glob("reading-*"))
        store.index.close()
        if finished:
            assert commits > 10
            return
    pytest.fail("the reading never ended")


def test_a_reader_killed_at_any_moment_leaves_what_the_next_one_completes(
    tmp_path: Path, undisturbed: Store, first: bool
) -> None:
    expected, chance = undisturbed.dump(), random.Random(1)
    store = prepared(tmp_path / "timed", first=first)
    start = time.monotonic()
    store.read()
    takes = time.monotonic() - start
    for number in range(KILLS):
        store = prepared(tmp_path / f"{number}", first=first)
        for _ in range(2):
            child = fork.Process(target=_read, args=(store,))
            child.start()
            time.sleep(chance.uniform(0, 1.2) * takes)
            child.kill()
            child.join()
        store.read()
        assert store.dump() == expected
        assert not list(store.index.path.parent.glob("reading-*"))
        store.index.close()


def test_two_readers_at_once_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "READER_SECONDS", 0.2)
    store = Store(tmp_path)
    store.put_users(user(1))
    inside, leave = fork.Event(), fork.Event()
    child = fork.Process(target=_read_slowly, args=(store, inside, leave))
    child.start()
    assert inside.wait(20)
    with pytest.raises(StoreBusy):
        store.read()
    leave.set()
    child.join()
    assert not store.read().changed


def _read_slowly(store: Store, inside: Event, leave: Event) -> None:
    def progress(done: int, total: int) -> None:
        inside.set()
        leave.wait(20)

    store.read(progress=progress)


def _read_often(store: Store, end: float) -> None:
    while time.monotonic() < end:
        store.read()


def test_readers_that_race_give_no_version_to_two_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legacy_json.stability.SETTLED", 0.0)
    store = Store(tmp_path)
    store.load(*(user(n) for n in range(50)))
    end = time.monotonic() + 3
    readers = [fork.Process(target=_read_often, args=(store, end)) for _ in range(3)]
    for reader in readers:
        reader.start()
    seen: dict[int, set[bytes]] = {}
    written = 0
    while time.monotonic() < end:
        written += 1
        new = tmp_path / "new.json"
        new.write_text(json.dumps({"users": [user(n, written=written) for n in range(50)]}))
        new.replace(store.path)
        for _ in range(5):
            record = store.record(1)
            seen.setdefault(record.version, set()).add(record.document)
            time.sleep(0.002)
    for reader in readers:
        reader.join()
    assert all(reader.exitcode == 0 for reader in readers)
    assert written > 20
    assert all(len(documents) == 1 for documents in seen.values()), seen
    store.read()
    assert store.document(1)["written"] == written
    store.index.close()


# A bot that rewrites its own file in place

PARTS = 6


def _rewrite_all_day(path: Path, stop: Event, part_seconds: float, pause: float) -> None:
    written = 0
    while not stop.is_set():
        written += 1
        text = json.dumps({"users": [user(n, written=written) for n in range(200)]}, indent=2)
        with path.open("w") as file:
            for start in range(0, len(text), len(text) // PARTS):
                file.write(text[start : start + len(text) // PARTS])
                file.flush()
                time.sleep(part_seconds)
        time.sleep(pause)


@contextmanager
def rewriting(path: Path, part_seconds: float, pause: float) -> Iterator[None]:
    stop = fork.Event()
    bot = fork.Process(target=_rewrite_all_day, args=(path, stop, part_seconds, pause))
    bot.start()
    try:
        yield
    finally:
        stop.set()
        bot.join()


@pytest.mark.parametrize("part_seconds", [0.001, 0.07])
def test_a_file_that_is_rewritten_all_day_is_followed_whole(tmp_path: Path, part_seconds: float) -> None:
    store = Store(tmp_path)
    store.load(*(user(n, written=0) for n in range(200)))
    readings, versions = 0, set()
    end = time.monotonic() + 4
    with rewriting(store.path, part_seconds, pause=0.25):
        while time.monotonic() < end:
            readings += store.read().changed
            (written,) = {document["written"] for document in store.live().values()}
            versions.add(written)
            assert len(store.live()) == 200
    assert readings > 2
    assert len(versions) > 2
    store.read()
    store.assert_balanced()
    store.index.close()


def test_a_file_that_changes_during_every_reading_is_read_from_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_walk(*arguments: Any, **options: Any) -> None:
        time.sleep(1)
        walk(*arguments, **options)

    monkeypatch.setattr(reading, "walk", slow_walk)
    store = Store(tmp_path)
    store.put_users(*(user(n, written=0) for n in range(200)))
    with rewriting(store.path, 0.001, pause=0.4):
        time.sleep(0.1)
        assert store.read().changed
    assert len({document["written"] for document in store.live().values()}) == 1
    assert not list(store.index.path.parent.glob("reading-*"))
    store.index.close()


def test_a_file_that_changed_while_it_was_read_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    late = [user(1, written=2)]

    def interrupted(*arguments: Any, **options: Any) -> None:
        walk(*arguments, **options)
        if late:
            store.put_users(late.pop())

    monkeypatch.setattr(reading, "walk", interrupted)
    store.load(user(1, written=1))
    assert (store.document(1)["written"], store.record(1).version) == (2, 0)


def test_a_file_that_changed_while_it_was_copied_is_copied_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    late = [user(1, written=3), user(1, written=2)]

    def walked(*arguments: Any, **options: Any) -> None:
        walk(*arguments, **options)
        if len(late) == 2:
            store.put_users(late.pop())

    def copied_late(root: Path, names: Sequence[str], to: Path) -> None:
        copied(root, names, to)
        if late:
            store.put_users(late.pop())

    monkeypatch.setattr(reading, "walk", walked)
    monkeypatch.setattr(reading, "copied", copied_late)
    store.load(user(1, written=1))
    assert (store.document(1)["written"], store.record(1).version) == (3, 0)


def test_a_file_that_stays_broken_is_reported_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAUSE", None)  # whoever waits so long fails
    store.put('{"users": [')
    with pytest.raises(SourceUnreadable):
        store.read()


def test_a_file_that_was_broken_a_moment_ago_is_tried_again(store: Store) -> None:
    store.put_users(user(1))
    whole = store.path.read_text()

    def finish_it() -> None:
        time.sleep(0.5)
        store.path.write_text(whole)

    store.path.write_text(whole[:20])
    bot = fork.Process(target=finish_it)
    bot.start()
    assert store.read().created["users"] == 1
    bot.join()


def test_a_file_that_is_away_for_a_moment_is_not_missing(store: Store) -> None:
    store.put_users(user(1))
    away = store.path.rename(store.root / "away")

    def bring_it_back() -> None:
        time.sleep(0.5)
        away.rename(store.path)

    bot = fork.Process(target=bring_it_back)
    bot.start()
    assert store.read().created["users"] == 1
    bot.join()
