"""What became of each entry of the files: the files, read again, against the rows in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from config.journey.comparing import differences
from config.journey.entries import Entry, entries
from config.journey.notes import Notes, first_position
from legacy_json.keys import Key
from legacy_json.layouts import Home, Source
from legacy_json.records import SUPERSEDED, Outcome
from migration_control.components import Component, get
from migration_control.models import Finding
from migration_control.records import Record

CHUNK = 2_000
ARRIVED, LOST = "arrived", "lost"  # beside the outcomes of findings


class Fate(NamedTuple):
    """outcome: arrived (as it is), reported or repaired (arrived, with notes), quarantined, superseded (by a record of
    a newer generation, which is the one that the bot reads), or lost.

    entry: its number in the file, within its list or object.
    """

    component: str
    key: Key | None
    file: str
    entry: int
    outcome: str
    notes: list[str]
    codes: list[str]
    raw: bytes | None


@dataclass
class Tally:
    """How many entries of a component came to which end; `rows`: what its table holds."""

    entries: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rows: int = 0

    @property
    def round_trip(self) -> int:
        """Entries whose document comes out of the database as it stands in the file."""
        return self.outcomes[ARRIVED] + self.outcomes[Outcome.REPAIRED] + self.outcomes[Outcome.REPORTED]


Tell = Callable[[Fate], None]


def look(root: Path, sources: Iterable[Source], zone: ZoneInfo, tell: Tell) -> dict[str, Tally]:
    """Compare every entry of the files below root with its row; `tell` hears of each. Raises ValueError, OSError."""
    tallies: dict[str, Tally] = {}
    for source in sources:
        for collection in source.collections:
            rows = get(collection.name).model._default_manager.count()
            tallies.setdefault(collection.name, Tally(rows=rows))
        for home in source.homes:
            _look_at_home(home, root, zone, tallies, tell)
    return tallies


def _look_at_home(home: Home, root: Path, zone: ZoneInfo, tallies: Mapping[str, Tally], tell: Tell) -> None:
    component = get(home.collection.name)
    children = {name: get(child.name) for child, name in home.children}
    for chunk in _chunks(entries(home, root, first_position(component))):
        for name, child in children.items():
            _look(child, list(_inside(chunk, name)), zone, tallies[child.name], tell)
        _look(component, [_without(entry, children) for entry in chunk], zone, tallies[component.name], tell)


def _chunks(found: Iterator[Entry]) -> Iterator[list[Entry]]:
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _inside(chunk: Sequence[Entry], name: str) -> Iterator[Entry]:
    for entry in chunk:
        if isinstance(entry.value, dict) and entry.value.get(name) is not None:
            yield entry._replace(value=entry.value[name])


def _without(entry: Entry, names: Mapping[str, object]) -> Entry:
    if not names or not isinstance(entry.value, dict):
        return entry
    return entry._replace(value={k: v for k, v in entry.value.items() if k not in names or v is None})


def _look(component: Component, chunk: Sequence[Entry], zone: ZoneInfo, tally: Tally, tell: Tell) -> None:
    keys = {entry.key for entry in chunk if entry.key is not None}
    rows: Mapping[Any, Record] = component.model._default_manager.in_bulk(list(keys))
    notes = Notes(component, chunk)
    for entry in chunk:
        fate = _fate(component, entry, rows.get(entry.key), notes.about(entry), zone)
        tally.entries += 1
        tally.outcomes[fate.outcome] += 1
        tell(fate)


def _fate(component: Component, entry: Entry, row: Record | None, found: Sequence[Finding], zone: ZoneInfo) -> Fate:
    outcomes = {finding.outcome for finding in found}
    notes, raw = [finding.detail for finding in found], None
    if Outcome.QUARANTINED in outcomes:
        outcome: str = Outcome.QUARANTINED
        raw = next((bytes(f.raw) for f in found if f.outcome == outcome and f.raw is not None), None)
    elif any(finding.code == SUPERSEDED for finding in found):
        outcome = SUPERSEDED
    elif row is None:
        outcome, notes = LOST, [*notes, "neither in the database nor quarantined"]
    elif changed := list(differences(component, entry.value, row, zone)):
        outcome, notes = LOST, [*notes, *changed]
    else:
        outcome = next((o for o in (Outcome.REPAIRED, Outcome.REPORTED) if o in outcomes), ARRIVED)
    place = component.name, entry.key, entry.file, entry.number
    return Fate(*place, outcome, notes, [finding.code for finding in found], raw)
