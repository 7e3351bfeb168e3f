"""The database binds every writer, whatever tool it uses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pgtrigger
import psycopg
import pytest
from django.apps import apps
from django.core.checks import Error
from django.db import DatabaseError, connection, transaction
from django.test.utils import isolate_apps

from accounts.models import User
from migration_control import checks, components, locks
from migration_control.copying import begin
from migration_control.models import Change
from migration_control.records import Record
from subscriptions.models import Subscription
from tests.standing import stand

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = (
    "INSERT INTO accounts_user (user_id, version, extra, duplicate, waiting_for_nickname, language,"
    " notifications_enabled, total_requests) VALUES (1, 0, '{}', false, false, 'ru', true, 0)"
)


def database_is_the_authority(*names: str) -> None:
    stand("db-only", "database", *names)


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def copy_in() -> None:
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy("COPY accounts_user FROM STDIN") as s,
    ):
        s.write(b"")


@pytest.fixture
def ada() -> User:
    """A row that is there although JSON is the authority."""
    database_is_the_authority("users")
    user = User.objects.create(user_id=1, faceit_nickname="ada")
    stand("disabled", "json", "users")
    return user


WRITES: list[Callable[[], object]] = [
    lambda: User.objects.create(user_id=2),
    lambda: User.objects.bulk_create([User(user_id=2)]),
    lambda: User.objects.filter(user_id=1).update(language="en"),
    lambda: User.objects.filter(user_id=99).update(language="en"),
    lambda: User.objects.filter(user_id=1).delete(),
    lambda: execute(INSERT.replace("(1, 0", "(2, 0")),
    lambda: execute("DELETE FROM accounts_user"),
    copy_in,
    lambda: execute("TRUNCATE accounts_user"),
]


@pytest.mark.parametrize("write", WRITES)
def test_no_tool_writes_while_json_is_the_authority(ada: User, write: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError, match="not the authority|never truncated"):
        write()
    assert list(User.objects.values_list("user_id", "language")) == [(1, "ru")]


def test_the_refusal_names_the_remedy(ada: User) -> None:
    with pytest.raises(DatabaseError) as caught:
        execute("DELETE FROM accounts_user")
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert "through the bot" in (cause.diag.message_hint or "")


def test_pgtriggers_own_switch_does_not_switch_these_off(ada: User) -> None:
    with pgtrigger.ignore("accounts.User:guard", "accounts.User:note_change"), pytest.raises(DatabaseError):
        User.objects.filter(user_id=1).update(language="en")


def test_a_copy_of_one_component_opens_no_other(ada: User) -> None:
    with pytest.raises(DatabaseError, match="not the authority for subscriptions"), transaction.atomic():
        with connection.cursor() as cursor:
            begin(cursor, components.get("users"))
        User.objects.filter(user_id=1).update(language="en")
        Subscription.objects.create(user_id=1)


def test_a_mark_that_leaks_out_of_its_transaction_opens_nothing(ada: User) -> None:
    execute("SELECT set_config('switchyard.copying', 'users:' || pg_current_xact_id()::text, false)")
    with pytest.raises(DatabaseError, match="not the authority"):
        User.objects.filter(user_id=1).update(language="en")
    execute("RESET switchyard.copying")


def test_each_change_is_noted_with_its_version() -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    User.objects.filter(user_id=1).update(language="en")
    execute("UPDATE accounts_user SET language = 'de'")
    assert User.objects.get(user_id=1).version == 2
    change = Change.objects.get(component="users", key="1")
    assert (change.version, change.deleted, change.acked) == (2, False, -1)


def test_a_record_created_again_is_newer_than_its_tombstone() -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    User.objects.filter(user_id=1).delete()
    tombstone = Change.objects.get(component="users", key="1")
    assert (tombstone.version, tombstone.deleted) == (1, True)
    User.objects.create(user_id=1)
    assert User.objects.get(user_id=1).version == 2
    assert not Change.objects.get(component="users", key="1").deleted


def test_an_insert_that_meets_the_row_notes_nothing() -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    execute(f"{INSERT} ON CONFLICT DO NOTHING")
    assert Change.objects.get(component="users", key="1").version == 0


def test_an_upsert_notes_one_change() -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    execute(f"{INSERT} ON CONFLICT (user_id) DO UPDATE SET language = 'en'")
    assert Change.objects.get(component="users", key="1").version == 1


def test_a_change_ends_the_rows_belonging_to_a_run() -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    execute("SET session_replication_role = replica")
    User.objects.update(run=5)
    execute("SET session_replication_role = DEFAULT")
    User.objects.update(language="en")
    assert User.objects.get().run is None


def test_the_key_of_a_record_does_not_change() -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    with pytest.raises(DatabaseError, match="does not change"):
        User.objects.filter(user_id=1).update(user_id=2)


def test_a_rollback_takes_the_note_with_it() -> None:
    database_is_the_authority("users")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        User.objects.create(user_id=1)
        raise ZeroDivisionError
    assert not Change.objects.exists()


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_snapshot_older_than_the_lock_is_refused(level: str) -> None:
    database_is_the_authority("users")
    with pytest.raises(DatabaseError, match="READ COMMITTED only"), transaction.atomic():
        execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        User.objects.create(user_id=1)


@pytest.fixture
def mover() -> Iterator[psycopg.Connection]:
    """Another session, which moves components."""
    values = connection.get_connection_params()
    with psycopg.connect(
        host=values.get("host"), port=values.get("port"), user=values.get("user"),
        password=values.get("password"), dbname=values["dbname"],
    ) as other:  # fmt: skip
        yield other


def waiting_write(mover: psycopg.Connection, move: str) -> Exception | None:
    """A write that waits for the mover's lock, with a snapshot from before the move."""
    outcome: list[Exception | None] = []

    def write() -> None:
        try:
            User.objects.filter(user_id=1).update(language="en")
            outcome.append(None)
        except DatabaseError as error:
            outcome.append(error)
        finally:
            connection.close()

    mover.execute("SELECT pg_advisory_xact_lock(%s, %s)", locks.exclusive("users")[1])
    writer = threading.Thread(target=write)
    writer.start()
    waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while mover.execute(waits).fetchone() != (1,):
        assert writer.is_alive(), "the write did not wait for the move"
    mover.execute("SET LOCAL session_replication_role = replica")  # of the row alone: no line of history
    mover.execute(move)
    mover.commit()
    writer.join(30)
    return outcome[0]


