"""What may become of a run, and why. Pausing is not paused: a batch may still be under way."""

from __future__ import annotations

from django.db.models import TextChoices


class RunState(TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


S = RunState
TRANSITIONS: dict[tuple[RunState, RunState], str] = {
    (S.QUEUED, S.RUNNING): "a worker claimed it",
    (S.QUEUED, S.PAUSED): "staff paused it before it began",
    (S.QUEUED, S.CANCELLED): "staff cancelled it before it began",
    (S.RUNNING, S.PAUSING): "staff paused it; the batch under way is finished first",
    (S.RUNNING, S.CANCELLING): "staff cancelled it; the batch under way is finished first",
    (S.RUNNING, S.COMPLETED): "everything that the source has is in the database",
    (S.RUNNING, S.INCOMPLETE): "it ended, and some records are quarantined or still pending",
    (S.RUNNING, S.FAILED): "it could not go on; its message says why",
    (S.PAUSING, S.PAUSED): "its worker stopped after the batch",
    (S.PAUSING, S.RUNNING): "staff resumed it before it had stopped",
    (S.PAUSING, S.CANCELLING): "staff cancelled it",
    (S.PAUSED, S.QUEUED): "staff resumed it",
    (S.PAUSED, S.CANCELLED): "staff cancelled it",
    (S.CANCELLING, S.CANCELLED): "its worker stopped after the batch",
}
ACTIVE = (S.QUEUED, S.RUNNING, S.PAUSING, S.PAUSED, S.CANCELLING)
DUE = (S.QUEUED, S.RUNNING, S.PAUSING, S.CANCELLING)  # a worker has something to do
STOPPING = {S.PAUSING: S.PAUSED, S.CANCELLING: S.CANCELLED}


def sources_of(target: RunState) -> list[RunState]:
    """The states from which a run may come to the target."""
    return [source for source, to in TRANSITIONS if to == target]
