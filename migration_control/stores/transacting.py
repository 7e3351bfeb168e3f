"""One write of the database store: a transaction under the component's lock, run once more where that is safe."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from django.db import Error, connection, transaction

from legacy_json.errors import NotTheAuthority
from legacy_json.keys import Key
from migration_control import locks
from migration_control.components import Component
from migration_control.releases import understood
from migration_control.stages import Store
from migration_control.stores.commits import STARTED, Transaction, took_effect
from migration_control.stores.refusals import Collision, explained, is_of_the_guard, is_transient

T = TypeVar("T")

ATTEMPTS = 5  # at a transaction that others stand in the way of

_DEADLINE = "SET LOCAL lock_timeout = '8s'"  # below the router's for an answer


def transact(component: Component, run: Callable[[Key | None], T], again: type[Exception] | None = None) -> T:
    """Run it under the component's lock; once more, if the database says so, or what is refused is an `again`.

    It is given the floor of the component's keys, which nobody raises meanwhile.

    What is transient in a transaction around us is its owner's to repeat: it holds its locks until it ends. Raises
    NotTheAuthority, NewerRelease, OutcomeUnknown, what run() raises, a Collision as `refusals.explained` has it, and
    django.db.Error.
    """
    joined = connection.in_atomic_block
    for left in reversed(range(ATTEMPTS)):
        done: list[T] = []
        try:
            with transaction.atomic():
                started, floor = lock(component, joined)
                done.append(run(floor))
            return done[0]
        except Collision as collision:
            refusal = explained(component, collision)
            if not (left and again and isinstance(refusal, again)):
                raise refusal from collision.error
        except Error as error:
            if is_of_the_guard(error):
                raise NotTheAuthority(component.name, "database") from error
            if joined:
                raise
            if done:  # all but the reply to COMMIT
                connection.close()
                if took_effect(component.name, started):
                    return done[0]
            if not (left and (done or is_transient(error))):
                raise
    raise AssertionError("the last attempt returns or raises")


def lock(component: Component, joined: bool) -> tuple[Transaction, Key | None]:
    """Take the component's lock, which waits for a move, but not for ever. Returns which transaction it is, and the
    floor.

    Then look who is the authority, in a statement of its own, so that it sees what the lock waited for: until a
    trigger looks, a change would be shown records that are JSON's by now. joined: the transaction is one around us.
    Raises NotTheAuthority, NewerRelease.
    """
    with connection.cursor() as cursor:
        # Without parameters both go in one round trip.
        # What is set in a transaction around us would outlast this call.
        cursor.execute(locking(component.name) if joined else f"{_DEADLINE}; {locking(component.name)}")
        while cursor.nextset():
            pass
        number, started, stage, reads, floor = cursor.fetchone()
    if stage is None or understood(component.name, stage, reads).authority is not Store.DATABASE:
        raise NotTheAuthority(component.name, "database")
    return Transaction(number, started), component.parse_key(floor) if floor else None


@cache
def locking(component: str) -> str:
    """Statements without parameters: the lock; then what the transaction is known by, and the row's stage, reads and
    floor, NULL without one.
    """
    statement, (first, second) = locks.shared(component)
    name = component.replace("'", "''")
    return (
        f"{statement % (first, second)}; SELECT {STARTED}, s.stage, s.reads, s.floor"  # noqa: S608 - our names
        f" FROM (SELECT) one LEFT JOIN migration_control_componentstate s ON s.name = '{name}'"
    )
