"""The same writes without any of ours: what two stores cost that know nothing of one another."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.db import connection, models

from legacy_json.connections import PAGE

Write = Callable[[Any], object]


class Payload(NamedTuple):
    """What both are to write, made ready before the time is taken."""

    key: int
    version: int
    document: bytes
    row: list[Any]  # in the order of the model's columns


def bare_sqlite(path: Path, rows: Iterable[tuple[int, bytes]]) -> sqlite3.Connection:
    """Documents by key, and nothing else. As our index: page size, log, and wait for the disk."""
    made = sqlite3.connect(path, isolation_level=None)
    for pragma in (f"page_size = {PAGE}", "journal_mode = WAL", "synchronous = FULL", "cache_size = -32000"):
        made.execute(f"PRAGMA {pragma}")
    made.execute("CREATE TABLE record (key INTEGER PRIMARY KEY, document BLOB NOT NULL)")
    made.execute("BEGIN")
    made.executemany("INSERT INTO record VALUES (?, ?)", rows)
    made.execute("COMMIT")
    return made


def into_sqlite(store: sqlite3.Connection) -> Callable[[Payload], None]:
    def write(payload: Payload) -> None:
        store.execute("BEGIN IMMEDIATE")
        store.execute("UPDATE record SET document = ? WHERE key = ?", (payload.document, payload.key))
        store.execute("COMMIT")

    return write


class BarePostgres:
    """A table like the model's, with its indexes and without triggers, and one for notes. Statements are prepared."""

    def __init__(self, model: type[models.Model]) -> None:
        quote, pk_field = connection.ops.quote_name, model._meta.pk
        assert pk_field is not None  # every concrete model has one
        table, pk = quote(model._meta.db_table), quote(str(pk_field.column))
        columns = [quote(str(field.column)) for field in model._meta.concrete_fields]
        sets = ", ".join(f"{column} = excluded.{column}" for column in columns if column != pk)
        self._upsert = (
            f"INSERT INTO bare AS t ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
            f" ON CONFLICT ({pk}) DO UPDATE SET {sets} WHERE t.version < excluded.version"
        )
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS bare, bare_note")
            cursor.execute(f"CREATE TABLE bare (LIKE {table} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO bare SELECT * FROM {table}")
            cursor.execute("CREATE TABLE bare_note (key bigint PRIMARY KEY, version bigint)")
            cursor.execute("ANALYZE bare")
        parameters = connection.get_connection_params()
        kept = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
        self.connection = psycopg.connect(**kept, autocommit=True, prepare_threshold=0)

    def write(self, payload: Payload) -> None:
        raw = self.connection
        with raw.pipeline():
            raw.execute("BEGIN")
            raw.execute("SELECT pg_advisory_xact_lock_shared(1, 1)")
            raw.execute(self._upsert, payload.row)
            raw.execute(
                "INSERT INTO bare_note VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET version = excluded.version",
                [payload.key, payload.version],
            )
            raw.execute("COMMIT")


class Unavailable(Exception):
    """The peer is not installed."""


def migrator(old: Write, new: Write) -> Write:
    """The two under launchdarkly-server-sdk's Migrator, in its stage dual-write. Its flag is local: no network.

    Raises Unavailable.
    """
    try:
        ldclient: Any = importlib.import_module("ldclient")
        config: Any = importlib.import_module("ldclient.config")
        data: Any = importlib.import_module("ldclient.integrations.test_data")
        migrations: Any = importlib.import_module("ldclient.migrations")
    except ImportError as error:
        raise Unavailable(f"launchdarkly-server-sdk is not installed ({error})") from error

    def returning(write: Write) -> Write:
        return lambda payload: ldclient.Result.success(write(payload))

    flags = data.TestData.data_source()
    flags.update(flags.flag("handover").variations("off", "dualwrite").variation_for_all(1))
    client = ldclient.LDClient(config.Config("none", update_processor_class=flags, send_events=False))
    builder = migrations.MigratorBuilder(client)
    builder.read(returning(old), returning(new))
    builder.write(returning(old), returning(new))
    built, context = builder.build(), ldclient.Context.create("bench")

    def write(payload: Any) -> None:
        found = built.write("handover", context, migrations.Stage.OFF, payload)
        assert found.authoritative.is_success(), found.authoritative.error
        assert found.nonauthoritative.is_success()

    return write
