"""Somebody at psql: UPDATE of several rows, INSERT, DELETE and COPY, past every line of ours but the triggers."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from django.conf import settings
from psycopg import sql

from tests.soak.actor import Actor, Write
from tests.soak.history import Ended, Outcome, Seen, now
from tests.soak.states import created
from tests.soak.subjects import PROFILES, USERS, Subject

PAUSE = 0.02  # seconds


def run(actor: Actor) -> None:
    connection: psycopg.Connection[Any] | None = None
    acts = {_update: 5, _insert: 1, _copy: 2, _delete: 1}
    while actor.goes_on:
        time.sleep(PAUSE)
        (act,) = actor.random.choices([*acts], [*acts.values()])
        subject = actor.random.choice((USERS, PROFILES)) if act is not _update else actor.subject()
        try:
            if connection is None or connection.closed:
                connection = psycopg.connect(_address(), connect_timeout=5)
        except psycopg.Error as error:
            actor.mishap(error)
            continue
        act(actor, subject, connection)


def _address() -> str:
    entry = settings.DATABASES["default"]
    return psycopg.conninfo.make_conninfo(
        host=entry["HOST"], user=entry["USER"], password=entry["PASSWORD"], dbname=entry["NAME"]
    )


def _update(actor: Actor, subject: Subject, connection: psycopg.Connection[Any]) -> None:
    keys = actor.random.sample(subject.keys, actor.random.randint(1, 5))
    text = sql.SQL(
        "split_part({0}, '|', 1) || '|' || (split_part({0}, '|', 2)::int + 1) || '|' || split_part({0}, '|', 3)"
        " || ',' || %s::text"
    ).format(sql.Identifier(subject.field))
    query = sql.SQL("UPDATE {} SET {} = {} WHERE {} = ANY(%s) RETURNING {}, {}, version").format(
        _table(subject), sql.Identifier(subject.field), text, _pk(subject), _pk(subject), sql.Identifier(subject.field)
    )
    write = actor.write("several", subject, keys)
    _done(actor, connection, write, query, [write.token, keys])


def _insert(actor: Actor, subject: Subject, connection: psycopg.Connection[Any]) -> None:
    keys = actor.keys(subject, "create")
    write = actor.write("create", subject, keys)
    row = subject.make(keys[0], created(write.token))
    names, values = _columns(row)
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING {}, {}, version").format(
        _table(subject),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        _pk(subject),
        sql.Identifier(subject.field),
    )
    _done(actor, connection, write, query, values)


def _delete(actor: Actor, subject: Subject, connection: psycopg.Connection[Any]) -> None:
    keys = actor.keys(subject, "delete")
    query = sql.SQL("DELETE FROM {} WHERE {} = %s RETURNING {}, {}, version").format(
        _table(subject), _pk(subject), _pk(subject), sql.Identifier(subject.field)
    )
    _done(actor, connection, actor.write("delete", subject, keys), query, keys)


def _copy(actor: Actor, subject: Subject, connection: psycopg.Connection[Any]) -> None:
    """One write for each record, of which all or none are there."""
    keys = actor.random.sample(subject.passing, 2)
    writes = [actor.write("create", subject, [key]) for key in keys]
    rows = [subject.make(key, created(write.token)) for key, write in zip(keys, writes, strict=True)]
    names, _ = _columns(rows[0])
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        _table(subject), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    committing = False
    try:
        with connection.cursor() as cursor, cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(_columns(row)[1])
        committing = True
        connection.commit()
    except psycopg.Error as error:
        for write in writes:
            _failed(actor, connection, write, error, committing=committing)
        return
    for key, write in zip(keys, writes, strict=True):
        write.ended([Seen(key, created(write.token))])


def _done(
    actor: Actor, connection: psycopg.Connection[Any], write: Write, query: sql.Composed, values: list[Any]
) -> None:
    committing = False
    try:
        found = connection.execute(query, values).fetchall()
        committing = True
        connection.commit()
    except psycopg.Error as error:
        _failed(actor, connection, write, error, committing=committing)
        return
    write.ended([Seen(*row) for row in found])


def _failed(
    actor: Actor, connection: psycopg.Connection[Any], write: Write, error: psycopg.Error, *, committing: bool
) -> None:
    what: Outcome = "unknown" if committing else "refused"
    actor.recorder.note(Ended(write.token, now(), what, [], f"{type(error).__name__} {error.sqlstate or ''}".strip()))
    try:
        connection.rollback()
    except psycopg.Error:
        connection.close()


def _columns(row: Any) -> tuple[list[str], list[Any]]:
    """Names and values of a row as INSERT and COPY take them."""
    from django.db import connection

    fields = [field for field in row._meta.concrete_fields if field.name != "run"]
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    return [str(field.column) for field in fields], values


def _table(subject: Subject) -> sql.Identifier:
    return sql.Identifier(subject.model._meta.db_table)


def _pk(subject: Subject) -> sql.Identifier:
    return sql.Identifier(str(subject.model._meta.pk.column))
