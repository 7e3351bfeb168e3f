"""Readers of several files that are killed in the middle of any commit."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.legacy_json.dying import work_and_die
from tests.legacy_json.folders import EVENTS, MESSAGES, PEOPLE, PROFILES, Folder, chat

fork = multiprocessing.get_context("fork")
CHUNK = 10
COMPONENTS = (MESSAGES, EVENTS, PEOPLE, PROFILES)


def _old(store: Folder) -> None:
    for name in range(7):
        store.write(f"conversations/{name}.json", chat(*map(str, range(20))))
    store.write("analytics_202501.json", [{"n": number} for number in range(20)])
    store.write("metrics.json", {"current": {"n": 1}, "history": [{"n": number} for number in range(5)]})
    store.write("data.json", {"users": [_user(number) for number in range(30)], "analytics": {}})
    store.write("girls_data.json", {"girls": {str(number): {"nick": f"n{number % 7}"} for number in range(20)}})
    store.write("girls_data/3.json", {"nick": "new"})


def _new(store: Folder) -> None:
    """Trimmed and appended to, begun anew, gone, edited in the middle, moved from one generation to the other."""
    store.write("conversations/0.json", chat(*map(str, range(8, 40))))
    store.write("conversations/1.json", chat("a", 5, "b"))
    store.remove("conversations/2.json")
    store.write("conversations/9.json", chat(*map(str, range(30))))
    store.write("analytics_202501.json", [{"n": number if number % 3 else "edited"} for number in range(20)])
    store.write("analytics_202502.json", [{"n": number} for number in range(15)])
    store.write("metrics.json", {"history": [{"n": number} for number in range(1, 9)]})
    store.write(
        "data.json", {"users": [_user(number, p=number % 20) for number in range(10, 45)], "analytics": {"x": 1}}
    )
    store.write("girls_data.json", {"girls": {str(number): {"nick": f"n{number % 5}"} for number in range(3, 20)}})
    store.remove("girls_data/3.json")
    for number in range(10, 16):
        store.write(f"girls_data/{number}.json", {"nick": f"n{number % 5}"})


def _user(number: int, p: int | None = None) -> dict[str, object]:
    return {"user_id": number, "faceit_player_id": f"p{number if p is None else p}"}


def prepared(root: Path, *, first: bool) -> Folder:
    store = Folder(root, *COMPONENTS)
    _old(store)
    if not first:
        store.read_all()
        for component in COMPONENTS:
            store.confirm(component.name)
    _new(store)
    return store


def killed_in(store: Folder, commits: int, work: Callable[[], object]) -> bool:
    """Do it in another process that dies in the middle of the commit after so many. False if it came to its end."""
    child = fork.Process(target=work_and_die, args=(commits, work))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


@pytest.fixture
def small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("applying", "shelves", "pruning"):
        monkeypatch.setattr(f"legacy_json.{module}.CHUNK", CHUNK)
    for module in ("shelves", "staging"):
        monkeypatch.setattr(f"legacy_json.{module}.VALUES", 6 * CHUNK)


@pytest.mark.parametrize("first", [True, False], ids=["first", "again"])
def test_a_reader_killed_in_any_commit_leaves_what_the_next_one_completes(
    tmp_path: Path, small_commits: None, first: bool
) -> None:
    undisturbed = prepared(tmp_path / "undisturbed", first=first)
    undisturbed.read_all()
    undisturbed.assert_balanced()
    expected = undisturbed.dump()
    for commits in range(200):
        store = prepared(tmp_path / str(commits), first=first)
        killed = killed_in(store, commits, store.read_all)
        store.read_all()
        store.assert_balanced()
        assert _without_files(store) == _without_files(undisturbed), commits
        assert not list(store.index.path.parent.glob("reading-*"))
        store.index.close()
        if not killed:
            assert commits > 20
            assert expected == undisturbed.dump()
            return
    pytest.fail("the reading never ended")


def _without_files(store: Folder) -> dict[str, list[object]]:
    """What the index holds, with the files' names for their numbers."""
    names = dict(store.index.connection().execute("SELECT id, name FROM file").fetchall())
    found: dict[str, list[object]] = {}
    for table, rows in store.dump().items():
        place = {"record": 6, "counted": 1}.get(table)
        found[table] = [
            tuple(names[value] if number == place else value for number, value in enumerate(row)) for row in rows
        ]
        found[table].sort(key=repr)
    return found


@pytest.mark.parametrize("floor", ["2:0000000000", "3"])
def test_a_pruning_killed_in_any_commit_is_completed_by_the_next(
    tmp_path: Path, small_commits: None, floor: str
) -> None:
    undisturbed = prepared(tmp_path / "undisturbed", first=False)
    undisturbed.index.prune("conversations", floor)
    for commits in range(50):
        store = prepared(tmp_path / str(commits), first=False)
        killed = killed_in(store, commits, lambda store=store: store.index.prune("conversations", floor))  # type: ignore[misc]
        store.assert_balanced()
        if killed and commits:  # the floor is set first
            assert store.index.floor("conversations") == floor
        store.index.prune("conversations", floor)
        assert store.dump() == undisturbed.dump()
        store.index.close()
        if not killed:
            assert commits > 2
            return
    pytest.fail("the pruning never ended")
