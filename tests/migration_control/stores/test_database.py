"""What the contract does not say of the store in PostgreSQL: transactions, the authority, locks, other writers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from legacy_json.errors import KeyReserved, NotTheAuthority, RecordRefused, Stale
from legacy_json.records import DUPLICATE_KEY
from migration_control import components, locks
from migration_control.models import Change
from migration_control.stores.changes import Changes
from migration_control.stores.database import DatabaseStore
from migration_control.stores.transacting import ATTEMPTS
from tests.migration_control.stores.worlds import DatabaseBackdoor, in_threads
from tests.staff import give_authority_to_the_database
from tests.standing import stand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def users() -> DatabaseStore[User]:
    give_authority_to_the_database("users")
    return DatabaseStore(components.get("users"))


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """Another session."""
    values = connection.get_connection_params()
    with psycopg.connect(
        host=values.get("host"), port=values.get("port"), user=values.get("user"),
        password=values.get("password"), dbname=values["dbname"],
    ) as session:  # fmt: skip
        yield session


def count_up(user: User) -> None:
    user.total_requests += 1


def test_a_write_joins_the_transaction_that_is_open_around_it(users: DatabaseStore[User]) -> None:
    users.create(User(user_id=1))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        users.update(1, count_up)
        users.create(User(user_id=2))
        users.delete(1)
        raise ZeroDivisionError
    assert [(user.key, user.total_requests) for user in users.iterate()] == [(1, 0)]


def test_a_refusal_leaves_the_transaction_around_it_usable(users: DatabaseStore[User]) -> None:
    stale = users.create(User(user_id=1, faceit_player_id="abc"))
    users.update(1, count_up)
    refusals: list[Callable[[], object]] = [
        lambda: users.create(User(user_id=1)),
        lambda: users.create(User(user_id=2, faceit_player_id="abc")),
        lambda: users.save(stale),
    ]
    with transaction.atomic():
        for refused in refusals:
            with pytest.raises(RecordRefused):
                refused()
        users.update(1, count_up)
    assert users.get(1).total_requests == 2  # type: ignore[union-attr]


def test_a_write_is_refused_while_json_is_the_authority(users: DatabaseStore[User]) -> None:
    read = users.create(User(user_id=1))
    stand("disabled", "json", "users")
    refusals: list[Callable[[], object]] = [
        lambda: users.create(User(user_id=2)),
        lambda: users.save(read),
        lambda: users.update(1, count_up),
        lambda: users.delete(1),
    ]
    for refused in refusals:
        with pytest.raises(NotTheAuthority):
            refused()
    assert Change.objects.get(component="users").version == 0


def test_each_write_is_noted_for_json_at_the_version_that_it_returned(users: DatabaseStore[User]) -> None:
    record = users.create(User(user_id=1))
    assert Change.objects.get(key="1").version == record.version
    record = users.update(1, count_up)
    assert Change.objects.get(key="1").version == record.version
    users.delete(1)
    assert Change.objects.get(key="1").deleted


def test_a_version_rises_by_one_unless_values_change_hands(users: DatabaseStore[User]) -> None:
    for key, value in ((1, None), (2, None), (3, "abc"), (4, "xyz")):
        users.create(User(user_id=key, faceit_player_id=value))

    def count_all(changes: Changes[User]) -> None:
        for user in changes.records:
            count_up(user)

    users.update_many([1, 2, 3, 4], count_all)
    assert [user.version for user in users.iterate()] == [1, 1, 1, 1]


def test_what_somebody_else_changed_makes_a_save_stale(users: DatabaseStore[User]) -> None:
    record = users.create(User(user_id=1))
    User.objects.filter(user_id=1).update(language="en")  # as psql would
    with pytest.raises(Stale):
        users.save(record)


def test_a_write_that_waited_for_a_move_there_and_back_goes_through(
    users: DatabaseStore[User], other: psycopg.Connection
) -> None:
    """Its lock is a statement of its own, so the statement that writes is no older than the moves."""
    users.create(User(user_id=1))
    other.execute("SELECT pg_advisory_xact_lock(%s, %s)", locks.exclusive("users")[1])
    raised: list[BaseException] = []
    attempts: list[int] = []

    def count(user: User) -> None:
        attempts.append(1)
        count_up(user)

    writer = threading.Thread(target=lambda: raised.extend(in_threads(1, lambda n: users.update(1, count))))
    writer.start()
    wait_for_a_waiter(other, writer)
    other.execute("SET LOCAL session_replication_role = replica")  # of the row alone: no line of history
    other.execute("UPDATE migration_control_componentstate SET epoch = epoch + 2 WHERE name = 'users'")
    other.commit()
    writer.join(60)
    assert raised == []
    assert len(attempts) == 1
    assert users.get(1).total_requests == 1  # type: ignore[union-attr]


def wait_for_a_waiter(other: psycopg.Connection, writer: threading.Thread) -> None:
    while other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
        assert writer.is_alive(), "the write did not wait"


def test_a_deadlock_is_tried_again_and_the_effect_is_there_once(
    users: DatabaseStore[User], other: psycopg.Connection
) -> None:
    for key in (1, 2):
        users.create(User(user_id=key))
    raised: list[BaseException] = []

    def count_both(changes: Changes[User]) -> None:
        for user in changes.records:
            count_up(user)

    def act(number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '3s'")  # it looks once, when both wait, and so is the victim
        users.update_many([1, 2], count_both)

    other.execute("SET deadlock_timeout = '1min'")
    other.execute("UPDATE accounts_user SET language = 'en' WHERE user_id = 2")
    writer = threading.Thread(target=lambda: raised.extend(in_threads(1, act)))
    writer.start()
    wait_for_a_waiter(other, writer)
    other.execute("UPDATE accounts_user SET language = 'en' WHERE user_id = 1")
    other.commit()
    writer.join(60)
    assert raised == []
    assert [(user.language, user.total_requests) for user in users.iterate()] == [("en", 1), ("en", 1)]


def test_what_is_transient_in_a_joined_transaction_is_its_owners_to_repeat(users: DatabaseStore[User]) -> None:
    users.create(User(user_id=1))
    runs: list[int] = []

    def change(user: User) -> None:
        runs.append(1)
        fail_for_now()

    with pytest.raises(OperationalError), transaction.atomic():
        users.update(1, change)
    assert len(runs) == 1


def fail_for_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'now' USING ERRCODE = 'serialization_failure'; END $$")


def test_a_transient_refusal_is_tried_again_a_bounded_number_of_times(
    users: DatabaseStore[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    users.create(User(user_id=1))
    runs: list[int] = []
    fails = [ATTEMPTS - 1]

    def change(user: User) -> None:
        runs.append(user.total_requests)
        count_up(user)
        if len(runs) <= fails[0]:
            fail_for_now()

    assert users.update(1, change).total_requests == 1
    assert runs == [0] * ATTEMPTS  # a fresh instance each time
    runs.clear()
    fails[0] = ATTEMPTS
    with pytest.raises(OperationalError):
        users.update(1, change)
    assert len(runs) == ATTEMPTS
    assert users.get(1).total_requests == 1  # type: ignore[union-attr]


def test_an_entry_beside_a_live_record_reserves_nothing(users: DatabaseStore[User]) -> None:
    backdoor = DatabaseBackdoor(components.get("users"))
    users.create(User(user_id=1))
    backdoor.quarantine(1, "it cannot be held", code="number-too-large")
    assert users.get(1) is not None
    backdoor.quarantine(2, "another entry has the key", code=DUPLICATE_KEY)
    assert users.get(2) is None
    users.create(User(user_id=2))
    users.delete(1)
    with pytest.raises(KeyReserved):
        users.get(1)


def test_the_database_orders_every_text_key_by_code_point() -> None:
    """As the other stores do. Embedded servers know no other order, so the declaration has to do."""
    text_keys = [component.model._meta.pk for component in components.everything() if component.key is str]
    assert text_keys
    assert {getattr(key, "db_collation", None) for key in text_keys} == {"C"}


def test_a_change_may_be_called_again_when_somebody_created_the_record_meanwhile(users: DatabaseStore[User]) -> None:
    seen: list[bool] = []

    def change(changes: Changes[User]) -> None:
        there = changes.get(1)
        seen.append(there is not None)
        if there is None and len(seen) == 1:
            assert in_threads(1, lambda n: users.create(User(user_id=1, total_requests=5))) == []
        count_up(there or changes.create(User(user_id=1)))

    users.update_many([1], change)
    assert seen == [False, True]
    assert users.get(1).total_requests == 6  # type: ignore[union-attr]