def test_a_write_that_waited_for_a_move_away_is_refused(mover: psycopg.Connection) -> None:
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    error = waiting_write(
        mover,
        "UPDATE migration_control_componentstate SET stage = 'disabled', reads = 'json', authority = 'json',"
        " epoch = epoch + 1 WHERE name = 'users'",
    )
    assert error is not None
    assert "not the authority" in str(error)


def test_a_write_that_waited_for_a_move_there_and_back_is_told_to_run_again(mover: psycopg.Connection) -> None:
    """Its snapshot is from before both moves, so it would overwrite what was written in between."""
    database_is_the_authority("users")
    User.objects.create(user_id=1)
    error = waiting_write(mover, "UPDATE migration_control_componentstate SET epoch = epoch + 2 WHERE name = 'users'")
    assert error is not None
    assert isinstance(error.__cause__, psycopg.errors.SerializationFailure)


@isolate_apps("accounts")
def test_check_e001_a_record_whose_meta_does_not_inherit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Orphan(Record):
        component = "orphans"

        class Meta:
            app_label = "accounts"

    monkeypatch.setattr(apps, "get_models", lambda: [Orphan, User])
    found = checks.check_triggers(None)
    assert [type(message) for message in found] == [Error]
    assert found[0].id == "migration_control.E001"
    assert "class Meta(Record.Meta)" in str(found[0].hint)


def test_the_shipped_declarations_pass_their_checks() -> None:
    assert checks.check_triggers(None) == []
    assert checks.check_declarations(None) == []
