"""The processes: started, started again when they are gone, and ended. Each has a number that no other one had."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import signal
import time
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from random import Random

from tests.soak.plan import Plan

# A server that has loaded everything and opened nothing: a process takes a moment to start, not a second.
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.soak.loaded"])

PATIENCE = 60.0  # seconds for a process to end by itself


@dataclass
class Member:
    kind: str
    process: ForkServerProcess
    gone: bool = False

    @property
    def pid(self) -> int:
        """Raises ProcessLookupError once it is gone: its number may be another's."""
        if self.gone or self.process.pid is None or not self.process.is_alive():
            raise ProcessLookupError
        return self.process.pid

    @property
    def name(self) -> str:
        return self.kind


class Crew:
    def __init__(self, plan: Plan) -> None:
        self._plan, self._number = plan, 0
        self.ends: list[str] = []
        self.members = [self._started(kind) for kind, count in plan.crew.items() for _ in range(count)]

    def _started(self, kind: str) -> Member:
        self._number += 1
        process = context.Process(target=enter, args=(self._plan, kind, self._number), daemon=True)
        process.start()
        return Member(kind, process)

    def one(self, random: Random, kind: str = "") -> Member:
        return random.choice([member for member in self.members if kind in ("", member.kind)])

    def tick(self) -> None:
        """Somebody in the place of each that is gone."""
        for at, member in enumerate(self.members):
            if not member.process.is_alive():
                self._gone(member)
                self.members[at] = self._started(member.kind)

    def end(self) -> list[str]:
        """Wait for all of them. Returns those that did not end well."""
        self._plan.stop.touch()
        until = time.monotonic() + PATIENCE
        hung = []
        for member in self.members:
            member.process.join(max(0, until - time.monotonic()))
            if member.process.is_alive():
                hung.append(f"{member.kind} did not end")
                member.process.kill()
                member.process.join()
            else:
                self._gone(member)
        return hung + self.ends

    def _gone(self, member: Member) -> None:
        code = member.process.exitcode
        if code not in (0, -signal.SIGKILL, -signal.SIGUSR1, 255):  # the last is said of one whose end was missed
            self.ends.append(f"{member.kind} ended with {code}")
        member.gone = True
        member.process.close()


def enter(plan: Plan, kind: str, number: int) -> None:
    """In the new process."""
    from migration_control.mirroring import acknowledging
    from tests.soak import mutations
    from tests.soak.actor import Actor

    faulthandler.enable()
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # what is refused to raw SQL is in the history
    mutations.apply(plan.mutation)
    import_module(f"tests.soak.crew.{kind}").run(Actor(plan, kind, number))
    acknowledging.flush()


def alone(name: str, *args: object) -> None:
    """Run a function, named as module:function, in a process of its own. Raises RuntimeError if it fails."""
    process = context.Process(target=_call, args=(name, args))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"{name} failed: what it said is above.")


def _call(name: str, args: tuple[object, ...]) -> None:
    module, _, function = name.partition(":")
    getattr(import_module(module), function)(*args)
