"""What may become of a run, and why. Pausing is not paused: a batch may still be under way."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

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


class Act(StrEnum):
    """What staff may do with a run that has not ended."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class Edge(NamedTuple):
    """One way from state to state. act: what staff do to send a run along it; None where a worker does."""

    source: RunState
    target: RunState
    act: Act | None
    reason: str


S = RunState
EDGES = (
    Edge(S.QUEUED, S.RUNNING, None, "a worker claimed it"),
    Edge(S.QUEUED, S.PAUSED, Act.PAUSE, "it has not begun"),
    Edge(S.QUEUED, S.CANCELLED, Act.CANCEL, "it has not begun"),
    Edge(S.RUNNING, S.PAUSING, Act.PAUSE, "the batch under way is finished first"),
    Edge(S.RUNNING, S.CANCELLING, Act.CANCEL, "the batch under way is finished first"),
    Edge(S.RUNNING, S.COMPLETED, None, "everything that the source has is in the database"),
    Edge(S.RUNNING, S.INCOMPLETE, None, "it ended, and some records are quarantined or still pending"),
    Edge(S.RUNNING, S.FAILED, None, "it could not go on; its message says why"),
    Edge(S.PAUSING, S.PAUSED, None, "its worker stopped after the batch"),
    Edge(S.PAUSING, S.RUNNING, Act.RESUME, "it had not stopped yet"),
    Edge(S.PAUSING, S.CANCELLING, Act.CANCEL, "the batch under way is still finished first"),
    Edge(S.PAUSED, S.QUEUED, Act.RESUME, "any worker may go on with it"),
    Edge(S.PAUSED, S.CANCELLED, Act.CANCEL, "no worker has it"),
    Edge(S.CANCELLING, S.CANCELLED, None, "its worker stopped after the batch"),
)
ACTIVE = (S.QUEUED, S.RUNNING, S.PAUSING, S.PAUSED, S.CANCELLING)
DUE = (S.QUEUED, S.RUNNING, S.PAUSING, S.CANCELLING)  # a worker has something to do
STOPPING = {edge.source: edge.target for edge in EDGES if edge.act is None and edge.source in (S.PAUSING, S.CANCELLING)}


def ways(act: Act) -> dict[RunState, RunState]:
    """From where, and to where, the act sends a run."""
    return {edge.source: edge.target for edge in EDGES if edge.act == act}


def acts(state: str) -> list[Act]:
    """What staff may do with a run in that state."""
    return [act for act in Act if state in ways(act)]


def sources_of(target: RunState) -> list[RunState]:
    """The states from which its worker may bring a run to the target."""
    return [edge.source for edge in EDGES if edge.target == target and edge.act is None]
