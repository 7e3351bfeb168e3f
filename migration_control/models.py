"""The engine's own rows: one state per component, runs, findings, and the change log."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from migration_control.fields import TransactionIdField
from migration_control.run_states import ACTIVE, RunState
from migration_control.stages import STAGES, Stage, Store


def _stage_rows() -> Q:
    allowed = Q()
    for row in STAGES:
        allowed |= Q(stage=row.stage.value, reads=row.reads.value, authority=row.authority.value)
    return allowed


class ComponentState(models.Model):
    """Where a component stands.

    stage, reads and authority are moved together, by compare-and-set on epoch, which each move raises. The other
    columns have a writer each, by update of theirs alone: time_zone `store`; held `holds`; database_id, copies and the
    index's `pairing`; floor `retention`; ledger the end of a run.
    """

    name = models.CharField(primary_key=True)
    stage = models.CharField(choices=[(s.value, s.value) for s in Stage], default=Stage.DISABLED.value)
    reads = models.CharField(choices=[(s.value, s.value) for s in Store], default=Store.JSON.value)
    authority = models.CharField(choices=[(s.value, s.value) for s in Store], default=Store.JSON.value)
    epoch = models.BigIntegerField(default=0)
    time_zone = models.CharField(
        blank=True, default="", help_text="the zone in which its legacy dates were read; fixed by its first import"
    )
    held = models.CharField(
        blank=True, default="", help_text="why no automatic run of it starts; empty when one may start"
    )
    database_id = models.UUIDField(
        default=uuid.uuid4, editable=False, help_text="tells this database from one that was made anew"
    )
    copies = models.BigIntegerField(default=0, editable=False, help_text="that it has taken from an index")
    index_id = models.CharField(blank=True, default="", editable=False, help_text="of the index they came from")
    index_counter = models.BigIntegerField(default=0, editable=False, help_text="of that index at the last copy")
    floor = models.CharField(
        blank=True, default="", editable=False, help_text="records with a smaller key are pruned, and never come back"
    )
    ledger = models.JSONField(
        null=True, editable=False, help_text="as counted at the end of the last run, on the host that has the files"
    )

    class Meta:
        verbose_name = "component"
        constraints = [
            models.CheckConstraint(condition=_stage_rows(), name="component_in_a_known_stage"),
            models.CheckConstraint(condition=Q(epoch__gte=0), name="component_epoch_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class Change(models.Model):
    """A key changed while the database was the authority, or deleted: outbox, tombstone and change feed in one.

    Pending for JSON: version > acked. Written by the triggers and by copying only.
    """

    pk = models.CompositePrimaryKey("component", "key")
    component = models.CharField()
    key = models.CharField(db_collation="C")  # as the text keys of records are: or its index would be of no use to them
    version = models.BigIntegerField()
    deleted = models.BooleanField(default=False)
    acked = models.BigIntegerField(default=-1)
    sequence = models.BigIntegerField()
    transaction = TransactionIdField()

    class Meta:
        indexes = [
            models.Index(fields=["component", "sequence"], name="change_feed"),
            models.Index(fields=["component", "key"], condition=Q(version__gt=F("acked")), name="change_pending"),
        ]

    def __str__(self) -> str:
        return f"{self.component} {self.key} v{self.version}"


class Run(models.Model):
    """One piece of background work. The row is the queue: whoever holds token and heartbeat works on it."""

    class Kind(models.TextChoices):
        IMPORT = "import"
        UNDO = "undo"

    component = models.ForeignKey(ComponentState, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(choices=Kind, default=Kind.IMPORT)
    target = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by")
    state = models.CharField(choices=RunState, default=RunState.QUEUED)
    requested_by = models.CharField()
    reason = models.CharField(blank=True, default="")
    batch_size = models.PositiveIntegerField(null=True, blank=True, help_text="records a batch; empty: adapted")
    key = models.CharField(null=True, blank=True, help_text="only this record")
    confirm_shrink = models.BooleanField(default=False)
    retry_quarantined = models.BooleanField(default=False)

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    token = models.UUIDField(null=True, help_text="of the worker that has it; a stale one can commit nothing")
    heartbeat = models.DateTimeField(null=True)
    worker = models.CharField(blank=True, default="")
    attempts = models.PositiveIntegerField(default=0, help_text="failed batches since the last good one")
    source_read = models.BooleanField(default=False)

    total = models.BigIntegerField(default=0, help_text="records to copy when it began")
    inserted = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    deleted = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    repaired = models.BigIntegerField(default=0)
    kept = models.BigIntegerField(default=0, help_text="undo: rows that something changed since")
    rows_per_batch = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["component"], condition=Q(state__in=ACTIVE), name="one_active_run_per_component"
            ),
            models.CheckConstraint(
                condition=Q(kind="undo", target__isnull=False) | Q(kind="import", target__isnull=True),
                name="an_undo_names_its_run",
            ),
        ]
        permissions = [("control_runs", "Can start, pause, resume, cancel and undo runs")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.component_id}"

    @property
    def done(self) -> int:
        """Records dealt with."""
        return self.inserted + self.updated + self.deleted + self.unchanged + self.quarantined + self.kept

    @property
    def ended(self) -> bool:
        return self.state not in ACTIVE


class Finding(models.Model):
    """Something odd about one source entry, and what became of it. A copy of the index's, for staff."""

    component = models.ForeignKey(ComponentState, on_delete=models.CASCADE, related_name="findings")
    key = models.CharField(null=True)
    source = models.CharField()
    ordinal = models.BigIntegerField(null=True)
    phase = models.CharField(help_text="who found it: the reader of the file, or the mapping to the database")
    outcome = models.CharField(
        choices=[("quarantined", "quarantined"), ("repaired", "repaired"), ("reported", "reported")]
    )
    code = models.CharField()
    detail = models.TextField()
    raw = models.BinaryField(null=True)
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="findings")
    acknowledged_by = models.CharField(blank=True, default="")
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["component", "phase", "key"], name="finding_by_key")]
        permissions = [("acknowledge_findings", "Can acknowledge findings")]

    def __str__(self) -> str:
        return f"{self.component_id} {self.key or f'entry {self.ordinal}'}: {self.detail}"

    def raw_text(self) -> str:
        """The bytes in the file, as text that can be shown."""
        raw: Any = self.raw
        return "" if raw is None else bytes(raw).decode("utf-8", "backslashreplace")
