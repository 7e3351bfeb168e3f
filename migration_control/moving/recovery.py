"""Making fence and row agree again after a move that was cut off. Whoever finds them disagreeing does it.

The row is never copied to the fence as it is: a mover that only stalled could still commit behind it. Its epoch is
raised above both first, which no mover of an older one gets past. Of a component whose migration is closed the row is
never raised again: its fence is sealed, wherever it stands.
"""

from __future__ import annotations

from django.db import connection, transaction

from legacy_json import fences
from legacy_json import pairing as numbers
from legacy_json.fences import Fence
from legacy_json.index import Index
from migration_control import locks, pairing, store
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.moving import rows
from migration_control.moving.rows import By
from migration_control.stages import fence_for, next_epoch, stands

KIND = "recovered"


def recover(component: Component) -> bool:
    """Whether something was mended. On the host with the files; false also while a mover is at work.

    Raises StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error.
    """
    state = ComponentState.objects.get(name=component.name)
    if _agreed(state, store.fence(component)):
        return False
    if state.closed and is_of(store.index(), state):
        set_fence(component, state)
        return True
    pairing.check(component.name, store.index())
    raised = raise_epoch(component)
    if raised is None:
        return False
    set_fence(component, raised)
    return True


def is_of(index: Index, state: ComponentState) -> bool:
    """Whether index and database have been a pair. Since then JSON may have been promoted, of other components."""
    return state.index_id == index.pair_id or numbers.counterpart(index, state.name).database == str(state.database_id)


def raise_epoch(component: Component) -> ComponentState | None:
    """Commit the row at an epoch above both; None if a mover is at work, or has ended well meanwhile."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(*locks.try_exclusive(component.name))
            if cursor.fetchone() != (True,):
                return None
        state, fence = ComponentState.objects.get(name=component.name), store.fence(component)
        if state.closed or _agreed(state, fence):
            return None
        epoch = next_epoch(state.epoch, fence)
        rows.change(state, state.row, epoch, KIND, By("switchyard", "a move was cut off", automatic=True))
        state.epoch = epoch
    return state


def set_fence(component: Component, state: ComponentState) -> None:
    with store.index().write() as (connection, _):
        now = fences.fence(connection, component.name)
        epoch = max(now.epoch, state.epoch) if state.closed else state.epoch
        fences.advance(connection, component.name, now, fence_for(state.row, epoch, closed=state.closed))


def _agreed(state: ComponentState, fence: Fence) -> bool:
    return stands(state.row, state.epoch, fence, closed=state.closed)
