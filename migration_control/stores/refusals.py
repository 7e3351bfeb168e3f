"""The database's refusals in the words that all stores share."""

from __future__ import annotations

from django.db import Error, IntegrityError, connection
from django.db.models import UniqueConstraint
from psycopg import errors

from legacy_json.errors import AlreadyThere, KeyReserved, ValueTaken
from legacy_json.keys import Key
from legacy_json.records import DUPLICATE_KEY
from migration_control.components import Component
from migration_control.records import Record

# Both phases by name, so that the index of findings serves; the ORM's way to it costs several times as much.
RESERVED = (
    "SELECT key, detail FROM migration_control_finding WHERE component_id = %s AND phase IN ('reading', 'mapping')"
    " AND key = ANY(%s) AND outcome = 'quarantined' AND code <> %s"
    # Once its migration is closed no import brings the entry any more, so it is in nobody's way.
    " AND NOT EXISTS (SELECT FROM migration_control_componentstate s WHERE s.name = component_id"
    " AND s.closed_above IS NOT NULL) ORDER BY id LIMIT 1"
)


class Collision(Exception):
    """The statement that wrote this record met another one. Translated once its transaction is rolled back."""

    def __init__(self, record: Record, error: IntegrityError) -> None:
        self.record, self.error = record, error
        super().__init__(str(error))


def is_transient(error: Error) -> bool:
    """Whether the same transaction may well succeed at the next attempt."""
    return isinstance(error.__cause__, errors.SerializationFailure | errors.DeadlockDetected)


def is_of_the_guard(error: Error) -> bool:
    """Whether the table refused it because JSON is the authority."""
    return isinstance(error.__cause__, errors.ObjectNotInPrerequisiteState)


def explained(component: Component, collision: Collision) -> Exception:
    """Which rule the record broke, and who is in its way. Outside the transaction that failed."""
    record, cause = collision.record, collision.error.__cause__
    if not isinstance(cause, errors.UniqueViolation):
        return collision.error
    names = _fields_of(record, cause.diag.constraint_name)
    if not names:  # the primary key's
        return AlreadyThere(component.name, record.key)
    same = {name: getattr(record, name) for name in names}
    rows = component.model._base_manager.filter(duplicate=False, **same).exclude(pk=record.pk)
    holder = rows.values_list("pk", flat=True).first()
    return ValueTaken(component.name, record.key, " + ".join(names), _one(list(same.values())), holder)


def refuse_reserved(component: Component, missing: list[Key]) -> None:
    """missing: keys without a live row. Raises KeyReserved."""
    if not missing:
        return
    with connection.cursor() as cursor:
        cursor.execute(RESERVED, [component.name, [*map(str, missing)], DUPLICATE_KEY])
        for text, reason in cursor.fetchall():
            raise KeyReserved(component.name, component.key(text), reason)


def _fields_of(record: Record, constraint: str | None) -> tuple[str, ...]:
    for known in record._meta.constraints:
        if isinstance(known, UniqueConstraint) and known.name == constraint:
            return tuple(known.fields)
    return ()


def _one(values: list[object]) -> object:
    return values[0] if len(values) == 1 else values
