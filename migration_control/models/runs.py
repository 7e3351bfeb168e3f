"""Background work: runs, and what they found."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from migration_control.models.states import ComponentState
from migration_control.run_states import ACTIVE, RunState


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
