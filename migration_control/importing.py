"""An import: read the source, then copy what the database lacks until nothing is left.

Needs no cursor to be right: `pending` in the index is the truth, each batch is versioned and may be
repeated. While one batch is being sent, the next is prepared; two processors are then busy.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.db import DataError, IntegrityError, OperationalError, connections, transaction
from django.db.models import F
from django.utils import timezone
from psycopg.errors import ProgramLimitExceeded

from legacy_json.errors import LegacyError
from legacy_json.index import Batch, Index, Ledger, Outcome, Record
from legacy_json.keys import Key
from legacy_json.pairing import Receipt
from migration_control import findings, pairing, store
from migration_control.components import Component
from migration_control.copying import Counts, copy
from migration_control.mirroring import effects
from migration_control.models import ComponentState, Run
from migration_control.prepare import Prepared, prepare, quarantine, set_apart_by_reader
from migration_control.pressure import pressure
from migration_control.run_states import RunState
from migration_control.runs import Lease, LeaseLost
from migration_control.wording import first_line

log = logging.getLogger(__name__)

TARGET = 0.4  # seconds a batch should take: staff who pause wait no longer
FEWEST, MOST, FIRST = 100, 20_000, 2_000
LOOK = 1.0  # seconds between looks at the database's load
REST = 0.5  # seconds without a batch while it is under pressure
BEAT = 1.0  # seconds between heartbeats while a file is read


class NoSuchRecord(LegacyError):
    def __init__(self, source: str, component: str, key: Key) -> None:
        super().__init__(f"{source} has no {component} record {key}, nor has it had one. Check the key.")


class Import:
    """One slice of one run's work."""

    def __init__(self, run: Run, lease: Lease, component: Component, index: Index) -> None:
        self.run, self.lease, self.component, self.index = run, lease, component, index
        self.source = store.places_of(component)
        self.zone: ZoneInfo = store.time_zone(component)
        self._rows = run.batch_size or run.rows_per_batch or FIRST
        self._next_look, self._throttled = 0.0, False
        self._number = 0  # of the copy that is being made
        self._taken: Receipt | None = None

    def work(self, until: float) -> bool:
        """Go on until that time (monotonic). True once nothing is left to do."""
        if not self.run.source_read:
            self._read_source()
            if self.lease.state() != RunState.RUNNING:
                return False
        if self.run.key is not None:
            return self._copy_one(self.component.parse_key(self.run.key))
        return self._copy_all(until)

    # Reading

    def _read_source(self) -> None:
        progress = Progress(self.lease, self.source)
        store.refresh(self.component, confirm_shrink=self.run.confirm_shrink, progress=progress)
        if self.run.retry_quarantined:
            self.index.retry_quarantined(self.component.name)
        for component in store.together(self.component):
            findings.replace_reading(self.index, component, self.run.pk, own=component is self.component)
            if component is not self.component:  # whose own is counted at the end
                keep_ledger(component, self.index)
        total = 1 if self.run.key is not None else self.index.count_pending(self.component.name)
        self.lease.update(source_read=True, total=total, message="")

    # Copying

    def _copy_all(self, until: float) -> bool:
        after: Key | None = None
        under_way: Future[bool] | None = None
        go_on = True
        with ThreadPoolExecutor(1, "copying") as sender:
            try:
                while go_on and time.monotonic() < until:
                    if self._steps_back():
                        continue
                    batch = self.index.pending(self.component.name, after, self._rows)
                    if not batch.records:
                        break
                    after = batch.records[-1].key
                    prepared = self._prepared(batch)
                    go_on = under_way is None or under_way.result()
                    under_way = sender.submit(self._send, prepared) if go_on else None
                if under_way is not None:
                    go_on = under_way.result()
            finally:
                sender.submit(connections.close_all)  # this thread's own connection
        return go_on and not self.index.count_pending(self.component.name)

    def _steps_back(self) -> bool:
        """Wait a moment if the database is under pressure; the run's message says so."""
        if time.monotonic() < self._next_look:
            return False
        reason = pressure()
        if reason is None:
            self._next_look = time.monotonic() + LOOK
            if self._throttled:
                self.lease.update(message="")
                self._throttled = False
            return False
        self._throttled = True
        self.lease.update(message=f"throttled: {reason}")
        time.sleep(REST)
        return True

    def _copy_one(self, key: Key) -> bool:
        batch = self.index.record(self.component.name, key)
        if not batch.records:
            raise NoSuchRecord(self.source, self.component.name, key)
        if not set_apart_by_reader(batch.records[0]):
            self._send(self._prepared(batch))
        return True

    def _prepared(self, batch: Batch) -> Prepared:
        prepared = prepare(self.component, batch, self.zone, self.index.file_name, self.run.pk)
        self._mention_older_rows(prepared)
        return prepared

    def _mention_older_rows(self, prepared: Prepared) -> None:
        """A record that is set apart may have a row from better days, which is served meanwhile."""
        apart = [finding.key for finding in prepared.findings if finding.outcome is Outcome.QUARANTINED]
        if not apart:
            return
        versions = dict(self.component.model._default_manager.filter(pk__in=apart).values_list("pk", "version"))
        prepared.findings = [
            finding._replace(detail=f"{finding.detail}; the table still has its version {versions[finding.key]}")
            if finding.outcome is Outcome.QUARANTINED and finding.key in versions
            else finding
            for finding in prepared.findings
        ]

    def _send(self, prepared: Prepared) -> bool:
        """Copy and acknowledge one batch. False if staff want the run to stop."""
        started = time.monotonic()
        whole = replace(prepared, findings=[], quarantined=0, repaired=0)
        self._number = pairing.announce(self.component, self.index)
        for part in self._parts(prepared):
            whole.findings += part.findings
        if not self.index.acknowledge(prepared.batch, whole.findings, self._taken):
            raise LeaseLost
        self._adapt(len(prepared.batch.records), time.monotonic() - started)
        return self.lease.state() == RunState.RUNNING

    def _parts(self, prepared: Prepared) -> list[Prepared]:
        """Commit it whole, or else in ever smaller halves until each bad record stands alone in quarantine."""
        try:
            with transaction.atomic():
                self._commit(prepared)
        except (DataError, IntegrityError, OperationalError) as error:
            if isinstance(error, OperationalError) and not isinstance(error.__cause__, ProgramLimitExceeded):
                raise
            if len(prepared.rows) > 1:
                return [done for half in _halves(prepared) for done in self._parts(half)]
            if not prepared.rows:
                raise
            alone = replace(prepared, rows=[], findings=[])
            reason = first_line(error)
            quarantine(alone, self.component, prepared.rows[0][0], self.index.file_name, "refused-by-database", reason)
            self._mention_older_rows(alone)
            alone.findings += prepared.findings
            return self._parts(alone)
        return [prepared]

    def _commit(self, prepared: Prepared) -> None:
        counts = copy(self.component, prepared, self.index)
        self._taken = pairing.note_copy(self.component, self.index, self._number)
        keys = [record.key for record in prepared.batch.records]
        findings.replace_mapping(self.component, keys, prepared.findings, self.run.pk)
        # Last, and conditional on the lease: a worker that was thought dead commits nothing.
        self._count(counts, prepared)

    def _count(self, counts: Counts, prepared: Prepared) -> None:
        self.lease.update(
            inserted=F("inserted") + counts.inserted,
            updated=F("updated") + counts.updated,
            deleted=F("deleted") + counts.deleted,
            unchanged=F("unchanged") + counts.unchanged,
            quarantined=F("quarantined") + prepared.quarantined,
            repaired=F("repaired") + prepared.repaired,
            rows_per_batch=self._rows,
            attempts=0,
        )

    def _adapt(self, records: int, seconds: float) -> None:
        if self.run.batch_size is None and records >= self._rows:
            fitting = int(records * TARGET / max(seconds, 0.001))
            self._rows = max(FEWEST, min(MOST, fitting, 2 * self._rows))


