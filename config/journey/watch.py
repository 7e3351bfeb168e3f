"""Tell a main thread that waits for a worker that the worker is gone."""

from __future__ import annotations

import signal
import threading
from types import TracebackType
from typing import Self

from config.supervisor import Refusal, Supervisor

EVERY = 0.5  # seconds


class Watch:
    """While it is entered, a service that ends interrupts the main thread, and the exit raises Refusal instead."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._refusal: Refusal | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._refusal and isinstance(error, KeyboardInterrupt):
            raise self._refusal from error

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self._supervisor.look()
            except Refusal as refusal:
                self._refusal = refusal
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                return
