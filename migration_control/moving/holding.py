"""The locks of a move: its component's exclusively, those of its relatives shared, in one order everywhere."""

from __future__ import annotations

from django.db import connection

from migration_control import locks
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.moving.errors import MoveRefused
from migration_control.moving.relations import refusal, related
from migration_control.moving.rows import Moved, last
from migration_control.stages import Step

LOCK_SECONDS = 5.0  # that a move waits for a lock, and that writers wait behind it
STATEMENT_SECONDS = 20.0
IDLE_SECONDS = 10.0  # after which the server ends a move that stalls, so that nobody waits behind it for ever


def hold(component: Component, step: Step, epoch: int) -> ComponentState:
    """Inside the move's transaction: all its locks, and then a look whether everything is as it was decided upon.

    Raises Moved, MoveRefused, and OperationalError when a lock is not to be had in time.
    """
    states = take_locks(component)
    state = states[component.name]
    if state.epoch != epoch or state.row != step.before:
        raise Moved(component.name, last(component.name))
    why = refusal(component, step, states)
    if why:
        raise MoveRefused(why)
    return state


def take_locks(component: Component) -> dict[str, ComponentState]:
    """All locks of a move of it; then where every component stands. Raises OperationalError, as hold() does."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{int(LOCK_SECONDS * 1000)}'")
        cursor.execute(f"SET LOCAL statement_timeout = '{int(STATEMENT_SECONDS * 1000)}'")
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{int(IDLE_SECONDS * 1000)}'")
        for one in related(component):
            taken = locks.exclusive if one.name == component.name else locks.shared
            cursor.execute(*taken(one.name))
    return {state.name: state for state in ComponentState.objects.all()}
