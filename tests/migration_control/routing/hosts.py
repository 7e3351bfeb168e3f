"""Two hosts in one process: a thread that has the files, and one that does not; and scripts of what comes between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest
from django.db import connections

is_elsewhere = ContextVar("is_elsewhere", default=False)


@contextmanager
def entered() -> Iterator[None]:
    token = is_elsewhere.set(True)
    try:
        yield
    finally:
        is_elsewhere.reset(token)


class Other(threading.Thread):
    """Does something on the host with the files, over a connection of its own."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call
        self.failed: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._call()
        except BaseException as error:  # noqa: BLE001 - for done()
            self.failed = error
        finally:
            connections.close_all()

    def done(self) -> None:
        """Once it has ended; raises what it raised."""
        self.join(30)
        assert not self.is_alive()
        if self.failed:
            raise self.failed


@contextmanager
def after_first(owner: object, name: str, meanwhile: Callable[[], object]) -> Iterator[None]:
    """Let something happen elsewhere after the first call of a function has returned, before its caller goes on."""
    real, calls = getattr(owner, name), iter([True])

    def wrapped(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        if next(calls, False):
            Other(meanwhile).done()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, wrapped)
        yield
