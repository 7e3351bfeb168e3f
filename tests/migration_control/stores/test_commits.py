"""A write whose COMMIT lost its reply took effect once, or never, and its caller is told which."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from django.db import OperationalError, connection

from accounts.models import User
from migration_control import components
from migration_control.stores import commits
from migration_control.stores.commits import STARTED, OutcomeUnknown, Transaction, took_effect
from migration_control.stores.database import DatabaseStore
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)
Break = Callable[..., list[int]]


@pytest.fixture
def users() -> DatabaseStore[User]:
    give_authority_to_the_database("users")
    store: DatabaseStore[User] = DatabaseStore(components.get("users"))
    store.create(User(user_id=1))
    return store


@pytest.fixture
def break_at_commit(monkeypatch: pytest.MonkeyPatch) -> Break:
    """The connection breaks at the next COMMIT, which the server does or does not. Returns what counts them."""

    def prepare(*, committed: bool) -> list[int]:
        commit, seen = connection.commit, list[int]()

        def breaking() -> None:
            seen.append(1)
            if len(seen) > 1 or committed:
                commit()
            if len(seen) == 1:
                connection.connection.close()
                raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(connection, "commit", breaking)
        return seen

    return prepare


def count_up(user: User) -> None:
    user.total_requests += 1


def test_a_commit_that_was_done_is_not_repeated(users: DatabaseStore[User], break_at_commit: Break) -> None:
    seen = break_at_commit(committed=True)
    written = users.update(1, count_up)
    assert (written.total_requests, written.version, seen) == (1, 1, [1])
    assert users.get(1).total_requests == 1  # type: ignore[union-attr]


def test_a_commit_that_was_not_done_is_repeated(users: DatabaseStore[User], break_at_commit: Break) -> None:
    seen = break_at_commit(committed=False)
    assert users.update(1, count_up).total_requests == 1
    assert seen == [1, 1]
    assert users.get(1).total_requests == 1  # type: ignore[union-attr]


def test_a_record_whose_creation_lost_its_reply_is_not_refused_as_there(
    users: DatabaseStore[User], break_at_commit: Break
) -> None:
    break_at_commit(committed=True)
    assert users.create(User(user_id=2)).version == 0
    assert users.count() == 2


def test_who_cannot_be_told_is_told_that(
    users: DatabaseStore[User], break_at_commit: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "_status", lambda transaction: (None, False))
    monkeypatch.setattr("migration_control.stores.transacting.took_effect", partial(commits.took_effect, patience=0.2))
    break_at_commit(committed=True)
    with pytest.raises(OutcomeUnknown, match="Read the record before you repeat it"):
        users.update(1, count_up)


def committed() -> Transaction:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {STARTED}")
        return Transaction(*cursor.fetchone())


def test_after_a_recovery_the_number_may_be_anothers_and_nobody_is_told_that_it_took_effect(
    users: DatabaseStore[User],
) -> None:
    """A soak with crashes of the server found a write acknowledged that was another's."""
    del users
    before = committed()
    assert took_effect("users", before._replace(started="infinity"))
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")  # as a recovery ends
    with pytest.raises(OutcomeUnknown):
        took_effect("users", before)


def test_a_number_that_the_server_has_not_given_since_its_recovery_did_nothing(users: DatabaseStore[User]) -> None:
    del users
    now = committed()
    assert not took_effect("users", now._replace(number=str(int(now.number) + 1_000)))
