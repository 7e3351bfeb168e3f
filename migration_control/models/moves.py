"""Moves between stages: what was asked for, what happened, and what stands in the way."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from migration_control.models.states import ComponentState
from migration_control.stages import Stage, StageRow, Store
from migration_control.stages import row as stage_row

_STAGES = [(stage.value, stage.value) for stage in Stage]
_STORES = [(store.value, store.value) for store in Store]


class MoveRequest(models.Model):
    """Somebody wants a component in another stage. The row is the queue: a worker beside the files executes it.

    epoch: of the component when the form was drawn; one that has moved since refuses the request.
    """

    class State(models.TextChoices):
        REQUESTED = "requested"
        RUNNING = "running"
        DONE = "done"
        REFUSED = "refused"
        FAILED = "failed"
        WITHDRAWN = "withdrawn"

    component = models.ForeignKey(ComponentState, on_delete=models.PROTECT, related_name="requests")
    stage = models.CharField(choices=_STAGES)
    reads = models.CharField(choices=_STORES)
    epoch = models.BigIntegerField()
    requested_by = models.CharField()
    reason = models.CharField()
    automatic = models.BooleanField(default=False)
    override = models.CharField(
        blank=True, default="", help_text="why gates that can be overridden are; empty: none is"
    )

    state = models.CharField(choices=State, default=State.REQUESTED)
    message = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    token = models.UUIDField(null=True, help_text="of the worker that has it; a stale one can end nothing")
    heartbeat = models.DateTimeField(null=True)
    worker = models.CharField(blank=True, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["component"],
                condition=Q(state__in=["requested", "running"]),
                name="one_open_request_per_component",
            ),
        ]
        permissions = [
            ("move_components", "Can move components between stages"),
            ("override_gates", "Can override gates of a move"),
            ("close_migrations", "Can end the migration of a component for good"),
        ]

    def __str__(self) -> str:
        return f"{self.component_id} to {self.stage} reading {self.reads}"

    @property
    def row(self) -> StageRow:
        return stage_row(self.stage, self.reads)

    @property
    def open(self) -> bool:
        return self.state in OPEN


OPEN = (MoveRequest.State.REQUESTED, MoveRequest.State.RUNNING)


def open_request(component: str) -> MoveRequest | None:
    """The one that has not ended: a constraint allows no second."""
    return MoveRequest.objects.filter(component=component, state__in=OPEN).first()


class Transition(models.Model):
    """One change of a component's stage, authority or epoch. Append-only: the database refuses everything else.

    kind: a step's (stages.Kind), or recovered, promoted, settled, closed.
    """

    component = models.ForeignKey(ComponentState, on_delete=models.PROTECT, related_name="transitions")
    kind = models.CharField()
    from_stage = models.CharField(choices=_STAGES)
    from_reads = models.CharField(choices=_STORES)
    stage = models.CharField(choices=_STAGES)
    reads = models.CharField(choices=_STORES)
    epoch = models.BigIntegerField()
    actor = models.CharField()
    reason = models.CharField()
    automatic = models.BooleanField(default=False)
    overridden = models.JSONField(default=list, help_text="gates that did not hold, with what they said")
    override = models.CharField(blank=True, default="", help_text="why they were overridden")
    request = models.ForeignKey(MoveRequest, null=True, on_delete=models.PROTECT, related_name="transitions")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["component", "epoch"], name="one_transition_per_epoch"),
        ]

    def __str__(self) -> str:
        return f"{self.component_id}: {self.kind}, epoch {self.epoch}"


class Parked(models.Model):
    """A key that the other store would not take. It is tried again, ever more seldom; until then no move passes it.

    to: the store that refuses it.
    """

    pk = models.CompositePrimaryKey("component", "key")
    component = models.CharField()
    key = models.CharField()
    to = models.CharField(choices=_STORES)
    version = models.BigIntegerField(help_text="that was tried last")
    reason = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    since = models.DateTimeField(db_default=Now())
    due = models.DateTimeField(help_text="when it is tried again")

    class Meta:
        verbose_name_plural = "parked keys"

    def __str__(self) -> str:
        return f"{self.component} {self.key}: {self.reason}"
