"""Keep a few processes up, and take them all down in order.

Not honcho: it runs each command through a shell, ends all of them at once and kills after five seconds, while the
worker has to outlive beat and web by the length of its task. See docs/decisions/0002-supervisor.md.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from config.environment import BASE_DIR

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LARGEST_LOG = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1


class Refusal(Exception):
    """Something that the person at the terminal has to mend; the message is a fact and the remedy, on one line."""


@dataclass(frozen=True)
class Service:
    """A process to keep up: arguments of our Python, and the seconds that it gets to end by itself."""

    name: str
    arguments: tuple[str, ...]
    patience: float = 10


@dataclass(frozen=True)
class Child:
    """A service that was started."""

    service: Service
    process: subprocess.Popen[bytes]
    log: Path


class Supervisor:
    """Services with their output in `logs`, stopped in the reverse order of their start."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.children: list[Child] = []

    def start(self, service: Service) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{service.name}.log"
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output, _deferred():
            process = subprocess.Popen(
                [sys.executable, *service.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=BASE_DIR,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                # Ctrl-C is for us: we pass it on, in order.
                start_new_session=True,
                preexec_fn=_die_with_parent(),  # this process has one thread
            )
            self.children.append(Child(service, process, log))

    def look(self) -> None:
        """Raise Refusal when a service has ended, which none does by itself."""
        for child in self.children:
            if child.process.poll() is not None:
                raise Refusal(
                    f"The {child.service.name} process ended with status {child.process.returncode}: see {child.log}. "
                    f"Its last line: {_last_line(child.log)}"
                )

    def run(self, *arguments: str) -> int:
        """Run a command of ours on this terminal, and return its exit status; raises Refusal as `look` does."""
        process = subprocess.Popen([sys.executable, *arguments], cwd=BASE_DIR)
        try:
            while (status := process.poll()) is None:
                self.look()
                time.sleep(0.1)
            return status
        finally:
            if process.poll() is None:
                process.terminate()
                _wait(process, 10)

    def stop(self) -> None:
        """End all services, the last started first; returns once they are gone. Further signals are ignored."""
        handlers = {number: signal.signal(number, signal.SIG_IGN) for number in ENDS}
        try:
            while self.children:
                _end(self.children.pop())
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def raise_on_signals() -> None:
    """Turn the first of Ctrl-C, SIGTERM and a closed terminal into KeyboardInterrupt, and ignore the ones after it."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for end in ENDS:
            signal.signal(end, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ENDS:
        signal.signal(number, interrupt)


@contextmanager
def _deferred() -> Iterator[None]:
    """Act on signals at the end: what a handler raises in a fork's own callbacks is swallowed."""
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda number, _: came.append(number)) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


def _end(child: Child) -> None:
    # Warm, then at once (Celery's cold shutdown), then the hard way with all that it started.
    for number, patience in ((signal.SIGTERM, child.service.patience), (signal.SIGQUIT, 5)):
        if child.process.poll() is None:
            child.process.send_signal(number)
            _wait(child.process, patience)
    _kill_group(child.process)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _die_with_parent() -> Callable[[], None] | None:
    """Return what asks the kernel, in the child, for SIGTERM when we are killed; None where Linux's call is missing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: between fork and exec nothing may allocate much

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "(empty)"
