"""What the findings in the database say about entries of the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from config.journey.entries import Entry, First
from legacy_json.records import SUPERSEDED, Outcome, Phase
from legacy_json.texts import printable
from migration_control.components import Component
from migration_control.models import Finding

FEW = 3  # keys of one file that may be no positions


class Notes:
    """The findings about some entries of a component.

    The reader's are found by the entry's place, the mapping's by its key: a record keeps those when a list shifts
    around it.
    """

    def __init__(self, component: Component, entries: Sequence[Entry]) -> None:
        self._by_place: dict[tuple[str, int | None], list[Finding]] = defaultdict(list)
        self._by_key: dict[str | None, list[Finding]] = defaultdict(list)
        if not entries:
            return
        mine = Finding.objects.filter(component_id=component.name)
        numbers = [entry.number for entry in entries]
        read = mine.filter(phase=Phase.READING, source__in={printable(entry.file) for entry in entries})
        for finding in read.filter(ordinal__range=(min(numbers), max(numbers))):
            self._by_place[finding.source, finding.ordinal].append(finding)
        keys = {str(entry.key) for entry in entries if entry.key is not None}
        for finding in mine.filter(phase=Phase.MAPPING, key__in=keys):
            self._by_key[finding.key].append(finding)

    def about(self, entry: Entry) -> list[Finding]:
        """The mapping's only where the entry's own record was mapped, and not another's of the same key."""
        # Several lists of one file count from 0 each.
        at_place = self._by_place[printable(entry.file), entry.number]
        read = [finding for finding in at_place if _may_be_about(finding, entry)]
        if any(finding.outcome == Outcome.QUARANTINED or finding.code == SUPERSEDED for finding in read):
            return read
        return read + self._by_key[str(entry.key)]


def first_position(component: Component) -> First:
    """Where a list begins: at the first position that anything is known of, be it a row or a finding."""
    rows = component.model._default_manager.values_list("pk", flat=True)
    findings = Finding.objects.filter(component_id=component.name).values_list("key", flat=True)

    def first(stem: str) -> int:
        prefix = f"{stem}:"
        least = [
            *rows.filter(pk__startswith=prefix).order_by("pk")[:FEW],
            *findings.filter(key__startswith=prefix).order_by("key")[:FEW],
        ]
        positions = [str(key).removeprefix(prefix) for key in least]
        return min((int(position) for position in positions if position.isdecimal()), default=0)

    return first


def _may_be_about(finding: Finding, entry: Entry) -> bool:
    return finding.key is None or entry.key is None or finding.key == str(entry.key)
