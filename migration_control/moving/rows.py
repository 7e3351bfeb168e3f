"""The row that says where a component stands, changed only together with a line of its history."""

from __future__ import annotations

from dataclasses import dataclass, field

from migration_control.models import ComponentState, MoveRequest, Transition
from migration_control.moving.errors import MoveRefused
from migration_control.runs import LeaseLost
from migration_control.stages import StageRow


@dataclass(frozen=True, slots=True)
class By:
    """Who changes the row, and why. overridden: gates that did not hold, in words; override: why that was done."""

    actor: str
    reason: str
    automatic: bool = False
    overridden: list[str] = field(default_factory=list)
    override: str = ""
    request: MoveRequest | None = None


class Moved(MoveRefused):
    """The component is not where it was when this was decided."""

    def __init__(self, component: str, last: Transition | None) -> None:
        self.last = last
        who = "Something" if last is None else f"{last.actor or 'Somebody'} ({last.reason or last.kind})"
        when = "" if last is None else f" at {last.at:%Y-%m-%d %H:%M:%S} UTC"
        where = "" if last is None else f" to {last.stage} reading {last.reads}"
        super().__init__(f"{who} has moved {component}{where}{when} meanwhile. Look again, then decide anew.")


def change(state: ComponentState, row: StageRow, epoch: int, kind: str, by: By, **others: object) -> None:
    """Compare-and-set on the state's epoch, inside the move's transaction. others: columns that change with it.

    Raises Moved, and LeaseLost if another worker has the request.
    """
    if by.request is not None and not _has(by.request):
        raise LeaseLost
    Transition.objects.create(
        component=state,
        kind=kind,
        from_stage=state.stage,
        from_reads=state.reads,
        stage=row.stage,
        reads=row.reads,
        epoch=epoch,
        actor=by.actor,
        reason=by.reason,
        automatic=by.automatic,
        overridden=by.overridden,
        override=by.override,
        request=by.request,
    )
    changed = ComponentState.objects.filter(name=state.name, epoch=state.epoch).update(
        stage=row.stage, reads=row.reads, authority=row.authority, epoch=epoch, **others
    )
    if not changed:
        raise Moved(state.name, last(state.name))


def _has(request: MoveRequest) -> bool:
    """Whether its worker still has it; and no other gets it before this is committed."""
    mine = MoveRequest.objects.filter(pk=request.pk, state=MoveRequest.State.RUNNING, token=request.token)
    return mine.select_for_update(no_key=True).exists()


def last(component: str) -> Transition | None:
    """The latest line of its history."""
    return Transition.objects.filter(component=component).first()
