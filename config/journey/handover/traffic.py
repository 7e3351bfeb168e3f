"""The live traffic: its processes, and what they have noted so far."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Self

from config.journey.handover.answered import Answers
from config.journey.handover.crew import Crew
from config.journey.handover.notes import Notes
from config.journey.handover.promised import Promised, Promises
from config.journey.handover.seen import Saw, Seen, Watcher
from config.supervisor import Refusal

PROCESSES = 2
EVERY = 0.1  # seconds
SECONDS = 120.0  # for handlers and the bot to begin
BOTS = {"users", "subscriptions"}  # what it cannot do without


class Traffic:
    """All of its processes are gone at the exit. total: of what handlers saw, from the beginning."""

    def __init__(self, logs: Path, folder: Path) -> None:
        folder.mkdir()
        self.crew = Crew(logs, folder)
        self.total = Seen()
        self.answers = Answers()
        self.has_bot = False
        self._notes, self._promises, self._watcher = Notes(folder), Promises(), Watcher()

    def __enter__(self) -> Self:
        self.crew.start_bot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.crew.end()

    def begin(self, names: list[str]) -> None:
        """Returns once handlers are at work on these components, and the bot, where it has users. Raises Refusal."""
        for _ in range(PROCESSES):
            self.crew.start(names)
        self.has_bot = {*names} >= BOTS
        if self.has_bot:
            self.crew.start_people(names)
        until = time.monotonic() + SECONDS
        while self._promises.count < PROCESSES or (self.has_bot and not self.answers.count):
            if time.monotonic() > until:
                raise Refusal(f"No handler has written anything in {SECONDS:g} s: see the logs of the demo.")
            self.wait(EVERY)

    def wait_for_bot(self) -> None:
        """Let the handlers work until somebody has an answer of the bot's. Raises Refusal."""
        self._take()
        before, until = self.answers.count, time.monotonic() + SECONDS
        while self.has_bot and self.answers.count == before:
            if time.monotonic() > until:
                raise Refusal(f"The bot has said nothing in {SECONDS:g} s: see the logs of the demo.")
            self.wait(EVERY)

    def wait(self, seconds: float) -> None:
        """Let the handlers work. Raises Refusal if a process ended by itself."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.look()
            time.sleep(min(EVERY, left))

    def look(self) -> None:
        """Raises Refusal if a process ended by itself."""
        self.crew.look()
        self._take()

    def seen(self) -> Seen:
        """Since the last time."""
        self._take()
        seen = self._watcher.seen()
        for name, saw in seen.components.items():
            self.total.components[name] = self.total.components.get(name, Saw()) + saw
        self.total.wrong += seen.wrong
        return seen

    def end(self) -> dict[str, Promised]:
        """What was promised, once no process goes on."""
        self.crew.end()
        self._take()
        return self._promises.all()

    def _take(self) -> None:
        for note in self._notes.new():
            self._watcher.take(note)
            self._promises.take(note)
            self.answers.take(note)
