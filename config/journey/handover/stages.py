"""The handover, stage by stage, while handlers go on: there, all the way back, and there again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.utils import timezone

from config.journey.handover import files, moves
from config.journey.handover.judging import SHOWN, Judgement, judge, lag
from config.journey.handover.outage import outage
from config.journey.handover.traffic import Traffic
from config.journey.steps import Journey
from legacy_json.errors import LegacyError
from legacy_json.layouts import Source
from migration_control import store
from migration_control.components import Component
from migration_control.moving.relations import children, mates
from migration_control.stages import STAGES, StageRow
from migration_control.wording import counted

DISABLED, MIRRORED, DATABASE, ALONE = STAGES
WORK = 1.5  # seconds that handlers have in a stage once everything is there
INSIDE = 1.0  # that a mover stands inside its step before it is killed
AWAY = 3.0  # that there is no database


class Handover:
    """Of the components whose files could be taken over. traffic: its bot is on the way."""

    def __init__(self, journey: Journey, traffic: Traffic) -> None:
        self._journey, self._traffic = journey, traffic
        self.moving: list[Component] = []

    def go(self) -> Judgement | None:
        """All stages; None where no file could be taken over. Raises Refusal where it cannot go on."""
        self.take()
        if not self.moving:
            return None
        self.begin()
        self.mirror()
        self.to_the_database()
        self.database_alone()
        self.back()
        self.forward()
        return self.check()

    # Stages

    def take(self) -> None:
        refused: set[str] = set()
        with self._journey.step("take", "Take the files over: from here on the bots write through Switchyard"):
            for source in self._journey.sources():
                if files.is_ours(source):
                    continue
                try:
                    self._take(source)
                except LegacyError as error:
                    refused |= {collection.name for collection in source.collections}
                    self._refused(error)
        self.moving = [component for component in self._journey.chosen if component.name not in refused]

    def begin(self) -> None:
        title = "Handlers and the example bot begin, in processes of their own; nothing is mirrored yet (disabled)"
        with self._stage("traffic", title):
            self._traffic.begin(self._names)

    def mirror(self) -> None:
        with self._stage("dual_write", "To dual-write: JSON is right, and each write goes on to the database at once"):
            self._move(self.moving, MIRRORED)

    def to_the_database(self) -> None:
        """A mover is killed in its step first: its request goes on once its lease has run out."""
        title = "To reading the database, with crashes of a mover, of handlers and the bot, and an outage on the way"
        with self._stage("to_database", title):
            self._kill_bot()
            cut = self._cut_off()
            rest = [component for component in self.moving if component is not cut]
            there, still = rest[: (len(rest) + 1) // 2], rest[(len(rest) + 1) // 2 :]
            self._move(there, DATABASE)
            self._kill_handlers()
            self._outage(there)
            self._move(still, DATABASE)
            if cut is not None:
                began = time.monotonic()
                asked = moves.latest(cut)
                moves.followed(asked, self._traffic.look)
                self._say(
                    f"{cut.name}: a worker took request {asked.pk} up again and ended it, "
                    f"{time.monotonic() - began:.1f} s after everything else was there"
                )

    def database_alone(self) -> None:
        with self._stage("db_only", "To db-only: JSON is no longer written"):
            self._move(self.moving, ALONE)

    def back(self) -> None:
        """What shares a file leaves db-only together, children come before their parents."""
        with self._stage("back", "All the way back: JSON is brought up to date, and is right again"):
            self._move(self.moving[::-1], DATABASE)
            self._move(self.moving[::-1], DISABLED)

    def forward(self) -> None:
        title = "Forward again, to reading the database, where both stores have everything"
        with self._stage("forward", title):
            self._move(self.moving, DATABASE)

    def check(self) -> Judgement:
        with self._journey.step("handover_check", "Check: handlers end, and what they were told is looked for"):
            promised = self._traffic.end()
            self._report()
            return judge(self._journey, self.moving, promised, self._traffic)

    # Parts

    def _take(self, source: Source) -> None:
        with self._journey.bar() as bar:
            task = bar.add_task(f"reading {source.name}")

            def told(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            kept = files.take(source, timezone.now(), told)
        held = ", ".join(collection.name for collection in source.collections)
        self._say(f"{source.name}: {counted(len(kept.files), 'file')} with {held}; copies are kept")

    def _cut_off(self) -> Component | None:
        """A component whose mover is killed between two commits; None where each one has others waiting for it."""
        alone = [c for c in self.moving if c.parent is None and not children(c)]
        if not alone:
            return None
        cut = min(alone[::-1], key=lambda c: len(mates(c)))
        mover = self._traffic.crew.stall(cut.name, DATABASE.stage, DATABASE.reads)
        self._traffic.wait(INSIDE)
        self._traffic.crew.kill_mover(mover)
        self._say(
            f"{cut.name}: its mover (process {mover.process.pid}) stood for {INSIDE:g} s inside the step, writes"
            " waiting, and was killed there (kill -9)"
        )
        return cut

    def _kill_handlers(self) -> None:
        killed = self._traffic.crew.kill()
        self._traffic.crew.start(self._names)
        self._say(f"{killed} was killed in the middle of its calls (kill -9), and another one started")

    def _kill_bot(self) -> None:
        if self._traffic.has_bot:
            killed = self._traffic.crew.kill_bot()
            self._say(f"{killed} was killed while people talked to it (kill -9), and started again: they wait for it")

    def _outage(self, there: Sequence[Component]) -> None:
        names = {component.name for component in there}
        self._traffic.wait_for_bot()
        self._say(f"handlers so far: {self._traffic.seen().all}")
        with outage():
            self._traffic.wait(AWAY)
            seen = self._traffic.seen()
            behind = sum(store.index().count_pending(c.name) for c in self.moving)
        self._say(
            f"PostgreSQL was stopped for {AWAY:g} s, and started again. Meanwhile {behind:,} records waited for it:"
        )
        self._say(f"  where JSON is right: {seen.of({c.name for c in self.moving} - names)}")
        self._say(f"  where the database is: {seen.of(names)}")

    def _move(self, chosen: Sequence[Component], row: StageRow) -> None:
        seconds = []
        with self._journey.bar() as bar:
            task = bar.add_task("moving", total=len(chosen))
            for component in chosen:
                bar.update(task, description=f"{component.name} to {row.stage} reading {row.reads}")
                began = time.monotonic()
                moves.followed(moves.ask(component, row), self._traffic.look)
                seconds.append(f"{component.name} {time.monotonic() - began:.1f} s")
                bar.advance(task)
        self._say(f"to {row.stage} reading {row.reads}: {', '.join(seconds)}")

    @contextmanager
    def _stage(self, name: str, title: str) -> Iterator[None]:
        with self._journey.step(name, title):
            yield
            self._traffic.wait(WORK)
            self._report()
            to_database, to_json = lag(self.moving)
            self._say(f"lag: {to_database:,} records towards the database, {to_json:,} towards JSON")

    @property
    def _names(self) -> list[str]:
        return [component.name for component in self.moving]

    def _report(self) -> None:
        seen = self._traffic.seen()
        self._say(f"handlers saw: {seen.all}")
        if self._traffic.has_bot:
            self._say(f"people have heard from the bot so far: {self._traffic.answers}")
        wrong = list(dict.fromkeys(seen.wrong))
        for line in wrong[:SHOWN]:
            self._journey.fail(line)
        if wrong[SHOWN:]:
            self._journey.fail(f"... and {len(wrong) - SHOWN:,} more of that.")

    def _refused(self, error: LegacyError) -> None:
        """The example's files can be taken over; with somebody's own it is the answer to a question."""
        text = self._journey.source.in_their_words(str(error))
        if self._journey.source.original is None:
            self._journey.fail(text)
        else:
            self._say(f"not taken over, and left out of what follows: {text}")

    def _say(self, text: str) -> None:
        self._journey.say(text)
