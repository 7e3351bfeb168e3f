"""An end to waiting for a server that took the connection and says nothing: a stopped process, a lost network.

Neither libpq nor PostgreSQL's own time-outs end that. A thread of this process shuts the socket down at the deadline,
so that whoever waits on it gets an error.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

PRECISION = 0.25  # seconds by which it may be late


class Watchdog:
    """One per process; made anew after a fork, which carries no threads over."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._watched: dict[int, tuple[float, int]] = {}  # by thread: deadline (monotonic), descriptor
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, descriptor: int, seconds: float) -> Iterator[None]:
        # No lock: each thread has an entry of its own, and this is on the way of every write.
        thread = threading.get_ident()
        outer = self._watched.get(thread)
        self._watched[thread] = (time.monotonic() + seconds, descriptor)
        if self._thread is None:
            self._start()
        try:
            yield
        finally:
            if outer is None:
                self._watched.pop(thread, None)
            else:
                self._watched[thread] = outer

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="switchyard-watchdog", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(PRECISION)
            now = time.monotonic()
            for thread, (deadline, descriptor) in list(self._watched.items()):
                if now >= deadline and self._watched.pop(thread, None) is not None:
                    _shut_down(descriptor)


def _shut_down(descriptor: int) -> None:
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as connection:
        connection.shutdown(socket.SHUT_RDWR)


_watchdog = Watchdog()


def _renew() -> None:
    global _watchdog
    _watchdog = Watchdog()


os.register_at_fork(after_in_child=_renew)


def watching(descriptor: int, seconds: float) -> AbstractContextManager[None]:
    """Shut the descriptor's socket down if the block takes longer."""
    return _watchdog.watching(descriptor, seconds)
