"""What became of each entry of the file: the file, read again, against the rows in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from config.journey.rereading import records
from legacy_json.layouts import ListOf, homes
from legacy_json.records import Outcome, Phase
from migration_control.components import Component, everything, get
from migration_control.models import Finding
from migration_control.records import Record

CHUNK = 2_000
LARGEST = 2**63
NONE = "no such key"
ARRIVED, LOST = "arrived", "lost"  # beside the outcomes of findings


class Entry(NamedTuple):
    """One record of a component in the file. number: its place in the list, or that of the record around it."""

    number: int
    key: int | None
    value: object


class Fate(NamedTuple):
    """outcome: arrived (as it is), reported or repaired (arrived, with notes), quarantined, or lost."""

    component: str
    key: int | None
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


def look(path: Path, zone: ZoneInfo, tell: Callable[[Fate], None]) -> dict[str, Tally]:
    """Compare every entry of the file with its row; `tell` hears of each. Raises ValueError, OSError."""
    tallies: dict[str, Tally] = {}
    for home, layout, children in _homes(path.name):
        for component in (home, *children.values()):
            tallies[component.name] = Tally(rows=component.model._default_manager.count())
        for chunk in _chunks(records(path, layout.section)):
            entries = [Entry(number, _key(value, layout.key), value) for number, value in chunk]
            for name, component in children.items():
                _look(component, list(_inside(entries, name)), zone, tallies[component.name], tell)
            _look(home, [_without(entry, children) for entry in entries], zone, tallies[home.name], tell)
    return tallies


def _homes(file: str) -> Iterator[tuple[Component, ListOf, Mapping[str, Component]]]:
    """The components that are lists in this file, with those inside their records by their names there."""
    for home in homes([component.collection for component in everything()]):
        if isinstance(home.layout, ListOf) and home.layout.file == file:
            children = {name: get(child.name) for child, name in home.children}
            yield get(home.collection.name), home.layout, children


def _chunks(values: Iterator[object]) -> Iterator[list[tuple[int, object]]]:
    numbered = enumerate(values)
    while chunk := list(islice(numbered, CHUNK)):
        yield chunk


def _key(value: object, name: str) -> int | None:
    """Not the reader's own rules, but what a person would take for the key."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        key = int(found)
    except (ValueError, OverflowError):
        return None
    return key if -LARGEST <= key < LARGEST else None


def _inside(entries: Sequence[Entry], name: str) -> Iterator[Entry]:
    for entry in entries:
        if isinstance(entry.value, dict) and entry.value.get(name) is not None:
            yield Entry(entry.number, entry.key, entry.value[name])


def _without(entry: Entry, names: Mapping[str, object]) -> Entry:
    if not isinstance(entry.value, dict):
        return entry
    return entry._replace(value={k: v for k, v in entry.value.items() if k not in names or v is None})


def _look(
    component: Component, entries: Sequence[Entry], zone: ZoneInfo, tally: Tally, tell: Callable[[Fate], None]
) -> None:
    keys = {entry.key for entry in entries if entry.key is not None}
    rows: Mapping[Any, Record] = component.model._default_manager.in_bulk(list(keys))
    found = _findings(component, entries, keys)
    for entry in entries:
        notes = [*found[entry.number], *found[str(entry.key)]]
        fate = _fate(component, entry, rows.get(entry.key), notes, zone)
        tally.entries += 1
        tally.outcomes[fate.outcome] += 1
        tell(fate)


def _findings(component: Component, entries: Sequence[Entry], keys: set[int]) -> dict[int | str | None, list[Finding]]:
    """The reader's by the entry's number, the mapping's by key: a record keeps those when the list shifts around it."""
    found: dict[int | str | None, list[Finding]] = defaultdict(list)
    if not entries:
        return found
    mine = Finding.objects.filter(component_id=component.name)
    for finding in mine.filter(phase=Phase.READING, ordinal__range=(entries[0].number, entries[-1].number)):
        found[finding.ordinal].append(finding)
    for finding in mine.filter(phase=Phase.MAPPING, key__in=[str(key) for key in keys]):
        found[finding.key].append(finding)
    return found


def _fate(component: Component, entry: Entry, row: Record | None, found: Sequence[Finding], zone: ZoneInfo) -> Fate:
    outcomes = {finding.outcome for finding in found}
    notes, raw = [finding.detail for finding in found], None
    if Outcome.QUARANTINED in outcomes:
        outcome: str = Outcome.QUARANTINED
        raw = next((bytes(f.raw) for f in found if f.outcome == outcome and f.raw is not None), None)
    elif row is None:
        outcome, notes = LOST, [*notes, "neither in the database nor quarantined"]
    elif differences := list(_differences(component, entry.value, row, zone)):
        outcome, notes = LOST, [*notes, *differences]
    else:
        outcome = next((o for o in (Outcome.REPAIRED, Outcome.REPORTED) if o in outcomes), ARRIVED)
    return Fate(component.name, entry.key, entry.number, outcome, notes, [f.code for f in found], raw)


def _differences(component: Component, found: object, row: Record, zone: ZoneInfo) -> Iterator[str]:
    """Where the document that the row would be written back as is not the one in the file."""
    if not isinstance(found, dict):
        yield "it is not an object, but has a row"
        return
    written = component.mapping.write(row, zone)
    defaults = component.mapping.defaults
    if _same(found, written):
        return
    for name in sorted(found.keys() | written.keys()):
        # A key that the file does not have counts as the bot's default.
        file, database = found.get(name, defaults.get(name, NONE)), written.get(name, NONE)
        if not _same(file, database):
            yield f"{name}: {file!r} in the file, {database!r} out of the database"


def _same(one: object, other: object) -> bool:
    """Equal as JSON, where 1 is neither 1.0 nor true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other
