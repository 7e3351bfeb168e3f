"""Making fence and row agree again after a move that was cut off. Whoever finds them disagreeing does it.

The row is never copied to the fence as it is: a mover that only stalled could still commit behind it. Its epoch is
raised above both first, which no mover of an older one gets past.
"""

from __future__ import annotations

from django.db import connection, transaction

from legacy_json import fences
from legacy_json.fences import Fence
from migration_control import locks, pairing, store
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.moving import rows
from migration_control.moving.rows import By
from migration_control.stages import fence_for, next_epoch

KIND = "recovered"


def recover(component: Component) -> bool:
    """Whether something was mended. On the host with the files; false also while a mover is at work.

    Raises StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error.
    """
    if _agreed(ComponentState.objects.get(name=component.name), store.fence(component)):
        return False
    pairing.check(component.name, store.index())
    state = raise_epoch(component)
    if state is None:
        return False
    set_fence(component, state)
    return True


def raise_epoch(component: Component) -> ComponentState | None:
    """Commit the row at an epoch above both; None if a mover is at work, or has ended well meanwhile."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(*locks.try_exclusive(component.name))
            if cursor.fetchone() != (True,):
                return None
        state, fence = ComponentState.objects.get(name=component.name), store.fence(component)
        if _agreed(state, fence):
            return None
        epoch = next_epoch(state.epoch, fence)
        rows.change(state, state.row, epoch, KIND, By("switchyard", "a move was cut off", automatic=True))
        state.epoch = epoch
    return state


def set_fence(component: Component, state: ComponentState) -> None:
    with store.index().write() as (connection, _):
        now = fences.fence(connection, component.name)
        fences.advance(connection, component.name, now, fence_for(state.row, state.epoch))


def _agreed(state: ComponentState, fence: Fence) -> bool:
    return fence == fence_for(state.row, state.epoch)
