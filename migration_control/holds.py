"""What keeps automatic runs of a component from starting: staff undo, or have undone, an import of it."""

from __future__ import annotations

from django.db.models import QuerySet

from migration_control.models import ComponentState, Run
from migration_control.run_states import RunState


def hold(target: Run) -> None:
    """An undo of the target is asked for. A component that is held already stays so for the older reason."""
    _held(target, "").update(held=_reason(target, "is being undone"))


def settle(run: int) -> None:
    """The run has ended. If it was an undo its hold says so, or goes where nothing was removed."""
    undo = Run.objects.filter(pk=run, kind=Run.Kind.UNDO).select_related("target").first()
    if undo is None or undo.target is None:
        return
    if undo.state == RunState.COMPLETED:
        reason = _reason(undo.target, "was undone")
    else:
        reason = _reason(undo.target, "was undone in part") if undo.deleted else ""
    _held(undo.target, _reason(undo.target, "is being undone")).update(held=reason)


def release(component: str, reason: str | None = None) -> bool:
    """Let automatic runs start again. False if it is not held, or, with a reason, not for that one."""
    held = ComponentState.objects.filter(name=component).exclude(held="")
    return bool((held if reason is None else held.filter(held=reason)).update(held=""))


def _held(target: Run, reason: str) -> QuerySet[ComponentState]:
    return ComponentState.objects.filter(name=target.component_id, held=reason)


def _reason(target: Run, what: str) -> str:
    return f"run {target.pk} {what}; automatic runs start again after: migration_resume {target.component_id}"
