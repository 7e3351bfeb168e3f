"""What every process of the soak has: its number, its dice, its history, and when it ends."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from tests.soak.counters import Counter
from tests.soak.history import Alarmed, Ended, Key, Mishap, Read, Recorder, Seen, Started, now
from tests.soak.outcomes import ALARMS, ANSWERS, named, outcome
from tests.soak.plan import Plan
from tests.soak.subjects import SUBJECTS, Subject

REST = 0.02  # seconds after a refusal: nobody asks a store that is away as fast as he can

OPEN = Path("/proc/self/fd")

# Filled by a read that was answered from JSON while the database was away: what is not there bears no mark itself.
fallen_back: ContextVar[list[bool]] = ContextVar("fallen_back")


class Actor:
    """number: no other process of this soak has it, nor had it before."""

    def __init__(self, plan: Plan, kind: str, number: int) -> None:
        self.plan, self.kind, self.number = plan, kind, number
        self.random = Random(f"{plan.seed}/{number}")
        self.recorder = Recorder(plan.history, f"{number}-{kind}")
        self._counter = Counter(plan.counters, number)
        self._tokens = count(1)
        self._parent = os.getppid()
        _mark_fallbacks()
        signal.signal(signal.SIGUSR1, _cut_connections)

    @property
    def goes_on(self) -> bool:
        return not self.plan.stop.exists() and os.getppid() == self._parent

    def subject(self) -> Subject:
        return self.random.choices(SUBJECTS, [subject.weight for subject in SUBJECTS])[0]

    def keys(self, subject: Subject, kind: str) -> list[Key]:
        """For a write of that kind. A few keys get most of them."""
        chosen = subject.passing if kind in ("create", "delete") else subject.keys
        if self.random.random() < 0.3:
            chosen = chosen[:12]
        return self.random.sample(chosen, 2 if kind == "pair" else 1)

    def token(self) -> str:
        return f"{self.number}.{next(self._tokens)}"

    def mishap(self, error: Exception) -> None:
        """Of work in the background, which is tried again."""
        self.heed(error)
        self.recorder.note(Mishap(now(), self.kind, named(error)))

    def heed(self, error: Exception) -> None:
        """An alarm is a violation: nothing here was restored, or exchanged."""
        if type(error).__name__ in ALARMS:
            self.recorder.note(Alarmed(now(), self.kind, str(error)))

    def write(self, kind: str, subject: Subject, keys: list[Key]) -> Write:
        return Write(self, kind, subject, keys)

    @contextmanager
    def read(self, subject: Subject) -> Iterator[list[Any]]:
        """Fill what it gives with keys and records. An error is in the history, and rested upon by the caller."""
        began, found, error = now(), list[Any](), ""
        marks: list[bool] = []
        fallen_back.set(marks)
        try:
            yield found
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is in the history
            error = named(failure)
            self.heed(failure)
        seen = [Seen(key, None) if record is None else subject.seen(record) for key, record in found]
        stale = bool(marks) or any(record is not None and record.stale for _, record in found)
        self.recorder.note(Read(began, now(), subject.component, [] if error else seen, stale=stale, error=error))
        self.done(served=not error)

    def done(self, *, served: bool) -> None:
        if served:
            self._counter.add()


class Write:
    """One of them, from before its beginning until after its end."""

    def __init__(self, actor: Actor, kind: str, subject: Subject, keys: list[Key]) -> None:
        self._actor, self.token, self.committing = actor, actor.token(), False
        actor.recorder.note(Started(self.token, now(), kind, subject.component, keys))

    def ended(self, seen: list[Seen]) -> bool:
        self._actor.recorder.note(Ended(self.token, now(), "acknowledged", seen))
        self._actor.done(served=True)
        return True

    def failed(self, error: Exception) -> bool:
        """Whether it was an answer."""
        self._actor.heed(error)
        what = outcome(error, committing=self.committing)
        self._actor.recorder.note(Ended(self.token, now(), what, [], named(error)))
        served = type(error).__name__ in ANSWERS
        self._actor.done(served=served)
        return served


def _mark_fallbacks() -> None:
    from migration_control.routing import router

    real: Callable[[Any], Any] = router._marked

    def marked(found: Any) -> Any:
        with suppress(LookupError):
            fallen_back.get().append(True)
        return real(found)

    router._marked = marked


def _cut_connections(number: int, frame: FrameType | None) -> None:
    """All of this process's to the database, wherever it is at the moment."""
    del number, frame
    for descriptor in [int(path.name) for path in OPEN.iterdir()] if OPEN.exists() else ():
        with suppress(OSError):
            # Another file's second descriptor would take SQLite's locks along as it closes.
            if str((OPEN / str(descriptor)).readlink()).startswith("socket:"):
                _shut_down(os.dup(descriptor))


def _shut_down(descriptor: int) -> None:
    with socket.socket(fileno=descriptor) as one:
        if "PGSQL" in str(one.getpeername()):
            one.shutdown(socket.SHUT_RDWR)


def rest() -> None:
    time.sleep(REST)
