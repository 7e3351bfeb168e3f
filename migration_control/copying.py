"""Copying a batch to the database: one transaction, each record only if it is newer.

May be repeated, reordered and killed anywhere. The locks come in the protocol's order: component
(ancestors first), apply, rows; then, in a statement of its own, who is the authority.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from legacy_json.index import Index
from legacy_json.keys import Key
from migration_control import locks
from migration_control.components import Component
from migration_control.models import ComponentState
from migration_control.prepare import Prepared, leave_out
from migration_control.stages import Store
from migration_control.tables import Table, table
from migration_control.triggers import SETTING, mark

LOCK_TIMEOUT = "10s"


class AuthorityMoved(Exception):
    """The database became the authority: nothing is copied to it any more."""

    def __init__(self, component: str, *, closed: bool = False) -> None:
        remedy = (
            "Its migration is closed: the file does not count any more."
            if closed
            else "Move it back to JSON first if the file is to count again."
        )
        super().__init__(f"The database is the authority for {component}; nothing is imported into it. {remedy}")


@dataclass(slots=True)
class Counts:
    """What a copy did to the table."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0


def copy(component: Component, prepared: Prepared, index: Index) -> Counts:
    """Inside the caller's transaction. What lies below the floor is left out, of `prepared` too.

    Raises AuthorityMoved, and the database's errors for what it cannot hold.
    """
    sql = table(component)
    counts = Counts()
    with connection.cursor() as cursor:
        counts.unchanged += leave_out(prepared, begin(cursor, component))
        if prepared.rows:
            _write_rows(cursor, component, sql, prepared, counts, index)
        if prepared.deletes:
            _delete(cursor, component, sql, prepared, counts)
    return counts


def begin(cursor: CursorWrapper, component: Component, *, alone: bool = False) -> Key | None:
    """Mark the transaction as copying, take the locks, look who is the authority. Returns the component's floor.

    alone: take the component's exclusively. Raises AuthorityMoved.
    """
    enter(cursor, component, alone=alone)
    state = ComponentState.objects.only("authority", "floor", "closed_above").get(name=component.name)
    if state.authority != Store.JSON:
        raise AuthorityMoved(component.name, closed=state.closed)
    return component.parse_key(state.floor) if state.floor else None


def enter(cursor: CursorWrapper, component: Component, *, alone: bool = False) -> None:
    """The same, whoever is the authority: for what is noted in neither store."""
    cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    cursor.execute(f"SELECT set_config('{SETTING}', {mark(component.name)}, true)")
    for ancestor in component.lineage[:-1]:
        cursor.execute(*locks.shared(ancestor.name))
    cursor.execute(*(locks.exclusive if alone else locks.shared)(component.name))
    cursor.execute(*locks.apply_exclusive(component.name))


def _write_rows(
    cursor: CursorWrapper, component: Component, sql: Table, prepared: Prepared, counts: Counts, index: Index
) -> None:
    lines = "".join([line for _, line in prepared.rows]).encode()
    low, high = prepared.rows[0][0].key, prepared.rows[-1][0].key
    cursor.execute(sql.untouched, [low, high, component.name])
    if cursor.fetchone() == (True,) and _copy_straight(cursor, sql, lines):
        counts.inserted += len(prepared.rows)
        return
    cursor.execute(sql.stage)
    _stream(cursor, sql.copy_to_stage, lines)
    _free(cursor, component, sql, index)
    cursor.execute(sql.upsert, [component.name])
    inserted, updated = cursor.fetchone()
    counts.inserted += inserted
    counts.updated += updated
    counts.unchanged += len(prepared.rows) - inserted - updated


def _free(cursor: CursorWrapper, component: Component, sql: Table, index: Index) -> None:
    """Take unique values from rows that no longer have them in JSON, for those that now do (a swap).

    Only from rows of which the index has a newer version, which is yet to be copied. To ask what is confirmed would
    not do: a copy that was made a moment ago is not acknowledged yet, and would lose its value for good. Any other
    row keeps what it has, and the database refuses the staged row that wants it.
    """
    for who, take in sql.holders:
        cursor.execute(who, [component.name])
        free = [key for key, version in cursor.fetchall() if index.version(component.name, key) > version]
        if free:
            cursor.execute(take, [free])


def _stream(cursor: CursorWrapper, statement: str, lines: bytes) -> None:
    # Django wraps the errors of its own methods only.
    with connection.wrap_database_errors, cursor.copy(statement) as stream:
        stream.write(lines)


def _copy_straight(cursor: CursorWrapper, sql: Table, lines: bytes) -> bool:
    """Into the table itself; False if something there is in the way, which staging may free."""
    try:
        with transaction.atomic():
            _stream(cursor, sql.copy, lines)
    except IntegrityError:
        return False
    return True


def _delete(cursor: CursorWrapper, component: Component, sql: Table, prepared: Prepared, counts: Counts) -> None:
    keys, versions = [key for key, _ in prepared.deletes], [version for _, version in prepared.deletes]
    cursor.execute(sql.delete, [keys, versions])
    counts.deleted += cursor.rowcount
    counts.unchanged += len(keys) - cursor.rowcount
    # Also where no row was: a copy that is under way with an older version must not bring the record back.
    cursor.execute(sql.tombstones, [component.name, keys, versions])
