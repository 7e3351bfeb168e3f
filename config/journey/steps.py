"""The journey itself, step by step, each measured and judged. Django is set up by then."""

from __future__ import annotations

import getpass
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from config.journey import entries, fates, pausing
from config.journey.fates import Fate, Tally
from config.journey.report import Report
from config.journey.rewriting import Expected, rewrite
from config.journey.source import Source
from config.supervisor import Refusal
from legacy_json.errors import LegacyError
from legacy_json.layouts import Source as Together
from legacy_json.records import Ledger, Outcome
from migration_control import components, dryrun, reporting, runs, store, undoing
from migration_control.components import Component
from migration_control.following import NobodyWorks, follow
from migration_control.models import Finding, Run
from migration_control.run_states import RunState

PLANNED = 20_000  # pending records of a component that the dry run looks at
IN_FULL = (RunState.COMPLETED, RunState.INCOMPLETE)


class Journey:
    """What was done and found so far; `problems` are what makes the demo end with status 1."""

    def __init__(self, source: Source, report: Report, console: Console) -> None:
        self.source, self.report, self.console = source, report, console
        self.chosen = [c for c in components.everything() if any(map(self._is_there, store.sources_of(c)))]
        self.problems: list[str] = []
        self.seconds: dict[str, float] = {}
        self.runs: list[Run] = []
        self.tallies: dict[str, Tally] = {}
        self.identical: bool | None = None
        self.files = 0  # of the bots, as they were read

    def go(self) -> None:
        """All steps. Raises Refusal where it cannot go on."""
        self.read()
        self.dry_run()
        first = self.import_("import", "Import through Celery")
        self.ledger()
        self.import_again()
        if self.source.original is None:
            self.follow_the_bot()
        self.undo(first)
        self.import_paused()
        self.check()
        self.original()

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        self.console.print(f"\n[bold]{len(self.seconds) + 1}. {title}[/]")
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 2)

    def say(self, text: str) -> None:
        self.console.print(f"   {text}", markup=False, highlight=False)

    def fail(self, text: str) -> None:
        self.problems.append(text)
        self.console.print(f"   {text}", style="red", markup=False, highlight=False)

    # Steps

    def read(self) -> None:
        with self.step("read", f"Read {self.source.shown} into the index"), self.bar() as bar:
            task = bar.add_task("reading")
            try:
                for component in self.chosen:
                    store.refresh(component, progress=lambda done, total: bar.update(task, completed=done, total=total))
            except LegacyError as error:
                raise Refusal(self.source.in_their_words(str(error))) from error
        files = self.source.files()
        size = sum(file.stat().st_size for file in files)
        self.files = len(files)
        self.say(f"{self.files:,} files, {size:,} bytes, times read as {self.source.zone}")
        if absent := [c.name for c in components.everything() if c not in self.chosen]:
            self.say(f"no file: {', '.join(absent)}")
        for component in self.chosen:
            entries = store.index().ledger(component.name).entries
            codes = Counter(finding.code for finding in store.index().findings(component.name))
            self.say(f"{component.name}: {entries:,} entries{_listed(codes, ' (', ')')}")

    def dry_run(self) -> None:
        with self.step("dry_run", "Dry run: what an import would do"):
            for component in self.chosen:
                planned = list(islice(dryrun.plan(component), PLANNED))
                counts = Counter(plan.action for plan in planned)
                counts["repair"] = sum(bool(plan.repairs) for plan in planned)
                part = f" (the first {PLANNED:,})" if len(planned) == PLANNED else ""
                self.say(f"{component.name}{part}: {_listed(counts) or 'nothing to do'}")

    def import_(self, name: str, title: str, **options: Any) -> list[Run]:
        with self.step(name, title):
            ids = [self._request(component, **options).pk for component in self.chosen]
            return self._followed(ids)

    def ledger(self) -> None:
        rows = reporting.ledgers(self.chosen)
        self.show_ledger(rows)
        reporting.print_findings(self.console, self.chosen, [Outcome.QUARANTINED])
        for component, ledger, count in rows:
            if not ledger.balanced or ledger.pending or ledger.imported != count:
                self.fail(f"The ledger of {component.name} does not balance: {ledger}, and {count} rows.")

    def import_again(self) -> None:
        for run in self.import_("import_again", "Import again: nothing changes"):
            if run.inserted or run.updated or run.deleted:
                self.fail(f"A second import of {run.component_id} changed rows.")

    def follow_the_bot(self) -> None:
        spared: dict[str, set[str]] = defaultdict(set)
        for component, key in Finding.objects.exclude(key=None).values_list("component_id", "key"):
            spared[component].add(str(key))
        expected = rewrite(self.source.folder, spared)
        title = "The bots changed their files: " + ", ".join(map(str, expected.values()))
        for run in self.import_("import_difference", title):
            wanted = expected.get(run.component_id, Expected(run.component_id))
            if Expected(run.component_id, run.inserted, run.updated, run.deleted) != wanted:
                self.fail(f"Expected of {wanted}.")

    def undo(self, imported: Sequence[Run]) -> None:
        """Children first, as their rows are about the parents'."""
        with self.step("undo", "Undo the first import: its rows go, unless something changed them since"):
            asked = [undoing.request(run.pk, requested_by=getpass.getuser()).pk for run in reversed(imported)]
            for run, target in zip(self._followed(asked), reversed(imported), strict=True):
                if run.deleted + run.kept != target.inserted:
                    self.fail(f"The undo of run {target.pk} is not about all of its rows.")
            for component in self.chosen:
                undoing.release(component.name)

    def import_paused(self) -> None:
        with self.step("import_paused", "Import again, pause and resume"):
            longest = pausing.longest(self.chosen)
            asked = [self._request(longest, batch_size=pausing.batch_size(longest))]
            asked += [self._request(component) for component in self.chosen if component is not longest]
            self.say(pausing.pause_and_resume(asked[0], self.problems))
            self._followed([run.pk for run in asked])

    def check(self) -> None:
        title = f"Check: read {self.source.shown} again with plain json, compare every record with its row"
        with self.step("check", title), self.bar() as bar, self.report:
            total = sum(store.index().ledger(component.name).entries for component in self.chosen)
            task = bar.add_task("comparing", total=total)

            def tell(fate: Fate) -> None:
                self.report.add(fate)
                bar.advance(task)

            try:
                self.tallies = fates.look(store.root(), self.sources(), ZoneInfo(self.source.zone), tell)
            except (ValueError, OSError) as error:
                raise Refusal(f"{self.source.shown} cannot be read again with plain json: {error}") from error
        rows = reporting.ledgers(self.chosen)
        self.show_ledger(rows)
        for component, ledger, count in rows:
            self._judge(self.tallies[component.name], component.name, ledger, count)

    def _judge(self, tally: Tally, name: str, ledger: Ledger, count: int) -> None:
        quarantined, lost = tally.outcomes[Outcome.QUARANTINED], tally.outcomes[fates.LOST]
        fates_of = f"{tally.round_trip:,} of {tally.entries:,} records round-trip"
        older = f"{ledger.superseded:,} superseded by a newer generation, " if ledger.superseded else ""
        self.say(f"{name}: {fates_of}, {older}{quarantined:,} quarantined, {lost:,} lost")
        if lost:
            self.fail(f"{lost:,} {name} are lost or changed: see {self.report.text}.")
        if count != tally.round_trip:
            self.fail(f"{name} has {count:,} rows for {tally.round_trip:,} records of the file.")
        if not ledger.balanced or ledger.pending or ledger.entries != tally.entries:
            self.fail(f"The ledger of {name} is {ledger}, and the file has {tally.entries:,} entries.")

    def original(self) -> None:
        """What was copied: its bytes are those of the beginning."""
        self.identical = self.source.unchanged()
        if self.identical is False:
            self.say(f"{self.source.original} was changed meanwhile, by somebody else: we only ever read it.")

    # Parts

    def sources(self) -> list[Together]:
        """What the chosen components' records lie in, each once."""
        return list({source.name: source for c in self.chosen for source in store.sources_of(c)}.values())

    def _is_there(self, source: Together) -> bool:
        return any(entries.files(store.root(), home.layout) for home in source.homes)

    def show_ledger(self, rows: Sequence[tuple[Component, Ledger, int]]) -> None:
        self.console.print(reporting.ledger_table(rows))
        self.console.print(reporting.balance(rows))

    def bar(self) -> Progress:
        columns = TextColumn("   {task.description}"), BarColumn(), TaskProgressColumn()
        return Progress(*columns, console=self.console, disable=not self.console.is_terminal, transient=True)

    def _request(self, component: Component, **options: Any) -> Run:
        return runs.request(component, requested_by=getpass.getuser(), **options)

    def _followed(self, ids: Sequence[int]) -> list[Run]:
        """Wait until they have ended, show them. Raises Refusal for one that failed."""
        try:
            ended = follow(ids, self.console, here=False)
        except NobodyWorks as error:
            raise Refusal(str(error)) from error
        self.runs += ended
        reporting.print_runs(self.console, ended)
        for run in ended:
            if run.state not in IN_FULL:
                message = f"Run {run.pk} of {run.component_id} {run.state}: {run.message}"
                raise Refusal(self.source.in_their_words(message))
        return ended


def _listed(counts: Counter[str], before: str = "", after: str = "") -> str:
    listed = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()) if count)
    return f"{before}{listed}{after}" if listed else ""
