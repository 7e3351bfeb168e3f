"""Processes of a test: each does one call, and stops, fails or dies at the points that it is given.

They are forked from a server that has loaded Django and opened nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.points import HANG, Point, Points

NAMES = ("LEGACY_DIR", "LEGACY_INDEX", "LEGACY_TIME_ZONE", "BOTS")


@dataclass(frozen=True)
class Here:
    """Where a child works: this test's database, files and index."""

    database: dict[str, Any]
    settings: dict[str, Any]

    @classmethod
    def now(cls) -> Here:
        kept = {name: value for name, value in connection.settings_dict.items() if name != "TEST"}
        return cls(kept, {name: getattr(settings, name) for name in NAMES})

    def enter(self) -> None:
        connection.settings_dict.update(self.database)
        for name, value in self.settings.items():
            setattr(settings, name, value)


@dataclass(frozen=True)
class Orders:
    """stops and kills: at points; skipped: functions that do nothing; values: of module attributes."""

    stops: Sequence[Point] = ()
    kills: Sequence[Point] = ()
    skipped: Sequence[str] = ()
    values: dict[str, object] = field(default_factory=dict)

    def install(self, pipe: Connection) -> None:
        patch = pytest.MonkeyPatch()
        points = Points(patch)
        for name, value in self.values.items():
            patch.setattr(name, value)
        for function in self.skipped:
            points.skip(function)
        for point in self.kills:
            points.kill(point)
        for point in self.stops:  # so that at one point it stops before it dies
            points.act(point, _Halt(pipe, str(point)))


@dataclass(frozen=True)
class _Halt:
    pipe: Connection
    point: str

    def __call__(self) -> None:
        self.pipe.send(("there", self.point))
        assert self.pipe.poll(2 * HANG), "the test has forgotten its child"
        assert self.pipe.recv() == "go on"


class Failed(Exception):
    """The child's call raised. kind: the name of the class."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(f"{kind}: {message}")


@cache
def context() -> ForkServerContext:
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(["tests.migration_control.protocol.preloaded"])
    return found


class Child:
    def __init__(self, call: Callable[..., object], *args: object, orders: Orders) -> None:
        self._pipe, there = context().Pipe()
        self._process = context().Process(target=_live, args=(there, Here.now(), orders, call, args), daemon=True)
        self._process.start()
        there.close()

    def reached(self) -> str:
        """The next point at which it stops. Raises Failed if it never gets there."""
        what, told = self._told()
        assert what == "there", f"it ended before it stopped: {told}"
        return str(told)

    def go_on(self) -> Child:
        self._pipe.send("go on")
        return self

    def result(self) -> Any:
        """What the call returned. Raises Failed."""
        what, told = self._told()
        assert what == "done", f"it has stopped {told}"
        self._process.join(HANG)
        return told

    def dead(self) -> None:
        """Wait for the kill that its orders promise."""
        self._process.join(HANG)
        assert self._process.exitcode == -signal.SIGKILL, f"it was not killed but ended with {self._process.exitcode}"

    def freeze(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid, signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.join(HANG)

    @property
    def _pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def _told(self) -> tuple[str, Any]:
        assert self._pipe.poll(HANG), f"nothing was heard of the child in {HANG:g} s"
        try:
            what, told = self._pipe.recv()
        except EOFError:
            self._process.join(HANG)
            raise AssertionError(f"the child died with {self._process.exitcode}") from None
        if what == "raised":
            raise Failed(*told)
        return what, told


def _live(pipe: Connection, here: Here, orders: Orders, call: Callable[..., object], args: tuple[object, ...]) -> None:
    here.enter()
    orders.install(pipe)
    try:
        result = call(*args)
    except Exception as error:  # noqa: BLE001 - told to the test, whatever it is
        pipe.send(("raised", (type(error).__name__, str(error))))
    else:
        pipe.send(("done", result))
