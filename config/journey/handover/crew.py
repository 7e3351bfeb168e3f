"""The processes of the handover: handlers, a bot, people who talk to it, and a mover that is killed inside a step."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from config.journey.handover.bot import PEOPLE, PID
from config.supervisor import Child, Refusal, Service, Supervisor
from switchyard.example.telegram import TOKEN

SECONDS = 60.0  # to come as far as is waited for
EVERY = 0.05
PACKAGE = "config.journey.handover"


class Crew:
    """All gone at the exit. notes: the folder for what handlers and people note."""

    def __init__(self, logs: Path, notes: Path) -> None:
        self._supervisor = Supervisor(logs)
        self._notes, self._number = notes, 0
        self._telegram = _free_port()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Each after what it has in hand."""
        for child in self._supervisor.children:
            child.process.terminate()  # all at once; the supervisor waits for one after the other
        self._supervisor.stop()

    def look(self) -> None:
        """Raises Refusal for a process that ended by itself."""
        self._supervisor.look()

    def start(self, names: list[str]) -> None:
        """One more process with handlers that write to these components."""
        self._number += 1
        arguments = "-m", f"{PACKAGE}.handlers", str(self._notes), str(self._number), *names
        self._supervisor.start(Service(f"handlers-{self._number}", arguments, patience=30))

    def start_bot(self) -> None:
        """The example bot, which waits for people to come."""
        os.environ.update(TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_API_URL=f"http://127.0.0.1:{self._telegram}")
        os.environ.pop("TELEGRAM_OWNER_ID", None)
        self._supervisor.start(Service("bot", ("-m", f"{PACKAGE}.bot", str(self._notes)), patience=30))

    def start_people(self, names: list[str]) -> None:
        self._number += 1
        where = str(self._notes), str(self._number), str(self._telegram)
        self._supervisor.start(Service("people", ("-m", f"{PACKAGE}.people", *where, *names)))
        (self._notes / PEOPLE).touch()

    def kill(self) -> str:
        """The oldest process with handlers, as nobody can prepare for. Returns which."""
        child = next(c for c in self._supervisor.children if c.service.name.startswith("handlers"))
        self._kill(child)
        return f"{child.service.name} (process {child.process.pid})"

    def kill_bot(self) -> str:
        """It starts again by itself."""
        number = int((self._notes / PID).read_text())
        os.kill(number, signal.SIGKILL)
        return f"the bot (process {number})"

    def stall(self, component: str, stage: str, reads: str) -> Child:
        """A mover that stands inside its step by now. Raises Refusal."""
        reached = self._notes / f"{component}.inside"
        arguments = "-m", f"{PACKAGE}.mover", component, stage, reads, str(reached)
        self._supervisor.start(Service("mover", arguments))
        until = time.monotonic() + SECONDS
        while not reached.exists():
            self.look()
            if time.monotonic() > until:
                raise Refusal(f"The mover of {component} did not come into its step in {SECONDS:g} s.")
            time.sleep(EVERY)
        return self._supervisor.children[-1]

    def kill_mover(self, mover: Child) -> None:
        self._kill(mover)

    def _kill(self, child: Child) -> None:
        child.process.kill()
        child.process.wait()
        self._supervisor.children.remove(child)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
