"""Asking for moves, and what has to be there for one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import F

from migration_control import components
from migration_control.models import MoveRequest, Run, Transition
from migration_control.moving import requests
from migration_control.moving.gates import gates
from migration_control.run_states import RunState
from migration_control.runs import LEASE
from migration_control.stages import StageRow, Step
from tests.migration_control.moving.ground import Ground

SHARING = ("users", "subscriptions", "analytics")  # the components in one file, parents first


def imported(*names: str) -> None:
    """Runs that have imported them."""
    for name in names or SHARING:
        Run.objects.create(component_id=name, state=RunState.COMPLETED, requested_by="test")


def ask(ground: Ground, row: StageRow, name: str = "users", **options: Any) -> MoveRequest:
    """For a move, as somebody who has just looked."""
    given = {"by": "ann", "reason": "because", "epoch": ground.state(name).epoch, **options}
    return requests.request(components.get(name), row, given.pop("epoch"), **given)


def moved(ground: Ground, row: StageRow, name: str = "users", **options: Any) -> MoveRequest:
    """Asked for, and carried out."""
    return requests.execute(ask(ground, row, name, **options).pk)


def closed(step: Step, name: str = "users", **options: bool) -> dict[str, str]:
    """What each gate says that does not hold."""
    found = gates(components.get(name), step, **options)
    return {gate.name: f"{gate.detail} {gate.remedy}" for gate in found if not gate.holds}


def kinds(name: str = "users") -> list[str]:
    """Of its history, the oldest first."""
    return list(Transition.objects.filter(component=name).order_by("pk").values_list("kind", flat=True))


def aside(call: Callable[[], object]) -> threading.Thread:
    """In a thread with a connection of its own."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def lapse(request: MoveRequest) -> None:
    """As if its worker had shown no sign of life for long enough."""
    MoveRequest.objects.filter(pk=request.pk).update(heartbeat=F("heartbeat") - LEASE)
