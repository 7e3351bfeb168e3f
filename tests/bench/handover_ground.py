"""Users in the index and in the database, and the stages that they are put to. In an installation's own process."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tests.bench.users import FIRST_ID

if TYPE_CHECKING:
    from tests.migration_control.moving.ground import Ground

CHUNK = 10_000
MATES = ("subscriptions", "analytics")  # in the same file; none of them has records here


def fill(records: int) -> None:
    """By the back door into the index, and from there as every copy goes. Leaves them dual-write reading JSON."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _fill_index(records)
    from migration_control.mirroring import draining_to_database
    from tests.migration_control.moving.ground import DUAL_JSON

    made = ground()
    made.move(DUAL_JSON)
    draining_to_database.drain(made.users, made.index)


@cache
def ground() -> Ground:
    from tests.migration_control.moving.ground import Ground

    return Ground.made()


def keys() -> list[int]:
    found = ground().index.connection().execute("SELECT key FROM record WHERE component = 'users' ORDER BY key")
    return [key for (key,) in found]


def key_of(number: int) -> int:
    return FIRST_ID + 7 * number


def document(number: int) -> dict[str, object]:
    return {
        "user_id": key_of(number),
        "faceit_player_id": f"{number:032x}",
        "faceit_nickname": f"игрок{number}",
        "last_checked_match_id": f"1-{number:032x}",
        "waiting_for_nickname": False,
        "language": "ru",
        "notifications_enabled": True,
        "created_at": "2024-05-06T07:08:09.101112",
        "last_active_at": "2024-06-07T08:09:10.111213",
        "total_requests": 0,
    }


def _fill_index(records: int) -> None:
    from legacy_json.documents import encoded
    from legacy_json.unique import lookups_of
    from migration_control import store

    users, index = ground().users, ground().index
    place = store.places().of(users.collection, key_of(0))
    for first in range(0, records, CHUNK):
        made = [(number, document(number)) for number in range(first, min(first + CHUNK, records))]
        with index.write() as (connection, counter):
            connection.executemany(
                "INSERT INTO record (component, key, version, state, odd, changed, file, ordinal, document)"
                " VALUES ('users', ?, 0, 0, 0, ?, 1, ?, ?)",
                [(key_of(n), counter, n, encoded(d, odd=False)[1]) for n, d in made],
            )
            connection.executemany(
                "INSERT INTO lookup VALUES ('users', ?, ?, ?)",
                [(*value, key_of(n)) for n, d in made for value in lookups_of(users.collection, d)],
            )
            connection.executemany(
                "INSERT INTO pending VALUES ('users', ?, -1, ?)", [(key_of(n), counter) for n, _ in made]
            )
    with index.write() as (connection, _):
        connection.execute(
            "INSERT INTO file (id, source, name, signature, next) VALUES (1, ?, ?, '', ?)",
            (place.source.name, place.file_of(key_of(0)), records),
        )
        connection.execute("INSERT INTO counted VALUES ('users', 1, ?)", (records,))


def to_json() -> None:
    """Users to dual-write reading JSON, from wherever they stand; and whoever lies in the same file first."""
    from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, row

    made = ground()
    if made.state().row == row("db-only"):
        made.move(DUAL_DATABASE)
    made.put(DUAL_JSON, *MATES, "users")


def to_database_only() -> None:
    from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE

    ground().put(DUAL_DATABASE, "users", *MATES)
    ground().move(DB_ONLY)


def forget_copies() -> None:
    """No rows, everything pending: by the back door, since neither is a thing that the product does."""
    from django.db import connection

    from migration_control.mirroring import acknowledging

    acknowledging.flush()
    with connection.cursor() as cursor:
        for statement in (
            "SET session_replication_role = replica",
            "TRUNCATE accounts_user",
            "DELETE FROM migration_control_change",
            "SET session_replication_role = DEFAULT",
            "CHECKPOINT",
        ):
            cursor.execute(statement)
    with ground().index.write() as (index, counter):
        index.execute("DELETE FROM pending WHERE component = 'users'")
        index.execute(
            "INSERT INTO pending SELECT component, key, -1, ? FROM record WHERE component = 'users'", (counter,)
        )
