"""Asking for moves as staff do, and following the worker that makes them."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable

from config.supervisor import Refusal
from migration_control.components import Component
from migration_control.models import ComponentState, MoveRequest
from migration_control.moving import requests
from migration_control.stages import StageRow

REASON = "make demo"
OVERRIDE = "the demo has shown what is in quarantine"
EVERY = 0.05  # seconds
SECONDS = 90  # for a move, which may have to wait until the lease of one that was killed runs out


def ask(component: Component, row: StageRow) -> MoveRequest:
    """Raises MoveRefused, django.db.Error."""
    epoch = ComponentState.objects.values_list("epoch", flat=True).get(name=component.name)
    by = getpass.getuser()
    return requests.request(component, row, epoch, by=by, reason=REASON, override=OVERRIDE)


def latest(component: Component) -> MoveRequest:
    return MoveRequest.objects.filter(component_id=component.name).latest("pk")


def followed(request: MoveRequest, look: Callable[[], None]) -> None:
    """Until it is done. look: called now and then. Raises Refusal if it came to nothing."""
    until = time.monotonic() + SECONDS
    while request.open:
        look()
        if time.monotonic() > until:
            raise Refusal(f"Request {request.pk}, to move {request}, is {request.state} since {SECONDS} s.")
        time.sleep(EVERY)
        request.refresh_from_db()
    if request.state != MoveRequest.State.DONE:
        raise Refusal(f"Request {request.pk}, to move {request}, is {request.state}: {request.message}")
