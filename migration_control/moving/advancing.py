"""MIGRATION_MODE=auto: the next step of a component by itself, once everything holds that it needs.

Never again after a move back, whoever made it: until a person moves the component forward.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from migration_control.components import Component
from migration_control.models import ComponentState, MoveRequest, Transition
from migration_control.models.moves import open_request
from migration_control.moving.errors import MoveRefused
from migration_control.moving.gates import gates
from migration_control.moving.requests import request
from migration_control.stages import STAGES, Stage, StageRow, Step, Store, path, row

PAUSE = timedelta(minutes=5)  # after an automatic request that came to nothing
ACTOR = "switchyard"


def expected(backend: str) -> StageRow | None:
    """Where STORAGE_BACKEND wants components in the end; None: where they are."""
    return {
        "dual": row(Stage.DUAL_WRITE, Store.DATABASE),
        "postgresql": row(Stage.DB_ONLY),
    }.get(backend)


def advance(component: Component) -> MoveRequest | None:
    """Ask for its next step, if it is time for that. On the host with the files. Raises django.db.Error."""
    state = ComponentState.objects.get(name=component.name)
    step = next_step(state)
    if step is None or _is_to_wait(component) or was_moved_back(component):
        return None
    if not all(gate.holds for gate in gates(component, step, tried=False)):
        return None
    reason = f"MIGRATION_MODE=auto, STORAGE_BACKEND={settings.STORAGE_BACKEND}"
    try:
        return request(component, step.after, state.epoch, by=ACTOR, reason=reason, automatic=True)
    except MoveRefused:  # somebody was faster
        return None


def next_step(state: ComponentState) -> Step | None:
    """Towards what is expected, if the engine may make it."""
    wanted = expected(settings.STORAGE_BACKEND)
    if settings.MIGRATION_MODE != "auto" or wanted is None or state.held:
        return None
    if state.stage == Stage.DISABLED and not settings.AUTO_MIGRATE:
        return None
    if STAGES.index(state.row) >= STAGES.index(wanted):
        return None
    return path(state.row, wanted)[0]


def was_moved_back(component: Component) -> bool:
    """Whether its last change of stage was one: a recovery changes none."""
    moves = Transition.objects.filter(component=component.name)
    moved = moves.exclude(Q(stage=F("from_stage")) & Q(reads=F("from_reads"))).first()
    return (
        moved is not None and not Step(row(moved.from_stage, moved.from_reads), row(moved.stage, moved.reads)).forward
    )


def _is_to_wait(component: Component) -> bool:
    mine = MoveRequest.objects.filter(component=component.name)
    ends = (MoveRequest.State.REFUSED, MoveRequest.State.FAILED, MoveRequest.State.WITHDRAWN)
    failed = mine.filter(automatic=True, state__in=ends)
    return open_request(component.name) is not None or failed.filter(ended_at__gt=Now() - PAUSE).exists()
