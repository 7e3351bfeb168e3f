"""From the files of a soak to what is wrong in them, and its figures."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.soak import history
from tests.soak.checker import Violation, check
from tests.soak.history import Alarmed, Broken, Ended, Fault, Looked, Mishap, Moved, Read, Started, Stood
from tests.soak.lives import Pasts
from tests.soak.outcomes import ANSWERS


@dataclass
class Judged:
    """operations: completed ones, by outcome; served: by stage, of how many; gaps: see longest()."""

    violations: list[Violation] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    mishaps: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    stale: int = 0
    calls: list[tuple[int, int, str, bool]] = field(default_factory=list)
    stood: dict[str, list[Stood]] = field(default_factory=lambda: defaultdict(list))
    pasts: Pasts = field(default_factory=Pasts)


def judge(folder: Path) -> Judged:
    judged = Judged()
    begun: dict[str, Started] = {}
    for event in history.read(folder):
        _take(judged, event, begun)
    judged.operations["unknown"] += judged.pasts.unfinished()
    judged.violations += check(judged.pasts)
    for name, lines in judged.stood.items():
        judged.violations += _contradictions(name, lines)
    return judged


def _take(judged: Judged, event: history.Event, begun: dict[str, Started]) -> None:
    match event:
        case Started():
            judged.pasts.started(event)
            begun[event.token] = event
        case Ended():
            start = begun.pop(event.token)
            judged.pasts.ended(event)
            _ended(judged, start, event)
        case Read():
            judged.pasts.read(event)
            _read(judged, event)
        case Fault():
            judged.faults[event.kind] += 1
        case Moved():
            judged.moves[f"{event.step}: {event.outcome}"] += 1
        case Stood():
            judged.stood[event.component].append(event)
        case Looked():
            judged.looks += event.files
            judged.violations += [Violation("file", "", "", wrong, at=event.at) for wrong in event.wrong]
        case Broken():
            kind = "stores" if event.component else "authority"
            judged.violations.append(Violation(kind, event.component, event.key, event.what, at=event.at))
        case Alarmed():
            judged.violations.append(Violation("alarm", "", "", f"{event.who}: {event.what}", at=event.at))
        case Mishap():
            judged.mishaps[f"{event.who}: {event.error}"] += 1


def _ended(judged: Judged, start: Started, end: Ended) -> None:
    judged.operations[end.outcome] += 1
    judged.kinds[start.kind] += 1
    if end.error:
        judged.refusals[f"{end.outcome}: {end.error}"] += 1
    if start.token.startswith("0.") or start.kind == "several" or _by_the_database(end):
        return
    served = end.outcome == "acknowledged" or end.error in ANSWERS
    judged.calls.append((start.at, end.at, start.component, served))


def _by_the_database(end: Ended) -> bool:
    """Raw SQL and staff, whom the database refuses while it is not the authority: that is no outage."""
    return end.error.endswith(" 55000")


def _read(judged: Judged, event: Read) -> None:
    if event.final:
        return
    judged.operations["failed reads" if event.error else "reads"] += 1
    judged.stale += event.stale
    if event.error:
        judged.refusals[f"read: {event.error}"] += 1
    judged.calls.append((event.began, event.ended, event.component, not event.error))


def _contradictions(name: str, lines: list[Stood]) -> list[Violation]:
    """Each line begins where the one before ended, at a higher epoch."""
    found = []
    for before, line in pairwise(lines):
        if line.epoch <= before.epoch or line.came_from != before.stage:
            found.append(Violation("authority", name, "", f"{line} does not follow {before}", at=line.at))
    return found
