"""The background's half of copying to the database: what `pending` says is missing, in batches; bad keys are parked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from psycopg.errors import ProgramLimitExceeded

from legacy_json.acknowledging import acknowledge
from legacy_json.index import Batch, Index, Outcome, Record
from legacy_json.pairing import Receipt
from legacy_json.records import State
from migration_control import findings, pairing, store
from migration_control.components import Component
from migration_control.copying import copy
from migration_control.mirroring import effects, parking
from migration_control.prepare import Prepared, prepare
from migration_control.stages import Store
from migration_control.wording import first_line

ROWS = 1000  # records in one transaction, at most
FEWEST = 100  # also where the machine is busy: fewer would cost more than they spare
SECONDS = 0.02  # that one should take while writers' own copies wait behind it
CALM = 0.1  # while nobody does: for so long the first one will

_WAITS = (
    "SELECT EXISTS (SELECT FROM pg_locks AS l WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)))"
)


@dataclass(slots=True)
class Pace:
    """How many records the next transaction has. It grows by halves, so that a lucky one is followed by no long one."""

    records: int

    def note(self, records: int, seconds: float, *, waited: bool) -> None:
        """waited: somebody stood behind a transaction of so many records, which took so long."""
        fitting = int(records * (SECONDS if waited else CALM) / max(seconds, 1e-4))
        self.records = max(FEWEST, min(fitting, self.records + self.records // 2, ROWS))


def somebody_waits() -> bool:
    """Inside a transaction: whether its end is what another one waits for."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITS)
        return bool(cursor.fetchone()[0])


@dataclass(slots=True)
class Drained:
    """Records copied, and refused, by one drain."""

    copied: int = 0
    parked: int = 0


def drain(component: Component, index: Index) -> Drained:
    """Copy what the database lacked when this began, but for parked keys that are not due.

    Raises AuthorityMoved, StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error.
    """
    done, pace = Drained(), Pace(FEWEST)
    for batch in _batches(component, index, pace):
        _send(component, index, _prepared(component, batch, index), done, pace)
    effects.to_database(component, index)
    return done


def copied(component: Component, prepared: Prepared, index: Index, number: int) -> Receipt:
    """Inside the caller's transaction: the records, what was found of them, and that this copy was taken."""
    counts = copy(component, prepared, index)
    keys = [record.key for record in prepared.batch.records]
    if counts.unchanged:
        pairing.check_versions(component, index, keys)
    findings.replace_mapping(component, keys, prepared.findings, None)
    parking.release(component, keys)
    return pairing.note_copy(component, index, number)


def confirmed(component: Component, prepared: Prepared, index: Index, receipt: Receipt) -> None:
    """Once that transaction is committed."""
    versions = {record.key: record.version for record in prepared.batch.records}
    acknowledge(index, component.name, versions, prepared.batch.generation, receipt, prepared.findings)


def _batches(component: Component, index: Index, pace: Pace) -> Iterator[Batch]:
    waiting, after = parking.waiting(component), None
    while True:
        batch = index.pending(component.name, after, pace.records)
        if not batch.records:
            return
        after = batch.records[-1].key
        records = [r for r in batch.records if r.key not in waiting and r.state != State.QUARANTINED]
        if records:
            yield replace(batch, records=records)


def _prepared(component: Component, batch: Batch, index: Index) -> Prepared:
    return prepare(component, batch, store.time_zone(component), index.file_name, None)


def _send(component: Component, index: Index, prepared: Prepared, done: Drained, pace: Pace) -> None:
    """It, or else ever smaller halves of it, until a bad record stands alone and is parked."""
    held = _park_unholdable(component, prepared, done)
    if not held.batch.records:
        return
    number, began = pairing.announce(component, index), time.monotonic()
    try:
        with transaction.atomic():
            receipt = copied(component, held, index, number)
            waited = somebody_waits()
        pace.note(len(held.batch.records), time.monotonic() - began, waited=waited)
    except (DataError, IntegrityError, OperationalError) as error:
        if isinstance(error, OperationalError) and not isinstance(error.__cause__, ProgramLimitExceeded):
            raise
        records = list(held.batch.records)
        if len(records) == 1:
            _park(component, records[0], first_line(error), done)
            return
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            _send(component, index, _prepared(component, replace(held.batch, records=half), index), done, pace)
    else:
        confirmed(component, held, index, receipt)
        done.copied += len(held.batch.records)


def _park_unholdable(component: Component, prepared: Prepared, done: Drained) -> Prepared:
    """What is left of it without what no row can hold. It is live in JSON, so it is not set apart there."""
    bad = {f.key: f.detail for f in prepared.findings if f.outcome is Outcome.QUARANTINED}
    if not bad:
        return prepared
    records = []
    for record in prepared.batch.records:
        if record.key in bad:
            _park(component, record, bad[record.key], done)
        else:
            records.append(record)
    found = [f for f in prepared.findings if f.key not in bad]
    return replace(prepared, batch=replace(prepared.batch, records=records), findings=found, quarantined=0)


def _park(component: Component, record: Record, reason: str, done: Drained) -> None:
    parking.park(component, record.key, Store.DATABASE, record.version, reason)
    done.parked += 1
