"""The background's half of copying to JSON: what `change` says is missing there, in batches; bad keys are parked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection

from legacy_json.errors import NotItsKey, Unholdable, ValueTaken
from legacy_json.index import Index
from legacy_json.keys import BadKey, Key
from migration_control import effects
from migration_control.components import Component
from migration_control.conversions import CannotHold
from migration_control.mirroring import acknowledging, parking, to_json
from migration_control.mirroring import effects as lagging
from migration_control.mirroring.draining_to_database import Drained
from migration_control.stages import Store
from migration_control.stores.statements import statements
from migration_control.stores.written import Copy

ROWS = 500  # records in one commit of the index
REFUSED = (Unholdable, NotItsKey, BadKey, CannotHold)  # whatever else is written


def drain(component: Component, index: Index) -> Drained:
    """Copy what JSON lacked when this began, but for parked keys that are not due. Outside any transaction.

    Raises JsonIsTheAuthority, NotOurs, StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error.
    """
    done, after = Drained(), ""
    waiting = parking.waiting(component)
    while True:
        copies = pending(component, after, ROWS)
        if not copies:
            lagging.to_json(component, index)
            return done
        after = str(copies[-1].key)
        for applied in _applied(component, [copy for copy in copies if copy.key not in waiting], done):
            acknowledging.confirm(component, index, Store.JSON, applied, 0)
            parking.release(component, applied)
            done.copied += len(applied)


def pending(component: Component, after: str, limit: int) -> list[Copy]:
    """The next records, by their keys as texts, that JSON has not confirmed: each as it is now, in one snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(_pending(component), [component.name, after, limit])
        found = cursor.fetchall()
    return [_copy(component, component.parse_key(key), *row) for key, *row in found]


def _copy(component: Component, key: Key, version: int, deleted: bool, lacked: list[str], *row: Any) -> Copy:
    record = None if deleted else statements(component).record(component.model, row)
    return Copy(key, version, record, effects.parsed(key, lacked))


@lru_cache
def _pending(component: Component) -> str:
    quote = connection.ops.quote_name
    pk_field = component.model._meta.pk
    assert pk_field is not None  # every concrete model has one
    columns = ", ".join(f"t.{quote(str(field.column))}" for field in component.model._meta.concrete_fields)
    lacked = effects.pending_of(component.name, "c.key")
    return (
        f"SELECT c.key, c.version, t.version IS NULL, {lacked}, {columns} FROM migration_control_change c"  # noqa: S608
        f" LEFT JOIN {quote(component.model._meta.db_table)} t"
        f" ON t.{quote(str(pk_field.column))} = c.key::{pk_field.db_type(connection)}"
        " WHERE c.component = %s AND c.version > c.acked AND c.key > %s ORDER BY c.key LIMIT %s"
    )


def count_pending(component: Component) -> int:
    """How many keys JSON lacks."""
    query = "SELECT count(*) FROM migration_control_change WHERE component = %s AND version > acked"
    with connection.cursor() as cursor:
        cursor.execute(query, [component.name])
        return int(cursor.fetchone()[0])


def _applied(component: Component, copies: Sequence[Copy], done: Drained) -> Iterator[dict[Key, int]]:
    """Versions that the index has, commit by commit: all at once, or else one by one."""
    if not copies:
        return
    try:
        yield to_json.apply(component, copies)
        return
    except (ValueTaken, *REFUSED):
        if len(copies) == 1:
            yield from _alone(component, copies[0], done)
            return
    for copy in copies:
        yield from _applied(component, [copy], done)


def _alone(component: Component, copy: Copy, done: Drained) -> Iterator[dict[Key, int]]:
    """Together with whoever has to let go of a unique value first, as long as that is waiting too."""
    group = {copy.key: copy}
    while True:
        try:
            yield to_json.apply(component, list(group.values()))
            return
        except ValueTaken as error:
            holder = None if error.holder is None or error.holder in group else one(component, error.holder)
            if holder is None:
                refusal = str(error)
                break
            group[holder.key] = holder
        except REFUSED as error:
            refusal = str(error)
            break
    parking.park(component, copy.key, Store.JSON, copy.version, refusal)
    done.parked += 1


def one(component: Component, key: Key) -> Copy | None:
    """That record, if JSON lacks its present version."""
    with connection.cursor() as cursor:
        cursor.execute(_pending(component).replace("c.key > %s", "c.key = %s"), [component.name, str(key), 1])
        found = cursor.fetchone()
    if found is None:
        return None
    return _copy(component, key, *found[1:])
