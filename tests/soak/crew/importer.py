"""Imports, one after the other, beside everything else; now and then one is broken off."""

from __future__ import annotations

import time

from django.db import connection

from migration_control import components, runs
from migration_control.advance import advance
from migration_control.models import Run
from migration_control.run_states import ACTIVE
from tests.soak.actor import Actor
from tests.soak.subjects import SUBJECTS

PAUSE = 1.0  # seconds
SLICE = 1.0


def run(actor: Actor) -> None:
    while actor.goes_on:
        time.sleep(actor.random.uniform(0, 2 * PAUSE))
        component = components.get(actor.random.choice(SUBJECTS).component)
        try:
            _go_on(actor)
            if not runs.refusal(component):
                runs.request(component, requested_by="soak", batch_size=actor.random.choice([None, 5, 50]))
                _go_on(actor)
        except runs.RunRefused:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history, and tried again
            actor.mishap(error)
            connection.close()


def _go_on(actor: Actor) -> None:
    """With whatever runs there are, those of a killed importer among them."""
    for number in runs.due():
        if actor.random.random() < 0.1:
            for one in Run.objects.filter(pk=number, state__in=ACTIVE):
                runs.cancel(one)
        while actor.goes_on and advance(number, SLICE):
            pass
