"""Named points of the protocol, at which a test pauses, fails or kills. Production code knows nothing of them.

A point lies before or after a function, named by its dotted path as its caller looks it up. By default only the first
passage counts; nothing here waits without an end.
"""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import Any, NamedTuple

import pytest

HANG = 40.0  # seconds after which a test gives up waiting


class When(StrEnum):
    BEFORE = "before"
    AFTER = "after"


class Point(NamedTuple):
    """passage: which one counts, from 1."""

    when: When
    function: str
    passage: int = 1

    def __str__(self) -> str:
        return f"{self.when} {self.function}"


def before(function: str, passage: int = 1) -> Point:
    return Point(When.BEFORE, function, passage)


def after(function: str, passage: int = 1) -> Point:
    return Point(When.AFTER, function, passage)


class Stop:
    """Where a thread of this process waits until it is told to go on."""

    def __init__(self, point: Point) -> None:
        self._point, self._there, self._on = point, threading.Event(), threading.Event()

    def __call__(self) -> None:
        self._there.set()
        assert self._on.wait(HANG), f"nobody told who stopped {self._point} to go on"

    def reached(self) -> Stop:
        """Wait until somebody is there."""
        assert self._there.wait(HANG), f"nobody came {self._point} in {HANG:g} s"
        return self

    @property
    def is_reached(self) -> bool:
        return self._there.is_set()

    def go_on(self) -> None:
        self._on.set()


class Points:
    """Of this process."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._stops: list[Stop] = []

    def stop(self, point: Point, first: Callable[[], object] = lambda: None) -> Stop:
        """first: done by whoever comes there, before it waits."""
        stop = Stop(point)
        self._stops.append(stop)

        def come() -> None:
            first()
            stop()

        self.act(point, come)
        return stop

    def fail(self, point: Point, error: BaseException) -> None:
        def fail() -> None:
            raise error

        self.act(point, fail)

    def kill(self, point: Point) -> None:
        """This process, as the machine would: nothing is cleaned up."""
        self.act(point, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def act(self, point: Point, action: Callable[[], object]) -> None:
        passing, passages = threading.Lock(), 0

        def pass_by() -> None:
            nonlocal passages
            with passing:
                passages += 1
                counts = passages == point.passage
            if counts:
                action()

        self._wrap(point.function, pass_by if point.when is When.BEFORE else None, pass_by)

    def skip(self, function: str, returned: object = None) -> None:
        """Nothing is done there."""
        owner, name = found(function)
        self._patch.setattr(owner, name, lambda *args, **kwargs: returned)

    def count(self, function: str) -> list[tuple[Any, ...]]:
        """What it is called with from here on."""
        owner, name = found(function)
        calls: list[tuple[Any, ...]] = []
        true = getattr(owner, name)

        @functools.wraps(true)
        def counted(*args: Any, **kwargs: Any) -> Any:
            calls.append(args)
            return true(*args, **kwargs)

        self._patch.setattr(owner, name, counted)
        return calls

    def release(self) -> None:
        """Whoever still waits."""
        for stop in self._stops:
            stop.go_on()

    def _wrap(self, function: str, first: Callable[[], None] | None, action: Callable[[], None]) -> None:
        owner, name = found(function)
        true = getattr(owner, name)

        @functools.wraps(true)
        def passed(*args: Any, **kwargs: Any) -> Any:
            if first is not None:
                first()
                return true(*args, **kwargs)
            result = true(*args, **kwargs)
            action()
            return result

        self._patch.setattr(owner, name, passed)


def found(function: str) -> tuple[Any, str]:
    """The module or class that has it, and its name there."""
    path = function.split(".")
    for length in range(len(path) - 1, 0, -1):
        try:
            owner: Any = import_module(".".join(path[:length]))
        except ModuleNotFoundError:
            continue
        for name in path[length:-1]:
            owner = getattr(owner, name)
        return owner, path[-1]
    raise LookupError(f"there is no {function}")
