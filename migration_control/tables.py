"""The SQL of copying into one component's table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.db import connection

from migration_control.components import Component

TOMBSTONES = """
INSERT INTO migration_control_change AS c (component, key, version, deleted, acked, sequence, transaction)
SELECT %s, d.key::text, d.version, true, d.version, nextval('migration_control_change_sequence'), pg_current_xact_id()
  FROM unnest(%s::{type}[], %s::bigint[]) AS d (key, version) {condition}
ON CONFLICT (component, key) DO UPDATE SET version = excluded.version, deleted = true, acked = excluded.acked,
  sequence = excluded.sequence, transaction = excluded.transaction
 WHERE c.version < excluded.version
"""


@dataclass(frozen=True, slots=True)
class Table:
    """Statements with %s where values go; each copies only what is newer than the row or its tombstone."""

    stage: str
    copy: str
    copy_to_stage: str
    untouched: str
    holders: tuple[tuple[str, str], ...]  # who has a unique value that a staged row brings; how it is taken from them
    upsert: str
    delete: str
    tombstones: str
    count_below: str
    prune: str
    prune_changes: str


@lru_cache
def table(component: Component) -> Table:
    quote = connection.ops.quote_name
    mapping = component.mapping
    name, staged = quote(component.model._meta.db_table), quote(f"staging_{component.name}")
    pk_field = component.model._meta.pk
    assert pk_field is not None  # every concrete model has one
    pk, kind = quote(str(pk_field.column)), pk_field.db_type(connection)
    columns = ", ".join(quote(column) for column in mapping.columns)
    kept = [quote(c) for c in mapping.columns if c not in (pk_field.column, "run")]
    # A row keeps the run that inserted it only as long as nothing has changed it since.
    sets = ", ".join([*(f"{c} = excluded.{c}" for c in kept), "run = NULL"])
    # As SQLite and Python compare them, whatever the database's own order of texts is.
    smaller, smaller_key = (f'{pk} COLLATE "C"', 'key COLLATE "C"') if component.key is str else (pk, "key::bigint")
    newer = (
        "NOT EXISTS (SELECT 1 FROM migration_control_change c"
        f" WHERE c.component = %s AND c.key = s.{pk}::text AND c.version >= s.version)"
    )
    return Table(
        stage=f"CREATE TEMPORARY TABLE IF NOT EXISTS {staged} (LIKE {name}) ON COMMIT DELETE ROWS",
        copy=f"COPY {name} ({columns}) FROM STDIN",
        copy_to_stage=f"COPY {staged} ({columns}) FROM STDIN",
        untouched=f"SELECT NOT EXISTS (SELECT 1 FROM {name} WHERE {pk} BETWEEN %s AND %s)"
        " AND NOT EXISTS (SELECT 1 FROM migration_control_change WHERE component = %s)",
        holders=tuple(
            (
                f"SELECT t.{pk}, t.version FROM {staged} s JOIN {name} t ON t.{u} = s.{u} AND t.{pk} <> s.{pk}"
                f" LEFT JOIN {name} mine ON mine.{pk} = s.{pk} WHERE NOT t.duplicate AND NOT s.duplicate"
                f" AND (mine.version IS NULL OR mine.version < s.version) AND {newer}",
                f"UPDATE {name} SET {u} = NULL, run = NULL WHERE {pk} = ANY(%s)",
            )
            for u in map(quote, component.unique)
        ),
        upsert=f"WITH written AS (INSERT INTO {name} AS t ({columns}) SELECT {columns} FROM {staged} s"
        f" WHERE {newer}"
        f" ON CONFLICT ({pk}) DO UPDATE SET {sets} WHERE t.version < excluded.version"
        " RETURNING xmax = 0 AS inserted)"
        " SELECT count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted) FROM written",
        delete=f"DELETE FROM {name} t USING unnest(%s::{kind}[], %s::bigint[]) AS d (key, version)"
        f" WHERE t.{pk} = d.key AND t.version < d.version",
        tombstones=TOMBSTONES.format(type=kind, condition=""),
        count_below=f"SELECT count(*) FROM {name} WHERE {smaller} < %s",
        prune=f"DELETE FROM {name} WHERE {pk} IN (SELECT {pk} FROM {name} WHERE {smaller} < %s LIMIT %s)",
        prune_changes="DELETE FROM migration_control_change WHERE component = %s AND key IN (SELECT key"
        f" FROM migration_control_change WHERE component = %s AND {smaller_key} < %s LIMIT %s)",
    )
