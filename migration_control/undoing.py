"""Undoing an import: its rows go, as long as nothing changed them since; the index knows them as pending again.

The index is told first. A crash in between leaves keys pending whose rows are still there, which the
next import finds to be equal; the other order would leave the database without rows that the index
believes it has.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F, Sum

from legacy_json.index import Index
from migration_control import components, runs
from migration_control.components import Component
from migration_control.copying import begin
from migration_control.holds import hold
from migration_control.holds import release as release
from migration_control.models import Run
from migration_control.run_states import RunState
from migration_control.runs import ActiveRun, Lease, RunRefused
from migration_control.stages import Store

ROWS = 5_000


class Left(NamedTuple):
    """What became of the rows that an import inserted.

    removable: as it wrote them. undone: removed by undos of it. kept: changed, or removed otherwise.
    """

    removable: int
    undone: int
    kept: int


def left(target: Run) -> Left:
    removable = components.get(target.component_id).model._default_manager.filter(run=target.pk).count()
    undone = Run.objects.filter(kind=Run.Kind.UNDO, target=target).aggregate(sum=Sum("deleted", default=0))["sum"]
    return Left(removable, undone, max(target.inserted - removable - undone, 0))


class Undo:
    """One slice of an undo's work."""

    def __init__(self, run: Run, lease: Lease, component: Component, index: Index) -> None:
        self.run, self.lease, self.component, self.index = run, lease, component, index
        assert run.target is not None  # a constraint of the table
        self.target = run.target

    def work(self, until: float) -> bool:
        """Go on until that time (monotonic). True once nothing is left to do."""
        rows = self.component.model._default_manager.filter(run=self.target.pk)
        if not self.run.source_read:
            found = left(self.target)
            self.lease.update(source_read=True, total=found.removable + found.kept, kept=found.kept)
        while time.monotonic() < until:
            keys = list(rows.order_by("pk").values_list("pk", flat=True)[:ROWS])
            if not keys:
                return True
            self.index.forget(self.component.name, keys)
            with transaction.atomic():
                with connection.cursor() as cursor:
                    begin(cursor, self.component, alone=True)
                deleted = rows.filter(pk__in=keys)._raw_delete(connection.alias)
                self.lease.update(deleted=F("deleted") + deleted)
            if self.lease.state() != RunState.RUNNING:
                return False
        return False


def refusal(run: Run) -> str:
    """Why the run cannot be undone; empty when it can."""
    if run.kind != Run.Kind.IMPORT:
        return f"Run {run.pk} is an undo; import again to bring back what it removed."
    if not run.ended:
        return str(ActiveRun(run))
    if not run.inserted:
        return f"Run {run.pk} inserted nothing, so there is nothing to undo."
    if run.component.authority != Store.JSON:
        return f"The database is the authority for {run.component_id}: what run {run.pk} inserted stays."
    if run.component.row.mirrored:
        return (
            f"{run.component_id} is {run.component.row}: what run {run.pk} inserted would be copied again at once."
            f" First: migration_rollback {run.component_id}"
        )
    return ""


def request(run_id: int, *, requested_by: str, reason: str = "") -> Run:
    """Queue the undo of an import, and hold the component. Raises Run.DoesNotExist, RunRefused."""
    with transaction.atomic():
        target = Run.objects.select_for_update().get(pk=run_id)
        why = refusal(target)
        if why:
            raise RunRefused(why)
        component = components.get(target.component_id)
        undo = runs.request(component, requested_by=requested_by, kind=Run.Kind.UNDO, target=target, reason=reason)
        hold(target)
    return undo