class Progress:
    """Keeps the lease alive while a file is read, and says how far it is."""

    def __init__(self, lease: Lease, source: str) -> None:
        self._lease, self._source, self._next = lease, source, 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + BEAT
            self._lease.update(message=f"reading {self._source}: {100 * done // max(total, 1)} %")


def conclude(run: Run, lease: Lease, component: Component, index: Index) -> None:
    """End a run that has nothing left to do. Partial success is never called complete."""
    if run.kind == Run.Kind.IMPORT:
        effects.to_database(component, index)
    ledger = keep_ledger(component, index)
    run.refresh_from_db()
    if run.key is None:
        apart, pending = findings.unacknowledged_quarantine(component), ledger.pending
    else:
        apart, pending = findings.unacknowledged_quarantine(component, run.key), 0
    if apart or pending:
        left = [f"{apart} in quarantine" if apart else "", f"{pending} pending" if pending else ""]
        message = " and ".join(filter(None, left)) + "; everything else is in the database"
        lease.end(RunState.INCOMPLETE, message if run.key is None else f"{run.key} is in quarantine")
    else:
        changed = run.inserted + run.updated + run.deleted
        lease.end(RunState.COMPLETED, "" if changed else "nothing changed: the database had everything")


def keep_ledger(component: Component, index: Index) -> Ledger:
    """Count, and keep the figures for hosts that do not have the files."""
    ledger = index.ledger(component.name)
    counted = {name: getattr(ledger, name) for name in LEDGER} | {"counted_at": timezone.now().isoformat()}
    ComponentState.objects.filter(name=component.name).update(ledger=counted)
    return ledger


LEDGER = (
    "entries", "imported", "quarantined", "deleted", "pruned", "pending", "repaired", "tombstones", "total", "balanced",
    "superseded",
)  # fmt: skip


def _halves(prepared: Prepared) -> tuple[Prepared, Prepared]:
    """The deletes go first, alone with the first half: they may free what a row needs."""
    middle = len(prepared.rows) // 2
    first, second = prepared.rows[:middle], prepared.rows[middle:]
    return (
        _part(prepared, first, with_rest=True),
        replace(_part(prepared, second, with_rest=False), deletes=[]),
    )


def _part(prepared: Prepared, rows: list[tuple[Record, str]], *, with_rest: bool) -> Prepared:
    """These rows with their findings; with_rest: those of records that have no row either."""
    mine = {record.key for record, _ in rows}
    others = {record.key for record, _ in prepared.rows} - mine
    kept = [f for f in prepared.findings if f.key in mine or (with_rest and f.key not in others)]
    records = [r for r in prepared.batch.records if r.key in mine or (with_rest and r.key not in others)]
    batch = Batch(prepared.batch.component, records, prepared.batch.counter, prepared.batch.generation)
    return replace(
        prepared,
        batch=batch,
        rows=rows,
        findings=kept,
        quarantined=sum(f.outcome is Outcome.QUARANTINED for f in kept),
        repaired=len({f.key for f in kept if f.outcome is Outcome.REPAIRED}),
    )
