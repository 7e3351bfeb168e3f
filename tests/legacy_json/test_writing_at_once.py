"""Writers at once, writers that wait and that are interrupted: no acknowledged write is lost, and each has its turn."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from legacy_json.errors import StoreBusy
from legacy_json.index import Index
from legacy_json.lock import held
from legacy_json.places import Places
from legacy_json.writing import commit
from tests.legacy_json.counting import COUNTERS, HANG, countable, gathered, write_once
from tests.legacy_json.ours import MATCHES, MESSAGES, USERS, Ours

fork = multiprocessing.get_context("fork")


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    """Closed, so that children may be forked."""
    yield from countable(tmp_path)


def _write_many(index: Index, places: Places, name: str, times: int, reports: Any) -> None:
    for number in range(times):
        write_once(index, places, name, number)
    index.close()
    reports.put((name, times))


def test_many_threads_and_processes_at_once_lose_nothing(ours: Ours) -> None:
    path, reports = ours.index.path, fork.Queue()
    processes = [
        fork.Process(target=_write_many, args=(Index(path), ours.places, f"p{n}", 20, reports)) for n in range(8)
    ]
    for process in processes:
        process.start()
    threads = [
        threading.Thread(target=_write_many, args=(ours.index, ours.places, f"t{n}", 2, reports)) for n in range(200)
    ]
    for thread in threads:
        thread.start()
    done = dict(gathered(reports, processes, len(threads)))
    for thread in threads:
        thread.join(HANG)
    for process in processes:
        process.join(HANG)
    expected = [(name, number) for name, times in done.items() for number in range(times)]
    assert len(expected) == 8 * 20 + 200 * 2
    assert sum(ours.document(USERS, key)["n"] for key in COUNTERS) == len(expected)
    assert sorted(ours.live(MATCHES)) == sorted(f"{name}-{number}" for name, number in expected)
    messages = ours.live(MESSAGES)
    assert sorted((message["by"], message["number"]) for message in messages.values()) == sorted(expected)
    assert list(messages) == [f"77:{position:010d}" for position in range(len(expected))]


def _write_until(index: Index, places: Places, total: int, reports: Any) -> None:
    count, now = 0, 0
    while now < total:
        with commit(index, places, HANG) as writer:
            counter = writer.get(USERS, 1)
            assert counter is not None
            now = counter.version
            writer.replace(USERS, 1, {"user_id": 1, "n": now})
        count += 1
    reports.put(count)


@pytest.mark.parametrize(("writers", "total", "share"), [(4, 800, 0.25), (16, 1600, 0.1)])
def test_of_saturated_writers_each_has_its_share(ours: Ours, writers: int, total: int, share: float) -> None:
    reports = fork.Queue()
    processes = [
        fork.Process(target=_write_until, args=(Index(ours.index.path), ours.places, total, reports))
        for _ in range(writers)
    ]
    for process in processes:
        process.start()
    counts = sorted(gathered(reports, processes))
    for process in processes:
        process.join(HANG)
    assert counts[0] >= share * total / writers, counts
    assert ours.record(USERS, 1).version == sum(counts)


# Waiting


def test_at_its_deadline_a_writer_is_told_and_has_written_nothing(ours: Ours) -> None:
    before = ours.index.counter
    with (
        held(ours.index.path.with_name("index.sqlite3.lock"), 5),
        pytest.raises(StoreBusy, match="locked by another process for more than 0.1 s"),
        commit(ours.index, ours.places, 0.1),
    ):
        pytest.fail("nobody gets here")
    assert ours.index.counter == before
    ours.replace(USERS, 1)


def test_from_its_first_statement_a_commit_keeps_out_whoever_forgets_the_lock(ours: Ours) -> None:
    other = sqlite3.connect(ours.index.path, timeout=0, isolation_level=None)
    with ours.index.write(shown=False), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_commit_within_a_commit_is_refused_and_harms_nothing(ours: Ours) -> None:
    with commit(ours.index, ours.places) as writer:
        writer.replace(USERS, 1, {"user_id": 1, "n": 1})
        with pytest.raises(StoreBusy), commit(ours.index, ours.places, 0.1):
            pytest.fail("nobody gets here")
    assert ours.document(USERS, 1) == {"user_id": 1, "n": 1}


def _interrupted(ours: Ours, pipe: Connection) -> None:
    """Write until told to stop, whatever interrupts it; say how often it was, and what was acknowledged."""
    acknowledged = interrupts = 0
    armed = False

    def interrupt(number: int, frame: object) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    pipe.send("ready")
    while not pipe.poll():
        try:
            armed = True
            with commit(ours.index, ours.places) as writer:
                found = writer.get(USERS, 1)
                assert found is not None
                writer.replace(USERS, 1, {"user_id": 1, "n": found.version + 1})
            armed = False
            acknowledged += 1
        except KeyboardInterrupt:
            interrupts += 1
    pipe.send((acknowledged, interrupts))


@pytest.mark.parametrize("contended", [False, True])
def test_writers_that_are_interrupted_at_any_moment_give_the_lock_back(ours: Ours, contended: bool) -> None:
    here, there = fork.Pipe()
    child = fork.Process(target=_interrupted, args=(ours, there))
    child.start()
    assert here.poll(HANG)
    assert here.recv() == "ready"
    chance, others = random.Random(1), 0
    for _ in range(150):
        time.sleep(chance.uniform(0, 0.006))
        assert child.pid
        os.kill(child.pid, signal.SIGINT)
        if contended:
            ours.replace(USERS, 2, n=others)
            others += 1
    here.send("stop")
    assert here.poll(HANG)
    acknowledged, interrupts = here.recv()
    child.join(HANG)
    assert child.exitcode == 0
    assert interrupts > 10
    version = ours.record(USERS, 1).version
    assert acknowledged <= version <= acknowledged + interrupts
    ours.replace(USERS, 1)
