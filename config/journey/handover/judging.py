"""The end of the handover: acknowledged against found, the ledger, the files."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from rich.table import Table

from config.journey.handover import answered, files
from config.journey.handover.found import Found, look
from config.journey.handover.promised import Promised
from config.journey.handover.seen import Saw
from config.journey.handover.subjects import written
from config.journey.handover.traffic import Traffic
from config.journey.steps import Journey
from legacy_json import inbox
from legacy_json.errors import LegacyError
from migration_control import reporting, store
from migration_control.components import Component
from migration_control.mirroring import draining_to_json
from migration_control.wording import counted

SECONDS = 30.0  # for the background to catch up
EVERY = 0.2
SHOWN = 5  # lines of what is wrong in one place


@dataclass
class Judgement:
    """found: by component. files, entries: how many were parsed and compared."""

    saw: Saw
    found: dict[str, Found] = field(default_factory=dict)
    files: int = 0
    entries: int = 0

    @property
    def acknowledged(self) -> int:
        return sum(found.acknowledged for found in self.found.values())

    @property
    def there(self) -> int:
        return sum(found.found for found in self.found.values())


def judge(
    journey: Journey, moved: Sequence[Component], promised: Mapping[str, Promised], traffic: Traffic
) -> Judgement:
    """What is wrong is among the journey's problems. Raises django.db.Error."""
    judged = Judgement(traffic.total.all)
    _caught_up(journey, moved)
    for subject in written([component.name for component in moved]):
        judged.found[subject.component] = look(subject, promised.get(subject.component, Promised()))
    judged.found |= answered.look(traffic.answers.all, now=timezone.now())
    for name, found in judged.found.items():
        for line in found.wrong[:SHOWN]:
            journey.fail(line)
        if not found.ok:
            journey.fail(
                f"{name}: {found.acknowledged:,} acknowledged, {found.in_json:,} found in JSON,"
                f" {found.in_database:,} in the database."
            )
    _files(journey, moved, judged)
    _ledger(journey, moved)
    journey.console.print(_table(judged))
    journey.say(f"acknowledged {judged.acknowledged:,}, found {judged.there:,}, in both stores")
    return judged


def lag(moved: Sequence[Component]) -> tuple[int, int]:
    """How many records the database lacks, and JSON."""
    to_database = sum(store.index().count_pending(component.name) for component in moved)
    return to_database, sum(draining_to_json.count_pending(component) for component in moved)


def _caught_up(journey: Journey, moved: Sequence[Component]) -> None:
    """Neither store lacks anything, and nothing is kept for the database any more."""
    until = time.monotonic() + SECONDS
    while any((*lag(moved), inbox.count(store.index()))):
        if time.monotonic() > until:
            behind, kept = lag(moved), inbox.count(store.index())
            journey.fail(f"After {SECONDS:g} s the stores lack {behind[0]} and {behind[1]} records; {kept} are kept.")
            return
        time.sleep(EVERY)


def _files(journey: Journey, moved: Sequence[Component], judged: Judgement) -> None:
    names = {component.name for component in moved}
    ours = [s for s in journey.sources() if any(collection.name in names for collection in s.collections)]
    problems: list[str] = []
    try:
        files.render()
    except LegacyError as error:
        problems.append(str(error))
    judged.files, judged.entries = files.look(ours, problems)
    for problem in problems:
        journey.fail(problem)
    if not problems:
        parsed = counted(judged.files, "file")
        journey.say(f"{parsed} parsed with plain json and compared: {judged.entries:,} entries, as the index has them")


def _ledger(journey: Journey, moved: Sequence[Component]) -> None:
    rows = reporting.ledgers(moved)
    journey.show_ledger(rows)
    for component, ledger, count in rows:
        if not ledger.balanced or ledger.pending or ledger.imported != count:
            journey.fail(f"The ledger of {component.name} does not balance: {ledger}, and {count} rows.")


def _table(judged: Judgement) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("component", no_wrap=True)
    for heading in ("acknowledged", "found in JSON", "in the database", "outcome unknown", "of these found"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, found in judged.found.items():
        figures = (found.acknowledged, found.in_json, found.in_database, found.unknown, found.unknown_found)
        table.add_row(name, *(f"{figure:,}" for figure in figures), style=None if found.ok else "red")
    return table
