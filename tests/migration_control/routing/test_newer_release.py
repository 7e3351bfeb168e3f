"""An older release that finds what it does not know refuses to write, and says why."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from accounts.models import User
from legacy_json.errors import NewerRelease
from migration_control import releases
from migration_control.routing.records import Records
from tests.migration_control.moving.ground import DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

WRITES: dict[str, Callable[[Records[User]], object]] = {
    "create": lambda users: users.create(User(user_id=2)),
    "save": lambda users: users.save(User(user_id=1)),
    "update": lambda users: users.update(1, lambda user: setattr(user, "language", "en")),
    "update_many": lambda users: users.update_many([1], lambda changes: changes.delete(1)),
    "delete": lambda users: users.delete(1),
}
REMEDY = "which this release does not know: a newer one was at work here. Nothing was written. Start that release"


@pytest.fixture(params=list(WRITES))
def write(request: pytest.FixtureRequest) -> Callable[[Records[User]], object]:
    return WRITES[request.param]


@pytest.fixture
def users(ground: Ground) -> Records[User]:
    ground.records.create(User(user_id=1, language="ru"))
    return ground.records


@pytest.fixture(autouse=True)
def first_use() -> Iterator[None]:
    """As in a process that has just started."""
    releases.refuse_at_first_use.cache_clear()
    yield
    releases.refuse_at_first_use.cache_clear()


def test_a_fence_in_an_unknown_state_is_neither_read_nor_written(
    ground: Ground, users: Records[User], write: Callable[[Records[User]], object]
) -> None:
    with ground.index.write() as (written, _):
        written.execute("INSERT INTO fence (component, state, epoch) VALUES ('users', 'handing over', 1)")
    with pytest.raises(NewerRelease, match=f"The fence of users is 'handing over', {REMEDY}"):
        write(users)
    with pytest.raises(NewerRelease):
        users.get(1)
    assert (ground.in_json(1).language, ground.in_json(2)) == ("ru", None)


@pytest.fixture
def unknown_stage(ground: Ground, users: Records[User]) -> Iterator[None]:
    """A newer release's, whose migration has changed what the table allows."""
    ground.move(DUAL_DATABASE)
    table, constraint = "migration_control_componentstate", "component_in_a_known_stage"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [constraint])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        put(cursor, "archived")
    yield
    with transaction.atomic(), connection.cursor() as cursor:
        put(cursor, "dual-write")
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition}")


def put(cursor: CursorWrapper, stage: str) -> None:
    cursor.execute("SET LOCAL session_replication_role = replica")  # no history is kept of it
    cursor.execute("UPDATE migration_control_componentstate SET stage = %s WHERE name = 'users'", [stage])


@pytest.mark.usefixtures("unknown_stage")
def test_a_component_in_an_unknown_stage_is_not_written_though_its_authority_is_known(
    ground: Ground, users: Records[User], write: Callable[[Records[User]], object]
) -> None:
    with pytest.raises(NewerRelease, match=f"users is in the stage archived reading database, {REMEDY}"):
        write(users)
    assert (ground.in_database(1).language, ground.in_database(2)) == ("ru", None)


@pytest.mark.usefixtures("unknown_stage")
def test_an_unknown_stage_is_not_read_without_the_files(users: Records[User], settings: object) -> None:
    settings.LEGACY_DIR = None  # type: ignore[attr-defined]
    with pytest.raises(NewerRelease):
        users.get(1)


@pytest.mark.parametrize("stage", [DISABLED, DUAL_JSON], ids=str)
def test_an_index_of_a_newer_schema_is_neither_read_nor_written(ground: Ground, stage: object) -> None:
    ground.move(stage)  # type: ignore[arg-type]
    version = ground.index.connection().execute("PRAGMA user_version").fetchone()[0]
    ground.index.connection().execute(f"PRAGMA user_version = {version + 1}")
    ground.index.close()
    try:
        calls: list[Callable[[], object]] = [lambda: User.records.get(1), lambda: User.records.create(User(user_id=2))]
        for call in calls:
            with pytest.raises(NewerRelease, match=rf"has schema {version + 1} \(known: {version}\), {REMEDY}"):
                call()
    finally:
        mended = sqlite3.connect(ground.index.path)
        mended.execute(f"PRAGMA user_version = {version}")
        mended.close()


def test_a_database_with_migrations_of_a_newer_release_is_not_written_by_a_process_that_starts(
    ground: Ground, users: Records[User], write: Callable[[Records[User]], object]
) -> None:
    ground.move(DUAL_DATABASE)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '0999_later', now())")
    try:
        with pytest.raises(NewerRelease, match=f"The database has accounts.0999_later, {REMEDY}"):
            write(users)
        assert users.get(1) is not None
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '0999_later'")
    assert (ground.in_database(1).language, ground.in_database(2)) == ("ru", None)


def test_a_process_that_runs_already_goes_on_while_a_newer_release_migrates(
    ground: Ground, users: Records[User]
) -> None:
    ground.move(DUAL_DATABASE)
    users.update(1, lambda user: setattr(user, "language", "en"))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '0999_later', now())")
    try:
        users.update(1, lambda user: setattr(user, "language", "de"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE name = '0999_later'")
    assert ground.in_database(1).language == "de"
