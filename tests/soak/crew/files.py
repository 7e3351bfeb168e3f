"""Rendering at random, looking whether files parse, and whether fence and row ever name two authorities."""

from __future__ import annotations

import json
import time
from pathlib import Path

from django.db import connection

from legacy_json.fences import FenceState
from migration_control import components, store
from migration_control.models import ComponentState
from migration_control.stages import Store
from tests.soak.actor import Actor
from tests.soak.history import Broken, Looked, now
from tests.soak.subjects import SUBJECTS

PAUSE = 0.4  # seconds


def run(actor: Actor) -> None:
    while actor.goes_on:
        time.sleep(actor.random.uniform(0, 2 * PAUSE))
        try:
            if actor.random.random() < 0.3:
                store.renderer().flush(seconds=1)
            for subject in SUBJECTS:
                _compare(actor, subject.component)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is in the history, and tried again
            actor.mishap(error)
            connection.close()
        actor.recorder.note(looked(actor.plan.folder))


def looked(folder: Path) -> Looked:
    wrong, files = [], 0
    for path in sorted(folder.rglob("*.json")):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            json.loads(path.read_bytes())
            files += 1
        except FileNotFoundError:  # its last record was deleted since
            continue
        except ValueError as error:
            wrong.append(f"{path.name}: {error}")
    return Looked(now(), files, wrong)


def _compare(actor: Actor, name: str) -> None:
    """The fence at a moment at which the row stood still."""
    before = ComponentState.objects.get(name=name)
    fence = store.fence(components.get(name))
    after = ComponentState.objects.get(name=name)
    if before.epoch != after.epoch:
        return
    if before.authority == Store.DATABASE and fence.state in (FenceState.OPEN, FenceState.CLOSING):
        what = f"{name} has two authorities: its row says database at epoch {before.epoch}, its fence is {fence}"
        actor.recorder.note(Broken(now(), what))
