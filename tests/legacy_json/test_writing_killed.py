"""Writers that are killed: what was acknowledged is there, and nothing in halves."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from legacy_json.writing import commit
from tests.legacy_json.counting import COUNTERS, HANG, countable, dump, write_once
from tests.legacy_json.ours import ALL, MATCHES, MESSAGES, SUBSCRIPTIONS, USERS, Ours

fork = multiprocessing.get_context("fork")


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    """Closed, so that children may be forked."""
    yield from countable(tmp_path)


def _a_large_commit(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        writer.replace(USERS, 1, {"user_id": 1, "faceit_player_id": "b"})
        writer.replace(USERS, 2, {"user_id": 2})
        writer.delete(USERS, 3)
        writer.create(USERS, 9, {"user_id": 9, "faceit_player_id": "9", "faceit_nickname": "nine"})
        writer.create(SUBSCRIPTIONS, 9, {"referral_code": "R9"})
        writer.append(MESSAGES, "new", {"text": "first"})
        writer.append(MESSAGES, "new", {"text": "second"})


def _killed_at(ours: Ours, hook: Callable[[sqlite3.Connection, Callable[[], None]], None], step: int) -> None:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    hook(ours.index.connection(), count)
    _a_large_commit(ours)


def _each_statement(connection: sqlite3.Connection, count: Callable[[], None]) -> None:
    connection.set_trace_callback(lambda _: count())


def _each_few_steps(connection: sqlite3.Connection, count: Callable[[], None]) -> None:
    def go_on() -> int:
        count()
        return 0

    connection.set_progress_handler(go_on, 25)


@pytest.mark.parametrize("hook", [_each_statement, _each_few_steps])
def test_a_writer_killed_at_any_statement_has_written_all_or_nothing(tmp_path: Path, hook: Any) -> None:
    values = {1: "a", 2: "b", 3: None, 5: "a"}  # 5 is marked until 1 lets go
    found = [{"user_id": key, "faceit_player_id": value} for key, value in values.items()]
    ours = Ours(tmp_path, {"data.json": {"users": [*found, {"user_id": 3, "dead": True}]}}, ALL).take()
    before = dump(ours.index)
    for step in range(1, 1000):
        ours.index.close()
        child = fork.Process(target=_killed_at, args=(ours, hook, step))
        child.start()
        child.join(HANG)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        assert dump(ours.index) == before
        ours.check()
    assert step > 10
    assert {key: user.get("faceit_player_id") for key, user in ours.live(USERS).items()} == {
        1: "b", 2: None, 5: "a", 9: "9",
    }  # fmt: skip
    assert ours.marked(USERS) == []
    ours.check()
    ours.index.close()


def _write_and_tell(ours: Ours, name: str, pipe: Connection) -> None:
    number = 0
    while True:
        write_once(ours.index, ours.places, name, number)
        pipe.send(number)
        number += 1


def test_of_writers_killed_at_any_moment_every_acknowledged_write_is_there(ours: Ours) -> None:
    chance, total = random.Random(2), 0
    for turn in range(12):
        ours.index.close()
        pipes = [fork.Pipe() for _ in range(3)]
        children = [
            fork.Process(target=_write_and_tell, args=(ours, f"{turn}{name}", there))
            for name, (_, there) in zip("abc", pipes, strict=True)
        ]
        for child in children:
            child.start()
        assert pipes[0][0].poll(HANG)
        time.sleep(chance.uniform(0, 0.05))
        for child in children:
            child.kill()
        for child in children:
            child.join(HANG)
        there = Counter(str(key).partition("-")[0] for key in ours.live(MATCHES))
        for name, (here, _) in zip("abc", pipes, strict=True):
            acknowledged = 0
            while here.poll():
                try:
                    acknowledged = here.recv() + 1
                except EOFError:
                    break
            assert acknowledged <= there[f"{turn}{name}"] <= acknowledged + 1
        total = sum(there.values())
        assert sum(ours.document(USERS, key)["n"] for key in COUNTERS) == total
        assert list(ours.live(MESSAGES)) == [f"77:{position:010d}" for position in range(total)]
        ours.check()
    assert total > 12
