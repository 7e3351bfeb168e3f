"""A batch of the index, turned into what the database is sent. Pure but for the index's bytes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from legacy_json.index import Batch, Finding, Outcome, Phase, Record, State
from legacy_json.keys import Key, below
from migration_control.components import Component
from migration_control.conversions import CannotHold

log = logging.getLogger(__name__)

FileNames = Callable[[int], str]  # of a record's file

TOGETHER = 50  # records mapped at once; one that needs a closer look has all of them mapped singly
RAW_LIMIT = 1 << 20  # bytes of a document kept with its finding


@dataclass(slots=True)
class Prepared:
    """rows: a COPY line for each record; deletes: the version of each tombstone."""

    batch: Batch
    rows: list[tuple[Record, str]] = field(default_factory=list)
    deletes: list[tuple[Key, int]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    quarantined: int = 0
    repaired: int = 0


def prepare(component: Component, batch: Batch, zone: ZoneInfo, files: FileNames, run: int | None) -> Prepared:
    """Map every record of the batch; what the database cannot hold becomes a finding."""
    prepared = Prepared(batch)
    for start in range(0, len(batch.records), TOGETHER):
        records = batch.records[start : start + TOGETHER]
        lines = _lines(component, records, zone, run)
        if lines is None:
            _prepare_singly(prepared, component, records, zone, files, run)
        else:
            prepared.rows += zip(records, lines, strict=True)
    return prepared


def _lines(component: Component, records: Sequence[Record], zone: ZoneInfo, run: int | None) -> list[str] | None:
    """None if any of them needs a closer look."""
    if any(record.state == State.DELETED for record in records):
        return None
    try:
        return component.mapping.lines(records, zone, run)
    except Exception:
        # A record's own fault is met again when it is mapped by itself, and reported there; another one only here.
        log.warning("%s %s and those behind it are mapped singly", component.name, records[0].key, exc_info=True)
        return None


def _prepare_singly(
    prepared: Prepared, component: Component, records: Sequence[Record], zone: ZoneInfo, files: FileNames,
    run: int | None,
) -> None:  # fmt: skip
    line = component.mapping.line
    for record in records:
        if record.state == State.DELETED:
            prepared.deletes.append((record.key, record.version))
            continue
        try:
            text, notes = line(record, zone, run)
        except CannotHold as error:
            quarantine(prepared, component, record, files, error.code, error.detail)
            continue
        except Exception as error:
            # One record that nobody foresaw must not stop all the others.
            log.exception("%s %s cannot be mapped", component.name, record.key)
            reason = f"it cannot be mapped ({type(error).__name__}: {error}); please report this"
            quarantine(prepared, component, record, files, "not-understood", reason)
            continue
        prepared.rows.append((record, text))
        if notes:
            prepared.repaired += 1
            prepared.findings += [
                _finding(component, record, files, Outcome.REPAIRED, code, detail) for code, detail in notes
            ]


def leave_out(prepared: Prepared, floor: Key | None) -> int:
    """Take out what lies below the floor, and what was found of it. Returns how many records that was."""
    if floor is None:
        return 0
    before = len(prepared.rows) + len(prepared.deletes)
    prepared.rows = [row for row in prepared.rows if not below(row[0].key, floor)]
    prepared.deletes = [delete for delete in prepared.deletes if not below(delete[0], floor)]
    prepared.findings = [f for f in prepared.findings if f.key is None or not below(f.key, floor)]
    apart = {f.key for f in prepared.findings if f.outcome is Outcome.QUARANTINED}
    lost = prepared.quarantined - len(apart)
    prepared.quarantined = len(apart)
    prepared.repaired = len({f.key for f in prepared.findings if f.outcome is Outcome.REPAIRED})
    return before - len(prepared.rows) - len(prepared.deletes) + lost


def set_apart_by_reader(record: Record) -> bool:
    """Whether it is no object at all, so that there is nothing to map."""
    return record.state == State.QUARANTINED and not record.document.lstrip().startswith(b"{")


def quarantine(
    prepared: Prepared, component: Component, record: Record, files: FileNames, code: str, detail: str
) -> None:
    """Set a record apart, with its document and the reason."""
    prepared.quarantined += 1
    prepared.findings.append(_finding(component, record, files, Outcome.QUARANTINED, code, detail))


def _finding(
    component: Component, record: Record, files: FileNames, outcome: Outcome, code: str, detail: str
) -> Finding:
    raw = record.document[:RAW_LIMIT] if outcome is Outcome.QUARANTINED else None
    place = (component.name, record.key, files(record.file), record.ordinal)
    return Finding(*place, Phase.MAPPING, outcome, code, detail, raw)
