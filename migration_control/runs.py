"""The life of a run row: asked for, claimed, kept alive, stopped, ended. Compare-and-set throughout."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Now

from migration_control.components import Component
from migration_control.models import ComponentState, Run
from migration_control.run_states import ACTIVE, DUE, STOPPING, RunState, sources_of

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
        return bool(mine.update(state=state, message=message, ended_at=Now(), token=None, heartbeat=None))

    def release(self, message: str | None = None) -> None:
        """Let another worker, or the next slice, have it; a stop that staff asked for takes effect now."""
        values: dict[str, Any] = {"token": None, "heartbeat": None}
        if message is not None:
            values["message"] = message
        mine = Run.objects.filter(pk=self.run, token=self.token)
        for stopping, stopped in STOPPING.items():
            ended = Now() if stopped == RunState.CANCELLED else None
            if mine.filter(state=stopping).update(state=stopped, ended_at=ended, **values):
                return
        mine.update(**values)


def request(component: Component, *, requested_by: str, kind: str = Run.Kind.IMPORT, **options: Any) -> Run:
    """A new run, queued. Raises ActiveRun if the component has one; works inside a transaction."""
    ComponentState.objects.get_or_create(name=component.name)
    try:
        with transaction.atomic():
            run = Run.objects.create(component_id=component.name, kind=kind, requested_by=requested_by, **options)
    except IntegrityError:
        active = Run.objects.filter(component_id=component.name, state__in=ACTIVE).first()
        if active is None:  # it has ended since
            return request(component, requested_by=requested_by, kind=kind, **options)
        raise ActiveRun(active) from None
    from migration_control.tasks import advance_run  # tasks import the engine

    announce(advance_run, run.pk)
    return run


def announce(task: Any, run: int) -> None:
    """Tell a worker once the row is committed. Without a broker the next tick finds the row."""

    def send() -> None:
        try:
            task.apply_async((run,), retry=False)
        except task.OperationalError as error:
            log.warning("run %s waits for the next tick: %s", run, error)

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


def pause(run: Run) -> RunState:
    return _steer(run, {RunState.QUEUED: RunState.PAUSED, RunState.RUNNING: RunState.PAUSING})


def resume(run: Run) -> RunState:
    return _steer(run, {RunState.PAUSED: RunState.QUEUED, RunState.PAUSING: RunState.RUNNING})


def cancel(run: Run) -> RunState:
    return _steer(
        run,
        {
            RunState.QUEUED: RunState.CANCELLED,
            RunState.PAUSED: RunState.CANCELLED,
            RunState.RUNNING: RunState.CANCELLING,
            RunState.PAUSING: RunState.CANCELLING,
        },
    )


def _steer(run: Run, ways: dict[RunState, RunState]) -> RunState:
    for source, target in ways.items():
        ended = Now() if target == RunState.CANCELLED else None
        if Run.objects.filter(pk=run.pk, state=source).update(state=target, ended_at=ended):
            return target
    run.refresh_from_db(fields=["state"])
    possible = ", ".join(ways)
    raise RunRefused(f"Run {run.pk} is {run.state}; that is possible only while it is {possible}.")


def _free() -> Q:
    return Q(token=None) | Q(heartbeat__lt=Now() - LEASE)
