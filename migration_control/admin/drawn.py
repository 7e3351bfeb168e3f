"""A page shows a moment; a form carries that moment along, and one that has passed is told so."""

from __future__ import annotations

from migration_control.models import Run
from migration_control.runs import RunRefused


class StalePage(RunRefused):
    def __init__(self, fact: str) -> None:
        super().__init__(f"{fact} Nothing was done: look at the present state, then decide again.")


def newest_run(component: str) -> int:
    """The moment of a component's page: its newest run; 0 before there is one."""
    return Run.objects.filter(component_id=component).values_list("pk", flat=True).first() or 0


def refuse_if_newer(mine: Run, drawn: int) -> None:
    """Raises StalePage, inside the transaction that inserted the run, if another came before it.

    A double click comes to its second insert only after the first is committed (one run is active
    per component), and so sees it here.
    """
    others = Run.objects.filter(component_id=mine.component_id, pk__gt=drawn).exclude(pk=mine.pk)
    newer = others.first()
    if newer is not None:
        raise StalePage(f"{newer} was requested by {newer.requested_by} after the page that you used was drawn.")
