"""The lock between threads and processes: exclusive, fair, and with a deadline."""

from __future__ import annotations

import _thread
import contextlib
import multiprocessing
import sys
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from legacy_json import lock
from legacy_json.errors import IndexUnusable, StoreBusy
from legacy_json.index import Index
from legacy_json.lock import held

spawn = multiprocessing.get_context("spawn")
fork = multiprocessing.get_context("fork")
SATURATED = 2.0  # seconds


def _hold(path: Path, taken: Event, leave: Event) -> None:
    with held(path, 5):
        taken.set()
        leave.wait(20)


def _saturate(path: Path, counts: multiprocessing.Queue[int]) -> None:
    index, end, count = Index(path), time.monotonic() + SATURATED, 0
    while time.monotonic() < end:
        with index.write():
            count += 1
    counts.put(count)


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    inside, most = 0, 0

    def enter() -> None:
        nonlocal inside, most
        for _ in range(20):
            with held(tmp_path / "lock", 20):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_at_the_deadline_the_waiter_is_told_and_later_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    taken, leave = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=_hold, args=(path, taken, leave))
    holder.start()
    assert taken.wait(20)
    before = time.monotonic()
    with pytest.raises(StoreBusy, match="locked by another process"), held(path, 0.2):
        pass
    assert 0.2 <= time.monotonic() - before < 2
    leave.set()
    holder.join()
    with held(path, 5):  # the thread that went on waiting had the lock in between, and gave it back
        pass
    no_waiters()


def bare() -> int:
    """Threads that threading has not started; whoever runs the tests may have some of them."""
    return _thread._count() - len(threading.enumerate()) + 1


OTHERS = bare()


def waiters() -> int:
    return max(bare() - OTHERS, 0)


def no_waiters() -> None:
    deadline = time.monotonic() + 5
    while waiters():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_does_not_wait_leaves_nobody_waiting(tmp_path: Path) -> None:
    with held(tmp_path / "lock", 1):
        with pytest.raises(StoreBusy), held(tmp_path / "lock", 0):
            pytest.fail("nobody gets here")
        time.sleep(0.05)  # one would have begun by now
        assert not waiters()
    with held(tmp_path / "lock", 0):  # nobody has it for an instant
        pass


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("contended", [False, True])
def test_an_interrupt_at_any_line_gives_the_lock_back(tmp_path: Path, contended: bool) -> None:
    """A tracer raises at the n-th event of our own code and of what it calls, for every n there is."""
    path, interrupted = tmp_path / "lock", 0
    for moment in range(1, 1_000):
        holder = _Holder(path) if contended else None
        try:
            _interrupt_at(moment, path, holder)
            break
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            if holder:
                holder.leave()
        with held(path, 5):
            pass
    assert interrupted > 10
    no_waiters()


class _Holder:
    """Has the lock until it is asked to leave."""

    def __init__(self, path: Path) -> None:
        self._taken, self.left = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(path,))
        self._thread.start()
        assert self._taken.wait(20)

    def _hold(self, path: Path) -> None:
        with held(path, 5):
            self._taken.set()
            self.left.wait(20)

    def leave(self) -> None:
        self.left.set()
        self._thread.join()


def _interrupt_at(moment: int, path: Path, holder: _Holder | None) -> None:
    passed = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal passed
        del argument
        if frame.f_code.co_filename not in (lock.__file__, contextlib.__file__):
            return trace
        frame.f_trace_opcodes = True
        if event == "opcode":
            passed += 1
            if holder and frame.f_code.co_name == "_wait":
                holder.left.set()
            if passed == moment:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        with held(path, 5):
            pass
    finally:
        sys.settrace(None)


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    taken, leave = spawn.Event(), spawn.Event()
    holder = spawn.Process(target=_hold, args=(tmp_path / "lock", taken, leave))
    holder.start()
    assert taken.wait(20)
    holder.kill()
    with held(tmp_path / "lock", 5):
        pass
    holder.join()


def test_a_child_that_was_forked_meanwhile_does_not_keep_the_lock(tmp_path: Path) -> None:
    leave = fork.Event()
    with held(tmp_path / "lock", 1):
        child = fork.Process(target=leave.wait, args=(20,))
        child.start()
    try:
        with held(tmp_path / "lock", 0.5):
            assert child.is_alive()
    finally:
        leave.set()
        child.join()


def test_four_saturated_writers_all_get_their_turn(tmp_path: Path) -> None:
    path = tmp_path / "i.sqlite3"
    Index(path).close()
    counts: multiprocessing.Queue[int] = spawn.Queue()
    writers = [spawn.Process(target=_saturate, args=(path, counts)) for _ in range(4)]
    for writer in writers:
        writer.start()
    results = [counts.get(timeout=30) for _ in writers]
    for writer in writers:
        writer.join()
    assert min(results) > 0.1 * max(results), results


def test_a_store_that_is_locked_says_so(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite3")
    index.connection()
    with held(tmp_path / "i.sqlite3.lock", 1), pytest.raises(StoreBusy), index.write(0.1):
        pass


def _write_in_child(index: Index, counters: multiprocessing.Queue[int]) -> None:
    with index.write() as (_, counter):
        counters.put(counter)


def test_an_index_may_be_carried_over_a_fork(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite3")
    with index.write() as (_, counter):
        pass
    counters: multiprocessing.Queue[int] = fork.Queue()
    child = fork.Process(target=_write_in_child, args=(index, counters))
    child.start()
    assert counters.get(timeout=20) == counter + 1
    child.join()
    assert index.counter == counter + 1
    with index.write() as (_, after):
        pass
    assert after == counter + 2


def _use_in_child(index: Index, said: multiprocessing.Queue[str]) -> None:
    try:
        index.connection()
    except IndexUnusable as error:
        said.put(str(error))
    else:
        said.put("opened")


def test_a_fork_under_another_threads_connection_is_refused(tmp_path: Path) -> None:
    index = Index(tmp_path / "i.sqlite3")
    opened, leave = threading.Event(), threading.Event()

    def use() -> None:
        index.connection()
        opened.set()
        leave.wait(20)
        index.close()

    other = threading.Thread(target=use)
    other.start()
    opened.wait(20)
    said: multiprocessing.Queue[str] = fork.Queue()
    child = fork.Process(target=_use_in_child, args=(index, said))
    child.start()
    assert "forked while another thread" in said.get(timeout=20)
    child.join()
    leave.set()
    other.join()
