"""What a move would do, asking for it, and what is asked for. The row is the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from migration_control import runs, store
from migration_control.components import Component
from migration_control.models import ComponentState, MoveRequest, Parked
from migration_control.models.moves import open_request
from migration_control.moving.errors import MoveRefused
from migration_control.moving.executing import Told as Told
from migration_control.moving.executing import execute as execute
from migration_control.moving.gates import Gate, gates, lag
from migration_control.moving.leases import due as due
from migration_control.moving.relations import Closed
from migration_control.moving.rows import Moved, last
from migration_control.stages import StageRow, Step, Store, path

SHOWN = 10  # parked keys in a plan
UNCLAIMED = timedelta(seconds=10)  # after which a request that nobody takes is remarked on


class ModeDisabled(MoveRefused):
    def __init__(self) -> None:
        super().__init__("MIGRATION_MODE is disabled: nothing is moved. Set it to manual or auto, and restart.")


class NoReason(MoveRefused):
    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs a reason, which is kept in the history. Say why.")


class AlreadyThere(MoveRefused):
    def __init__(self, component: str, row: StageRow) -> None:
        super().__init__(f"{component} is {row} already. There is nothing to do.")


class OpenRequest(MoveRefused):
    """Another one of the component has not ended."""

    def __init__(self, request: MoveRequest) -> None:
        self.request = request
        who = f"{request.requested_by} at {request.created_at:%Y-%m-%d %H:%M:%S} UTC ({request.reason})"
        super().__init__(
            f"Request {request.pk} by {who}, to move {request}, is {request.state}. Wait for it; it shows in"
            f" migration_history {request.component_id}. Or, while no worker is at it:"
            f" migration_move {request.component_id} --withdraw --reason TEXT"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a move does. gates: of all its steps, each once, as they hold now; to_drain: keys that are copied on the
    way, None where only a host with the files knows; epoch: to be given with the request; parked: keys that the other
    store has refused, the first of them."""

    component: Component
    now: StageRow
    wanted: StageRow
    steps: list[Step]
    gates: list[Gate]
    to_drain: int | None
    epoch: int
    parked: list[Parked]
    lost: int = 0  # writes: the protocol loses none, either way

    @property
    def refusals(self) -> list[Gate]:
        """What stands in the way, and cannot be overridden."""
        return [gate for gate in self.gates if not gate.holds and not gate.overridable]

    @property
    def overridable(self) -> list[Gate]:
        """What stands in the way unless it is overridden."""
        return [gate for gate in self.gates if not gate.holds and gate.overridable]


def plan(component: Component, row: StageRow) -> Plan:
    """Changes nothing, but for the canary's writes. Raises django.db.Error."""
    state = ComponentState.objects.get(name=component.name)
    steps = path(state.row, row)
    found: dict[str, Gate] = {}
    for step in steps:
        for gate in gates(component, step, tried="way back" not in found):
            if gate.name not in found or not gate.holds:
                found[gate.name] = gate
    parked = list(Parked.objects.filter(component=component.name).order_by("since", "key")[:SHOWN])
    drain = _to_drain(component, state.row)
    return Plan(component, state.row, row, steps, list(found.values()), drain, state.epoch, parked)


def _to_drain(component: Component, now: StageRow) -> int | None:
    if now.authority is Store.JSON and not store.has_files():
        return None
    return lag(component, now.authority, store.index())


def request(
    component: Component,
    row: StageRow,
    epoch: int,
    *,
    by: str,
    reason: str,
    override: str = "",
    automatic: bool = False,
) -> MoveRequest:
    """Ask for a move, which a host with the files then makes. epoch: at which this was decided upon.

    override: why gates that can be overridden are; kept with each step for which it was needed. Works inside a
    transaction. Raises MoveRefused: ModeDisabled, NoReason, AlreadyThere, Closed, OpenRequest, Moved. Of the last two a
    row is kept, so that the history has both of two people who wanted different things.
    """
    if settings.MIGRATION_MODE == "disabled":
        raise ModeDisabled
    if not reason.strip():
        raise NoReason("A move")
    if override and not override.strip():
        raise NoReason("An override")
    wish = MoveRequest(
        component_id=component.name, stage=row.stage, reads=row.reads, epoch=epoch, requested_by=by,
        reason=reason.strip(), override=override.strip(), automatic=automatic,
    )  # fmt: skip
    try:
        with transaction.atomic():
            _insert(component, wish)
    except (OpenRequest, Moved) as error:
        if isinstance(error, OpenRequest) and error.request.row == row:
            raise  # a double click
        wish.state, wish.message = MoveRequest.State.REFUSED, str(error)
        wish.save(force_insert=True)
        MoveRequest.objects.filter(pk=wish.pk).update(ended_at=Now())
        raise
    from migration_control.tasks import execute_move  # tasks import the engine

    runs.announce(execute_move, wish.pk)
    return wish


def _insert(component: Component, wish: MoveRequest) -> None:
    """The lock holds off another request, and a step's commit, from the look until this is committed."""
    state = ComponentState.objects.select_for_update(no_key=True).get(name=component.name)
    going = open_request(component.name)
    if going is not None:
        raise OpenRequest(going)
    if state.closed:
        raise Closed(component.name)
    if state.epoch != wish.epoch:
        raise Moved(component.name, last(component.name))
    if state.row == wish.row:
        raise AlreadyThere(component.name, state.row)
    wish.save(force_insert=True)


def unattended() -> list[MoveRequest]:
    """Open requests that nobody has taken for so long that there seems to be no worker with the files."""
    return list(MoveRequest.objects.filter(pk__in=due(), created_at__lt=Now() - UNCLAIMED))
