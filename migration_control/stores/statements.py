"""The SQL of one component's single writes. Values go where %s stands."""

# ruff: noqa: S608 - what is put into the statements is identifiers that the models declare

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

from migration_control import effects
from migration_control.components import Component
from migration_control.records import Record

R = TypeVar("R", bound=Record)

OWN = ("version", "run")  # the triggers' columns


@dataclass(frozen=True, slots=True)
class Statements:
    """Values in the order of `fields`, rows in that of `columns`.

    Each write returns the row's version, as the trigger set it; nothing, if there is no such row. insert and
    update also return which of its effects JSON lacks.
    select, lock: a list of keys; lock takes the rows' locks, in key order.
    insert: values. update: values, key, version. delete: key. delete_version: key, version. release: for each unique
    field, what takes its value from the rows of a list of keys, and returns key and version. last, of a list whose
    elements have no key of their own: (first and last key, component) twice, and these keys twice; the greatest there
    ever was.
    """

    columns: tuple[models.Field[Any, Any], ...]
    fields: tuple[models.Field[Any, Any], ...]
    select: str
    lock: str
    insert: str
    update: str
    delete: str
    delete_version: str
    release: dict[str, str]
    last: str

    def record(self, model: type[R], row: tuple[Any, ...]) -> R:
        """A row of select or lock as an instance; a third of what the ORM's own way costs."""
        values = list(row)
        for at, field in enumerate(self.columns):
            for convert in field.get_db_converters(connection):
                values[at] = convert(values[at], None, connection)
        return model.from_db(connection.alias, [field.attname for field in self.columns], values)

    def values(self, record: Record, *, adding: bool) -> list[Any]:
        return [f.get_db_prep_save(f.pre_save(record, adding), connection) for f in self.fields]


@lru_cache
def statements(component: Component) -> Statements:
    quote = connection.ops.quote_name
    model = component.model
    pk_field = model._meta.pk
    assert pk_field is not None  # every concrete model has one
    table, pk = quote(model._meta.db_table), quote(str(pk_field.column))
    fields = tuple(field for field in model._meta.concrete_fields if field.name not in OWN)
    columns = [quote(str(field.column)) for field in fields]
    everything = ", ".join(quote(str(field.column)) for field in model._meta.concrete_fields)
    row = f"WHERE {pk} = %s AND version = %s"
    lacked = effects.pending_of(component.name, f"{table}.{pk}::text")
    return Statements(
        columns=tuple(model._meta.concrete_fields),
        fields=fields,
        select=f"SELECT {everything} FROM {table} WHERE {pk} = ANY(%s)",
        lock=f"SELECT {everything} FROM {table} WHERE {pk} = ANY(%s) ORDER BY {pk} FOR UPDATE",
        insert=f"INSERT INTO {table} ({', '.join(columns)}, version)"
        f" VALUES ({'%s, ' * len(columns)}0) RETURNING version, {lacked}",
        update=f"UPDATE {table} SET {', '.join(f'{column} = %s' for column in columns)} {row}"
        f" RETURNING version, {lacked}",
        delete=f"DELETE FROM {table} WHERE {pk} = %s RETURNING version",
        delete_version=f"DELETE FROM {table} {row} RETURNING version",
        release={
            name: f"UPDATE {table} SET {quote(name)} = NULL WHERE {pk} = ANY(%s) RETURNING {pk}, version"
            for name in component.unique
        },
        last="SELECT max(found.key) FROM ("
        f"SELECT max({pk}) AS key FROM {table} WHERE {pk} BETWEEN %s AND %s"
        " UNION ALL SELECT max(key) FROM migration_control_change WHERE component = %s AND key BETWEEN %s AND %s"
        ' UNION ALL SELECT max(key COLLATE "C") FROM migration_control_finding WHERE component_id = %s'
        " AND phase IN ('reading', 'mapping') AND outcome = 'quarantined' AND key BETWEEN %s AND %s"
        ' AND key COLLATE "C" BETWEEN %s AND %s) AS found',
    )
