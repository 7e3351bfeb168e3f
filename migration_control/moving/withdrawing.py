"""Taking back what was asked for, as long as no worker is at it. What it has done already stays."""

from __future__ import annotations

from django.db.models.functions import Now

from migration_control.models import ComponentState, MoveRequest
from migration_control.models.moves import OPEN, open_request
from migration_control.moving.errors import MoveRefused
from migration_control.moving.leases import free
from migration_control.moving.requests import NoReason

State = MoveRequest.State


class NothingOpen(MoveRefused):
    def __init__(self, component: str) -> None:
        super().__init__(f"No request to move {component} is open. What became of them: migration_history {component}")


class NotWithdrawn(MoveRefused):
    """It has ended, or somebody is at it."""

    def __init__(self, request: MoveRequest) -> None:
        if request.state in OPEN:
            remedy = f"Let it end; what it has done then is undone by migration_rollback {request.component_id}."
            super().__init__(f"{request.worker} is carrying out request {request.pk}, to move {request}. {remedy}")
        else:
            super().__init__(f"Request {request.pk}, to move {request}, is {request.state} already.")


def withdraw(request: MoveRequest, *, by: str, reason: str) -> MoveRequest:
    """Of a request that waits, or whose worker is gone. Compare-and-set: a worker that claims it at this moment is
    either told so, or has it. Returns it as it is then. Raises NoReason, NotWithdrawn.
    """
    if not reason.strip():
        raise NoReason("A withdrawal")
    said = f"Withdrawn by {by} ({reason.strip()})."
    if request.transitions.exists():
        said += f" It had come as far as {ComponentState.objects.get(name=request.component_id).row}."
    mine = MoveRequest.objects.filter(free(), pk=request.pk, state__in=OPEN)
    done = mine.update(state=State.WITHDRAWN, message=said, token=None, heartbeat=None, ended_at=Now())
    request.refresh_from_db()
    if not done:
        raise NotWithdrawn(request)
    return request


def withdrawable(component: str) -> MoveRequest:
    """The component's open request. Raises NothingOpen."""
    found = open_request(component)
    if found is None:
        raise NothingOpen(component)
    return found
