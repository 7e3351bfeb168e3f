"""The store's lock between processes and threads: flock, which is fair, with a deadline, which it lacks.

SQLite's own waiting polls, and starved a writer for seconds when four were at work.
"""

from __future__ import annotations

import fcntl
import os
import threading
from _thread import start_new_thread
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from legacy_json.errors import IndexUnwritable, StoreBusy


@contextmanager
def held(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file exclusively. Raises StoreBusy after that many seconds of waiting, IndexUnwritable.

    Each call opens the file anew, so that two threads of one process exclude each other too.
    """
    hold = _Hold(path)
    try:
        hold.take(seconds)
        yield
    finally:
        hold.release()


class _Hold:
    """One attempt at the lock. Ctrl-C may come between any two lines: who waits and who has left tell each other by a
    dict and a bare lock, whose operations it cannot halve as it can a threading.Event's.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._process = path, os.getpid()
        self._fate: dict[str, str] = {}
        self._file = _opened(path)

    def take(self, seconds: float) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if seconds <= 0 or not self._wait(seconds):
                raise StoreBusy(self._path, seconds) from None

    def _wait(self, seconds: float) -> bool:
        arrived = threading.Lock()
        arrived.acquire()
        ours = FileIO(os.dup(self._file.fileno()), "a")
        start_new_thread(_wait, (ours, self._fate, arrived))  # in one step, unlike threading's
        arrived.acquire(timeout=seconds)
        return self._fate.setdefault("lock", "left") == "taken"

    def release(self) -> None:
        self._fate.setdefault("lock", "left")
        if not self._file.closed:
            if self._process == os.getpid():  # a child that was forked meanwhile has the same open file
                fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()


def _wait(file: FileIO, fate: dict[str, str], arrived: threading.Lock) -> None:
    """Wait without a deadline; give the lock back if the caller has left by then."""
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if fate.setdefault("lock", "taken") == "left":
            fcntl.flock(file, fcntl.LOCK_UN)
    arrived.release()


def _opened(path: Path) -> FileIO:
    try:
        return FileIO(path, "a", opener=lambda name, flags: os.open(name, flags, 0o600))
    except OSError as error:
        raise IndexUnwritable(
            f"{path} cannot be opened ({error.strerror}). Check the space and the permissions of {path.parent}."
        ) from error
