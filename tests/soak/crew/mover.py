"""Staff who move components there and back; the process may be gone, or stand still, between any two parts."""

from __future__ import annotations

import time
from typing import Any

from django.db import connection

from migration_control import components
from migration_control.models import ComponentState, MoveRequest
from migration_control.moving import requests, steps
from migration_control.moving.rows import By
from migration_control.stages import STAGES, StageRow, Step, path
from tests.soak import points
from tests.soak.actor import Actor
from tests.soak.history import Moved, now
from tests.soak.outcomes import named

ASKED = 0.4  # of the steps
PAUSE = 0.2  # seconds
TOGETHER = ("users", "subscriptions", "analytics")  # in the same file: one does not go far without the others


class NotDone(Exception):
    """The request did not end as done."""


def run(actor: Actor) -> None:
    points.arm(actor)
    while actor.goes_on:
        names = ["profiles"] if actor.random.random() < 0.5 else [*TOGETHER]
        wanted = actor.random.choice(STAGES)
        for name in names if actor.random.random() < 0.5 else reversed(names):
            if actor.goes_on:
                _go(actor, name, wanted)
        time.sleep(actor.random.uniform(0, 2 * PAUSE))


def _go(actor: Actor, name: str, wanted: StageRow) -> None:
    """Step by step, as far as it goes."""
    try:
        now_at = ComponentState.objects.get(name=name)
        way = path(now_at.row, wanted)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history
        actor.mishap(error)
        connection.close()
        return
    for step in way:
        began, outcome = now(), "done"
        try:
            _step(name, step, asked=actor.random.random() < ASKED and not actor.plan.mutation)
        except Exception as error:  # noqa: BLE001 - as above
            outcome = named(error)
            actor.heed(error)
            connection.close()
        actor.recorder.note(Moved(began, now(), name, step.kind, outcome))
        if outcome != "done":
            return


def _step(name: str, step: Step, *, asked: bool) -> None:
    """asked: as staff ask for it, with gates, of which they override what can be."""
    component = components.get(name)
    if not asked:
        steps.take(component, step, _epoch(name), By("soak", "at random"))
        return
    request = requests.request(component, step.after, _epoch(name), by="soak", reason="at random", override="soak")
    ended = requests.execute(request.pk)
    if ended.state != MoveRequest.State.DONE:
        raise NotDone(ended.message)


def _epoch(name: str) -> Any:
    return ComponentState.objects.values_list("epoch", flat=True).get(name=name)
