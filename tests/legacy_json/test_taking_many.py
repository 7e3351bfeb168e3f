"""A source of many files is taken over in a few commits, all of it or nothing."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from legacy_json import proving, surroundings, taking
from legacy_json.contents import compose
from legacy_json.index import Index
from legacy_json.owners import Owner, owner
from legacy_json.proving import NotFaithful
from tests.legacy_json.apart import FILES, Apart
from tests.legacy_json.dying import work_and_die
from tests.legacy_json.ours import MESSAGES

CHATS = "conversations/*.json"
fork = multiprocessing.get_context("fork")


def theirs(tmp_path: Path, count: int = 10) -> Apart:
    """Chats, each with an element that is no record, formatted as nobody writes it."""
    chats = {f"conversations/{n}.json": json.dumps([{"text": f"m{n}"}, n], indent=7) for n in range(count)}
    made = Apart(tmp_path / "bot", tmp_path / "home", dict(FILES) | chats)
    made.read()
    return made


def take(store: Apart) -> None:
    taking.take(store.index, store.root, store.source(CHATS), datetime.now(UTC))


def killed(store: Apart, commits: int) -> bool:
    """Taking over, in the middle of the commit after so many. False if it came to its end."""
    child = fork.Process(target=work_and_die, args=(commits, lambda: take(store)))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def contents(store: Apart) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((store.root / "conversations").iterdir())}


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many commits there are meanwhile."""
    real, found = Index.write, [0]

    def write(self: Index, *arguments: Any, **options: Any) -> Any:
        found[0] += 1
        return real(self, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Index, "write", write)
        yield found


def test_the_number_of_commits_does_not_grow_with_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = []
    for count in (2, 20):
        (tmp_path / str(count)).mkdir()
        store = theirs(tmp_path / str(count), count)
        with counted(monkeypatch) as found:
            take(store)
        numbers.append(found[0])
        store.index.close()
    assert numbers[0] == numbers[1]


def test_killed_in_any_commit_all_files_are_the_bots_or_all_are_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "MANY", 3)
    owners, commits, dying = [], 0, True
    while dying:
        (tmp_path / str(commits)).mkdir()
        store = theirs(tmp_path / str(commits))
        before = contents(store)
        store.index.close()
        dying = killed(store, commits)
        owners.append(owner(store.index, store.source(CHATS)))
        assert contents(store) == before
        if owners[-1] is Owner.LEGACY:
            take(store)
        store.append(MESSAGES, "3", text="ours")
        store.render()
        assert [each["text"] for each in store.content("conversations/3.json") if each != 3] == ["m3", "ours"]
        assert {name: text for name, text in contents(store).items() if name != "3.json"} == {
            name: text for name, text in before.items() if name != "3.json"
        }
        assert store.kinds() == []
        store.check()
        store.index.close()
        commits += 1
    assert commits > 6
    assert owners == sorted(owners)
    assert set(owners) == {Owner.LEGACY, Owner.SWITCHYARD}


def _one_differs(real: Callable[..., Any]) -> Callable[..., Any]:
    def differs(index: Index, file: Any, *arguments: Any) -> Any:
        stream = arguments[1]
        if file.name.endswith("/7.json"):
            stream.write(b" \n[]")
            return (4, b"")
        return real(index, file, *arguments)

    return differs


def test_each_of_the_files_is_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = theirs(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(proving, "compose", _one_differs(compose))
        with pytest.raises(NotFaithful, match=r"conversations/7\.json"):
            take(store)
    assert owner(store.index, store.source(CHATS)) is Owner.LEGACY
    take(store)
    store.index.close()


def test_a_file_that_is_written_otherwise_is_proved_by_what_it_says(tmp_path: Path) -> None:
    store = theirs(tmp_path)
    store.put("conversations/5.json", '[{"text": "odd"}, \n\n {"text" : "\\u0041"},]')
    take(store)
    assert owner(store.index, store.source(CHATS)) is Owner.SWITCHYARD
    assert [store.live(MESSAGES)[f"5:{n:010d}"]["text"] for n in (2, 3)] == ["odd", "A"]
    store.index.close()
