"""The store's lock between processes and threads: flock, which is fair, with a deadline, which it lacks.

SQLite's own waiting polls, and starved a writer for seconds when four were at work.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from legacy_json.errors import IndexUnwritable, StoreBusy


class _Waiter(threading.Thread):
    """Waits for the lock without a deadline; gives it back if its caller has left by then."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self.descriptor = descriptor
        self.taken = threading.Event()
        self._handover = threading.Lock()
        self._left = False

    def run(self) -> None:
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        with self._handover:
            if self._left:
                _release(self.descriptor)
            else:
                self.taken.set()

    def leave(self) -> bool:
        """Whether the caller may go; False if the lock arrived at the last moment."""
        with self._handover:
            self._left = not self.taken.is_set()
            return self._left


@contextmanager
def held(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock file exclusively. Raises StoreBusy after that many seconds of waiting, IndexUnwritable.

    Each call opens the file anew, so that two threads of one process exclude each other too.
    """
    descriptor = _taken(path, seconds)
    try:
        yield
    finally:
        _release(descriptor)


def _taken(path: Path, seconds: float) -> int:
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _wait(descriptor, path, seconds)
    except BaseException:  # Ctrl-C may come when the lock is taken already
        _release(descriptor)
        raise
    return descriptor


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise IndexUnwritable(
            f"{path} cannot be opened ({error.strerror}). Check the space and the permissions of {path.parent}."
        ) from error


def _wait(descriptor: int, path: Path, seconds: float) -> None:
    waiter = _Waiter(descriptor)
    try:
        waiter.start()
        waiter.taken.wait(seconds)
        left = waiter.leave()
    except RuntimeError:  # there are too many threads already
        os.close(descriptor)
        raise
    except BaseException:  # Ctrl-C: nobody would give the lock back
        if not waiter.leave():
            _release(descriptor)
        raise
    if left:
        raise StoreBusy(path, seconds)


def _release(descriptor: int) -> None:
    # Closing would not do: a child that was forked meanwhile holds the same open file.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
