"""One write of the JSON store, copied to its table at once: one transaction in one round trip.

The locks come in the protocol's order, in a statement before the one that looks: component (ancestors first) and
apply, both shared, then the keys. The row is written only if JSON is the authority, and neither the row nor a
tombstone is as new.
"""

# ruff: noqa: S608 - what is put into the statements is identifiers that the models declare

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from django.db import connection, models

from legacy_json.effects import Effect
from legacy_json.errors import KeyReserved
from legacy_json.keys import Key
from legacy_json.records import Record as Legacy
from legacy_json.records import State
from migration_control import locks
from migration_control.components import Component
from migration_control.effects import INSERT, ONCE
from migration_control.effects import values as effect_values
from migration_control.mirroring.watchdog import watching
from migration_control.stores.instances import Instances
from migration_control.stores.statements import statements
from migration_control.tables import TOMBSTONES
from migration_control.triggers import SETTING, mark

SECONDS = 2.0  # that a caller waits for the copy of what is committed already
LOCK_SECONDS = 1.0

Adapt = Callable[[Any], Any]

# What the mapping makes for these is what the driver takes. Django's own conversions were a tenth of a copy's time.
AS_THEY_ARE = {models.CharField, models.TextField, models.BooleanField, models.DateTimeField}

IS_JSON = "EXISTS (SELECT FROM migration_control_componentstate WHERE name = %s AND authority = 'json')"
EFFECTS = f"{INSERT} WHERE {IS_JSON}{ONCE}"


@dataclass(frozen=True, slots=True)
class Copying:
    """lock: a list of the keys' locks. upsert: a row's values, component twice, key, version. delete: key, version,
    component. tombstone: component, [key], [version], component. Each but lock returns or affects a row if it copied.
    """

    lock: str
    upsert: str
    delete: str
    tombstone: str


@lru_cache
def copying(component: Component) -> Copying:
    quote = connection.ops.quote_name
    sql = statements(component)
    pk_field = component.model._meta.pk
    assert pk_field is not None  # every concrete model has one
    table, pk, kind = quote(component.model._meta.db_table), quote(str(pk_field.column)), pk_field.db_type(connection)
    columns = [quote(str(field.column)) for field in sql.fields]
    given = ", ".join(f"%s::{field.db_type(connection)}" for field in sql.fields)
    sets = ", ".join(f"{c} = excluded.{c}" for c in (*columns, "version", "run") if c != pk)
    shared = [locks.shared(c.name) for c in component.lineage]
    taken = "".join(f", pg_advisory_xact_lock_shared({first}, {second})" for _, (first, second) in shared)
    return Copying(
        # In the order of the list: PostgreSQL evaluates a row's columns from left to right.
        lock=f"SELECT set_config('lock_timeout', '{int(LOCK_SECONDS * 1000)}', true),"
        f" set_config('{SETTING}', {mark(component.name)}, true){taken},"
        f" pg_advisory_xact_lock_shared({locks.APPLY}, {locks.number(component.name)}),"
        " (SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%s::bigint[]) AS k)",
        upsert=f"INSERT INTO {table} AS t ({', '.join(columns)}, version, run)"
        f" SELECT {given}, %s::bigint, NULL::bigint WHERE {IS_JSON} AND NOT EXISTS (SELECT FROM"
        " migration_control_change c WHERE c.component = %s AND c.key = %s AND c.version >= %s)"
        f" ON CONFLICT ({pk}) DO UPDATE SET {sets} WHERE t.version < excluded.version",
        delete=f"DELETE FROM {table} WHERE {pk} = %s::{kind} AND version < %s AND {IS_JSON}",
        tombstone=TOMBSTONES.format(type=kind, condition=f"WHERE {IS_JSON}"),
    )


def key_lock(component: str, key: Key) -> int:
    """The lock of one record's copies: a signed 64-bit number. Two keys may share one, and then wait needlessly."""
    return int.from_bytes(hashlib.blake2b(f"{component}:{key}".encode(), digest_size=8).digest(), signed=True)


class Mirror:
    """Copies of one component's records. zone: of their naive dates."""

    def __init__(self, component: Component, zone: ZoneInfo) -> None:
        self.component, self.zone = component, zone
        self._instances: Instances[Any] = Instances(component, zone)

    def copy(self, records: Sequence[Legacy], effects: Sequence[Effect] = ()) -> dict[Key, int]:
        """Versions that the table has now, or has passed; a record that is not among them is left to the drain.

        effects: that took place in the same commit.
        Raises django.db.Error; then nothing was copied, as far as anybody knows.
        """
        values = [(record, self._values(record)) for record in records]
        ready = [(record, given) for record, given in values if given is not None or record.state == State.DELETED]
        if not ready:
            return {}
        copied = self._send(ready, effects)
        return {record.key: record.version for (record, _), done in zip(ready, copied, strict=True) if done}

    def _values(self, record: Legacy) -> list[Any] | None:
        """Of a live record that the table can hold without a note to staff."""
        if record.state != State.LIVE:
            return None
        try:
            made = self._instances.unrepaired(record)
        except KeyReserved:
            return None
        if made is None:
            return None
        return [*(adapt(made[at]) if adapt else made[at] for at, adapt in self._adapters), record.version]

    @cached_property
    def _sql(self) -> Copying:
        return copying(self.component)

    @cached_property
    def _adapters(self) -> list[tuple[int, Adapt | None]]:
        """Of each field of the statement: its place among the model's columns, and what readies it for the driver."""
        sql = statements(self.component)
        return [(sql.columns.index(field), _adapter(field)) for field in sql.fields]

    def _send(self, ready: list[tuple[Legacy, list[Any] | None]], effects: Sequence[Effect]) -> list[bool]:
        sql, name = self._sql, self.component.name
        keys = sorted({key_lock(name, record.key) for record, _ in ready})
        connection.ensure_connection()
        raw = connection.connection
        with connection.wrap_database_errors, watching(raw.fileno(), SECONDS):
            try:
                with raw.pipeline():
                    _execute(raw, "BEGIN")
                    _execute(raw, sql.lock, [keys])
                    if effects:
                        _execute(raw, EFFECTS, [*effect_values(name, effects, acked=True), name])
                    cursors = [_copied(raw, sql, name, record, given) for record, given in ready]
                    _execute(raw, "COMMIT")
                return [cursor.rowcount > 0 for cursor in cursors]
            except BaseException:
                _give_up(raw)
                raise


def _adapter(field: models.Field[Any, Any]) -> Adapt | None:
    if type(field) in AS_THEY_ARE:
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _copied(
    raw: psycopg.Connection[Any], sql: Copying, name: str, record: Legacy, given: list[Any] | None
) -> psycopg.Cursor[Any]:
    """Sent, not yet answered: the cursor whose count of rows will tell."""
    if given is not None:
        return _execute(raw, sql.upsert, [*given, name, name, str(record.key), record.version])
    _execute(raw, sql.delete, [record.key, record.version, name])
    return _execute(raw, sql.tombstone, [name, [record.key], [record.version], name])


def _execute(raw: psycopg.Connection[Any], statement: str, values: list[Any] | None = None) -> psycopg.Cursor[Any]:
    """With the values apart from the statement, which the server then need not plan each time (Django's cursor would
    put them into it)."""
    return psycopg.Cursor(raw).execute(statement, values)


def _give_up(raw: psycopg.Connection[Any]) -> None:
    """Leave no transaction open, nor a connection that is in the middle of one."""
    try:
        raw.rollback()
    except psycopg.Error:
        connection.close()  # Django's, which would go on with a broken one for as long as this thread lives
