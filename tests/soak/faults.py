"""What goes wrong, at random moments: processes, sessions, the server, disks."""

from __future__ import annotations

import heapq
import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random

from tests.soak.crewing import Crew, Member
from tests.soak.history import Fault, Recorder, now
from tests.soak.plan import Plan
from tests.soak.server import Server

INDEX_ROOM = (80_000, 4_000_000)  # bytes: a file may not grow beyond, above a segment of the history
FILES_ROOM = (80_000, 100_000)


class Faults:
    """One at a time is begun; what lasts is ended by tick()."""

    def __init__(self, plan: Plan, crew: Crew, server: Server) -> None:
        self._crew, self._server, self._pause = crew, server, plan.pause
        self._random = Random(f"{plan.seed}/faults")
        self._recorder = Recorder(plan.history, "0-faults")
        self._ends: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._next = time.monotonic() + 2 * plan.pause
        self._kinds: dict[Callable[[], str | None], int] = {
            self._kill: 24,
            self._kill_mover: 8,
            self._halt: 24,
            self._halt_mover: 4,
            self._cut_sessions: 12,
            self._cut_sockets: 10,
            self._freeze_server: 3,
            self._restart_server: 1,
            self._crash_server: 2,
            self._fill_index_disk: 8,
            self._fill_files_disk: 4,
        }

    def tick(self) -> None:
        """Begin a fault if it is time for one, and end those whose time is over."""
        while self._ends and self._ends[0][0] <= time.monotonic():
            heapq.heappop(self._ends)[2]()
        if not self._pause or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._random.expovariate(1 / self._pause)
        (kind,) = self._random.choices([*self._kinds], [*self._kinds.values()])
        at = now()
        try:
            detail = kind()
        except (ProcessLookupError, PermissionError):
            return
        if detail is not None:
            self._recorder.note(Fault(at, kind.__name__.strip("_").replace("_", " "), detail))

    def end(self) -> None:
        """All that last."""
        self._pause = 0
        while self._ends:
            heapq.heappop(self._ends)[2]()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._ends, (time.monotonic() + seconds, next(self._numbers), act))

    def _short(self) -> float:
        """Seconds: mostly a moment."""
        return self._random.choice((0.05, 0.1, 0.3, 0.3, 1.0, 2.0))

    # Processes

    def _kill(self) -> str:
        return self._killed(self._crew.one(self._random))

    def _kill_mover(self) -> str:
        return self._killed(self._crew.one(self._random, "mover"))

    def _killed(self, member: Member) -> str:
        os.kill(member.pid, signal.SIGKILL)
        return member.name

    def _halt(self) -> str:
        return self._halted(self._crew.one(self._random), self._short())

    def _halt_mover(self) -> str:
        return self._halted(self._crew.one(self._random, "mover"), self._random.choice((0.3, 1, 6, 17)))

    def _halted(self, member: Member, seconds: float) -> str:
        os.kill(member.pid, signal.SIGSTOP)
        self._later(seconds, lambda: _resume(member))
        return f"{member.name}, {seconds:g} s"

    # Sessions and server

    def _cut_sessions(self) -> str:
        return f"{self._server.cut(self._random.choice((1, 2, 5, 100)))} of them"

    def _cut_sockets(self) -> str:
        member = self._crew.one(self._random)
        os.kill(member.pid, signal.SIGUSR1)
        return member.name

    def _freeze_server(self) -> str:
        seconds = self._short()
        self._server.freeze()
        self._later(seconds, self._server.thaw)
        return f"{seconds:g} s"

    def _restart_server(self) -> str:
        self._server.thaw()
        self._server.restart("fast", self._random.uniform(0, 1))
        return ""

    def _crash_server(self) -> str:
        self._server.thaw()
        self._server.restart("immediate", self._random.uniform(0, 1))
        return ""

    # Disks

    def _fill_index_disk(self) -> str | None:
        return self._filled(self._crew.one(self._random), self._random.randint(*INDEX_ROOM))

    def _fill_files_disk(self) -> str | None:
        return self._filled(self._crew.one(self._random, "files"), self._random.randint(*FILES_ROOM))

    def _filled(self, member: Member, room: int) -> str | None:
        """As that process sees it: none of its files can grow any further. None where the system cannot do that."""
        if not hasattr(resource, "prlimit"):
            return None
        _, most = resource.prlimit(member.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(member.pid, resource.RLIMIT_FSIZE, (room, most))
        self._later(self._short(), lambda: _limit(member, most))
        return f"{member.name}, {room} bytes"


def _resume(member: Member) -> None:
    with suppress(ProcessLookupError):
        os.kill(member.pid, signal.SIGCONT)


def _limit(member: Member, most: int) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(member.pid, resource.RLIMIT_FSIZE, (most, most))
