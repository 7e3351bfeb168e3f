"""The background: recovery, drains and what else beat looks after."""

from __future__ import annotations

import time

from django.db import connection

from migration_control import components, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json
from migration_control.models import ComponentState
from migration_control.moving import looking_after, recovery, requests
from migration_control.stages import Store
from tests.soak.actor import Actor
from tests.soak.subjects import SUBJECTS

PAUSE = 0.5  # seconds


def run(actor: Actor) -> None:
    while actor.goes_on:
        time.sleep(actor.random.uniform(0, 2 * PAUSE))
        if actor.random.random() < 0.5:
            _tried(actor, _as_beat_does)
            continue
        for subject in SUBJECTS:
            _tried(actor, lambda name=subject.component: look_at(components.get(name)))


def _as_beat_does() -> None:
    for request in looking_after.look_after():
        requests.execute(request)


def look_at(component: Component) -> None:
    """Recover it, and copy what the other store lacks."""
    recovery.recover(component)
    drain_one(component)
    acknowledging.flush()


def drain_one(component: Component) -> None:
    if ComponentState.objects.get(name=component.name).authority == Store.JSON:
        draining_to_database.drain(component, store.index())
    else:
        draining_to_json.drain(component, store.index())


def _tried(actor: Actor, act: object) -> None:
    try:
        act()  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history, and tried again
        actor.mishap(error)
        connection.close()
