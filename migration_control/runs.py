"""The life of a run row: asked for, claimed, kept alive, stopped, ended. Compare-and-set throughout."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Now

from migration_control import holds
from migration_control.components import Component
from migration_control.copying import AuthorityMoved
from migration_control.models import ComponentState, Run
from migration_control.run_states import ACTIVE, DUE, STOPPING, Act, RunState, sources_of, ways
from migration_control.stages import Store

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)  # without a heartbeat for so long, another worker takes the run over


class RunRefused(Exception):
    """The run cannot be asked for, or cannot be brought to that state; the message says why and what can be done."""


class ActiveRun(RunRefused):
    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(
            f"Run {run.pk} of {run.component_id} is {run.state}. Wait for it, or cancel it: migration_cancel {run.pk}"
        )


class LeaseLost(Exception):
    """Another worker has the run now, or it was ended: what this one still holds counts for nothing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Proof that this worker has the run. Every effect on the row is conditional on it."""

    run: int
    token: uuid.UUID

    def update(self, **values: Any) -> None:
        """Change the row and keep the run. Raises LeaseLost."""
        mine = Run.objects.filter(pk=self.run, token=self.token, state__in=DUE)
        if not mine.update(heartbeat=Now(), **values):
            raise LeaseLost

    def state(self) -> RunState:
        return RunState(Run.objects.values_list("state", flat=True).get(pk=self.run))

    def end(self, state: RunState, message: str = "") -> bool:
        """Bring the run to its end. False if staff ask for something else meanwhile, or the lease is lost."""
        mine = Run.objects.filter(pk=self.run, token=self.token, state__in=sources_of(state))
        return _move(mine, self.run, state, message=message, token=None, heartbeat=None)

    def release(self, message: str | None = None) -> None:
        """Let another worker, or the next slice, have it; a stop that staff asked for takes effect now."""
        values: dict[str, Any] = {"token": None, "heartbeat": None}
        if message is not None:
            values["message"] = message
        mine = Run.objects.filter(pk=self.run, token=self.token)
        for stopping, stopped in STOPPING.items():
            if _move(mine.filter(state=stopping), self.run, stopped, **values):
                return
        mine.update(**values)


def refusal(component: Component) -> str:
    """Why no import of the component may be asked for; empty when one may."""
    if settings.MIGRATION_MODE == "disabled":
        return "MIGRATION_MODE is disabled: nothing is imported. Set it to manual or auto, and restart."
    state = ComponentState.objects.filter(name=component.name).exclude(authority=Store.JSON).first()
    if state is not None:
        return str(AuthorityMoved(component.name, closed=state.closed))
    return ""


def request(component: Component, *, requested_by: str, kind: str = Run.Kind.IMPORT, **options: Any) -> Run:
    """A new run, queued. Raises RunRefused, ActiveRun if the component has one; works inside a transaction."""
    why = refusal(component) if kind == Run.Kind.IMPORT else ""
    if why:
        raise RunRefused(why)
    ComponentState.objects.get_or_create(name=component.name)
    values = {"kind": kind, "requested_by": requested_by, **options}
    try:
        run = _insert(component, values)
    except IntegrityError:  # perhaps of a run that has ended since
        run = _insert(component, values)
    from migration_control.tasks import advance_run  # tasks import the engine

    announce(advance_run, run.pk)
    return run


def _insert(component: Component, values: dict[str, Any]) -> Run:
    """Raises ActiveRun, and IntegrityError if no active run is in the way."""
    try:
        with transaction.atomic():
            return Run.objects.create(component_id=component.name, **values)
    except IntegrityError:
        active = Run.objects.filter(component_id=component.name, state__in=ACTIVE).first()
        if active is None:
            raise
        raise ActiveRun(active) from None


def announce(task: Any, row: int) -> None:
    """Tell a worker once the row is committed. Without a broker the next tick finds the row."""

    def send() -> None:
        if settings.HOSTED:
            return  # a bot's process, whose Celery app, if any, is not ours
        try:
            task.apply_async((row,), retry=False)
        except task.OperationalError as error:
            log.warning("%s(%s) waits for the next tick: %s", task.name, row, error)

    transaction.on_commit(send)


def due() -> list[int]:
    """Runs that have something to do and no worker that is alive."""
    return list(Run.objects.filter(_free(), state__in=DUE).order_by("pk").values_list("pk", flat=True))


def claim(run: int) -> Lease | None:
    """Take the run if it is due and nobody alive has it."""
    lease = Lease(run, uuid.uuid4())
    taken = Run.objects.filter(_free(), pk=run, state__in=DUE).update(
        token=lease.token,
        heartbeat=Now(),
        started_at=Coalesce(F("started_at"), Now()),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        state=Case(When(state=RunState.QUEUED, then=Value(RunState.RUNNING)), default=F("state")),
    )
    return lease if taken else None


def steer(run: Run, act: Act) -> RunState:
    """Send the run along the act's edge from its present state. Raises RunRefused."""
    for source, target in ways(act).items():
        if _move(Run.objects.filter(pk=run.pk, state=source), run.pk, target):
            return target
    run.refresh_from_db(fields=["state"])
    possible = ", ".join(ways(act))
    raise RunRefused(f"Run {run.pk} is {run.state}; that is possible only while it is {possible}.")


def pause(run: Run) -> RunState:
    return steer(run, Act.PAUSE)


def resume(run: Run) -> RunState:
    return steer(run, Act.RESUME)


def cancel(run: Run) -> RunState:
    return steer(run, Act.CANCEL)


def _move(rows: QuerySet[Run], run: int, target: RunState, **values: Any) -> bool:
    """The compare-and-set of one edge: rows is the run as it has to be. What an end brings with it comes with it."""
    if target in ACTIVE:
        return bool(rows.update(state=target, **values))
    with transaction.atomic():
        moved = rows.update(state=target, ended_at=Now(), **values)
        if moved:
            holds.settle(run)
    return bool(moved)


def _free() -> Q:
    return Q(token=None) | Q(heartbeat__lt=Now() - LEASE)
