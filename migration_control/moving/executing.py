"""Carrying out a request: its steps one after the other, the gates before each. Whatever happens is in its row."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable

from django.db import Error, connection

from legacy_json.errors import LegacyError, StoreBusy
from legacy_json.keys import BadKey
from migration_control import components, store
from migration_control.components import Component, UnknownComponent
from migration_control.copying import AuthorityMoved
from migration_control.mirroring import acknowledging, draining_to_database, draining_to_json, parking, servers
from migration_control.models import ComponentState, MoveRequest, Transition
from migration_control.moving import recovery, steps
from migration_control.moving.errors import MoveAborted, MoveRefused
from migration_control.moving.gates import Gate, gates
from migration_control.moving.leases import Lease, claim
from migration_control.moving.rows import By, Moved, last
from migration_control.moving.unparking import release_settled
from migration_control.runs import LeaseLost
from migration_control.stages import Kind, Step, Store, path
from migration_control.wording import first_line

log = logging.getLogger(__name__)

ATTEMPTS = 3  # at one step
PAUSE = 1.0  # seconds between them

Told = Callable[[str, int, int], None]  # what goes on; steps taken, and to be taken

State = MoveRequest.State


class GatesClosed(MoveRefused):
    def __init__(self, closed: list[Gate]) -> None:
        self.closed = closed
        over = " The rest can be overridden, with a reason." if all(gate.overridable for gate in closed) else ""
        super().__init__("; ".join(map(str, closed)) + over)


def execute(request_id: int, told: Told = lambda what, done, total: None) -> MoveRequest:
    """Carry it out, if it is open and nobody alive has it; on the host with the files. Returns it as it is then.

    Outside any transaction. One whose worker was killed, or lost the database, is gone on with by whoever calls this
    next.
    """
    lease = claim(request_id) if store.has_files() else None
    request = MoveRequest.objects.get(pk=request_id)
    if lease is None:
        return request
    try:
        with lease.beating():
            _settle(Execution(request, lease, told))
        lease.release()
        request.refresh_from_db()
    except LeaseLost:
        log.warning("request %s was taken over by another worker", request_id)
    except Error as error:
        log.warning("request %s cannot be gone on with just now: %s", request_id, error)
        connection.close()
    except BaseException:  # Ctrl-C: another need not wait for the lease
        _release(lease)
        raise
    return request


def _settle(move: Execution) -> None:
    """Bring it to its end. Raises LeaseLost, django.db.Error where the server went away."""
    try:
        reached = move.go()
    except MoveRefused as error:
        move.end(State.REFUSED, str(error))
    except (MoveAborted, LegacyError, AuthorityMoved, UnknownComponent, BadKey, sqlite3.Error, OSError) as error:
        move.end(State.FAILED, str(error))
    except LeaseLost:
        raise
    except Error as error:
        if servers.is_away(error):
            raise
        move.end(State.FAILED, first_line(error))
    except Exception as error:
        log.exception("request %s failed", move.request.pk)
        move.end(State.FAILED, f"{type(error).__name__}: {error}")
    else:
        move.lease.end(State.DONE, reached)


class Execution:
    """Of one request, by whoever has its lease."""

    def __init__(self, request: MoveRequest, lease: Lease, told: Told) -> None:
        self.request, self.lease, self._told = request, lease, told
        self._taken, self._left = 0, 0

    def go(self) -> str:
        """All the steps that are left. Returns where the component is then. Raises what `step` does, LeaseLost."""
        component, attempts = components.get(self.request.component_id), 0
        while True:
            recovery.recover(component)
            state = unmoved(self.request)
            left = path(state.row, self.request.row)
            if not left:
                return f"{component.name} is {state.row}, at epoch {state.epoch}."
            self._left = len(left)
            try:
                self.step(component, left[0], state.epoch)
            except (MoveAborted, StoreBusy, Moved, Error) as error:
                attempts += 1
                if attempts >= ATTEMPTS or servers.is_away(error):
                    raise
                self._tell(f"attempt {attempts} of {ATTEMPTS} failed: {error}")
                time.sleep(PAUSE)
            else:
                self._taken, attempts = self._taken + 1, 0

    def step(self, component: Component, step: Step, epoch: int) -> None:
        """One step, if its gates hold. Raises GatesClosed, LeaseLost, and what steps.take does."""
        self._tell(f"{step.before}: looking whether it can be moved")
        release_settled(component, store.index(), step.before)
        judged(before_a_drain(gates(component, step), step), self.request)
        if drains(step):
            self._tell(f"{step.before}: copying what the other store lacks")
            _drain(component, step)
        overridden = judged(gates(component, step, drained=drains(step), tried=False), self.request)
        self._tell(f"to {step.after}")
        asked = self.request
        because = asked.override if overridden else ""
        by = By(asked.requested_by, asked.reason, asked.automatic, overridden, because, asked)
        steps.take(component, step, epoch, by)

    def end(self, state: MoveRequest.State, message: str) -> None:
        """It came to nothing, or not as far as it should."""
        if self._taken:
            now = ComponentState.objects.get(name=self.request.component_id)
            message = f"{message} It has come as far as {now.row}."
        self.lease.end(state, message)

    def _tell(self, what: str) -> None:
        self._told(what, self._taken, self._taken + self._left)
        self.lease.keep(message=what)


def judged(found: list[Gate], request: MoveRequest) -> list[str]:
    """The gates that do not hold and are overridden, in words. Raises GatesClosed."""
    closed = [gate for gate in found if not gate.holds]
    if (closed and not request.override) or not all(gate.overridable for gate in closed):
        raise GatesClosed(closed)
    return [str(gate) for gate in closed]


def before_a_drain(found: list[Gate], step: Step) -> list[Gate]:
    """What keeps it from being made, if the step begins with one. Parked keys do not: it tries them once more."""
    return [gate for gate in found if not (drains(step) and gate.name == "parked")]


def drains(step: Step) -> bool:
    """A step that turns the mirror off on the way back, or on again, leaves both stores what they have."""
    return step.forward or step.kind is Kind.TO_JSON


def _drain(component: Component, step: Step) -> None:
    acknowledging.flush()
    parking.hasten(component)
    to = draining_to_database if step.before.authority is Store.JSON else draining_to_json
    to.drain(component, store.index())


def unmoved(request: MoveRequest) -> ComponentState:
    """Its component, moved by nobody but this request since it was asked for; recovery is nobody. Raises Moved."""
    since = Transition.objects.filter(component=request.component_id, epoch__gt=request.epoch)
    if since.exclude(kind=recovery.KIND).exclude(request=request).exists():
        raise Moved(request.component_id, last(request.component_id))
    return ComponentState.objects.get(name=request.component_id)


def _release(lease: Lease) -> None:
    try:
        lease.release()
    except Error:
        log.warning("request %s will be free again when its lease runs out", lease.request)
