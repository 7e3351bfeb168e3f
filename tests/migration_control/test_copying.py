"""The locks of a copy: what they keep out, and in which order they come."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from accounts.models import User
from legacy_json.index import Index
from migration_control import components, copying, locks, store
from migration_control.models import Change
from migration_control.prepare import Prepared, prepare
from tests.migration_control.world import Bot, Importer, user

pytestmark = pytest.mark.django_db(transaction=True)
USERS, SUBSCRIPTIONS = components.get("users"), components.get("subscriptions")


def prepared(index: Index) -> Prepared:
    return prepare(USERS, index.pending("users", None, 100), store.time_zone(USERS), lambda file: "data.json", None)


def copy(batch: Prepared) -> copying.Counts:
    with transaction.atomic():
        return copying.copy(USERS, batch, store.index())


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return int(cursor.fetchone()[0])


def meanwhile(batch: Prepared) -> threading.Thread:
    """A copy by another worker."""

    def run() -> None:
        copy(batch)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_no_tombstone_comes_between_a_look_and_its_insert(bot: Bot, index: Index, run_import: Importer) -> None:
    """Scenario 2, with the delete under way at the same time: a conflict re-checks a row, but not a tombstone."""
    bot.writes(user(1), user(2))
    store.refresh(USERS)
    late = prepared(index)
    bot.writes(user(1))
    store.refresh(USERS)
    deletion = prepared(index)
    with transaction.atomic():
        copying.copy(USERS, late, store.index())
        other = meanwhile(deletion)
        while not waiting():
            assert other.is_alive(), "the deletion did not wait for the copy under way"
    other.join(30)
    assert list(User.objects.values_list("pk", flat=True)) == [1]
    assert Change.objects.get(component="users", key="2").deleted


def test_a_copy_holds_the_locks_of_its_ancestors_shared_parent_first() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        copying.begin(cursor, SUBSCRIPTIONS)
        cursor.execute(
            "SELECT classid::bigint, objid::bigint, mode FROM pg_locks"
            " WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        )
        held = set(cursor.fetchall())
    unsigned = 2**32
    users, subscriptions = (locks.number(name) % unsigned for name in ("users", "subscriptions"))
    assert held == {
        (locks.COMPONENT, users, "ShareLock"),
        (locks.COMPONENT, subscriptions, "ShareLock"),
        (locks.APPLY, subscriptions, "ExclusiveLock"),
    }


def test_the_number_of_a_lock_is_the_same_in_every_process() -> None:
    # Written into the triggers by a migration: another number would lock something else.
    assert (locks.number("users"), locks.number("subscriptions")) == (-1598351560, 1987854899)


def test_copies_leave_no_mark_behind(bot: Bot, index: Index) -> None:
    bot.writes(user(1))
    store.refresh(USERS)
    copy(prepared(index))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('switchyard.copying', true)")
        assert cursor.fetchone()[0] in ("", None)
