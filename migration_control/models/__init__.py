"""The engine's own rows."""

from migration_control.models.effects import AppliedEffect
from migration_control.models.inbox import InboxEntry
from migration_control.models.moves import MoveRequest, Parked, Transition
from migration_control.models.runs import Finding, Run
from migration_control.models.states import Change, ComponentState

__all__ = [
    "AppliedEffect",
    "Change",
    "ComponentState",
    "Finding",
    "InboxEntry",
    "MoveRequest",
    "Parked",
    "Run",
    "Transition",
]
