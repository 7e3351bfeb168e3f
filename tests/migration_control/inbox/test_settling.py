"""Entries wait where their change was committed, and are applied once, wherever their record is by then."""

from __future__ import annotations

import logging
import time

import pytest
from django.db import transaction

from accounts.models import User
from legacy_json import promoting
from legacy_json.errors import NotTheAuthority
from migration_control import components, store
from migration_control.inbox import settling
from migration_control.inbox.boxes import boxes
from migration_control.mirroring import acknowledging
from migration_control.models import ComponentState, InboxEntry
from migration_control.stores.changes import Changes
from migration_control.stores.database import DatabaseStore
from tests.migration_control.inbox import paying
from tests.migration_control.inbox.paying import PAYER, STANDS, counted, database_away, pay, refer, stand
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.points import Points, before

AT_ONCE = "migration_control.inbox.settling.at_once"
LATER = 3600.0  # seconds


def waiting() -> list[int]:
    return [box.count() for box in boxes()]


@pytest.mark.parametrize("where", STANDS)
def test_an_effect_takes_place_right_after_the_commit(ground: Ground, where: str) -> None:
    stand(ground, where)
    for charge in ("a", "a", "b"):
        pay(charge)
        refer(f"back {charge}")
    assert counted() == (4, 4)
    assert waiting() == [0, 0]


@pytest.mark.parametrize(("where", "there"), [("both in JSON", [1, 0]), ("one in each", [0, 1])])
def test_what_is_missed_waits_beside_its_change_and_is_settled_later(
    ground: Ground, points: Points, where: str, there: list[int]
) -> None:
    stand(ground, where)
    points.skip(AT_ONCE)
    pay("a")
    assert (counted(), waiting()) == ((1, 0), there)
    assert [settling.settle(), settling.settle()] == [1, 0]
    assert (counted(), waiting()) == ((1, 1), [0, 0])


def test_an_entry_is_applied_where_its_record_has_been_moved_to(ground: Ground, points: Points) -> None:
    stand(ground, "both in JSON")
    points.skip(AT_ONCE)
    pay("a")
    for name in ("users", "subscriptions"):
        ground.move(DUAL_DATABASE, name)
    pay("b")
    assert (counted(), waiting()) == ((2, 0), [1, 1])
    for name in ("subscriptions", "users"):
        ground.move(DUAL_JSON, name)
    assert settling.settle() == 2
    assert (counted(), waiting()) == ((2, 2), [0, 0])


def test_an_entry_that_fails_is_seen_and_tried_again_later(ground: Ground) -> None:
    stand(ground, "both in JSON")

    def change(changes: Changes[User]) -> None:
        changes.post("tests.no such effect", "subscriptions", PAYER, {}, id="a")
        changes.post(paying.COUNT, "users", 8, {"by": 1}, id="a")

    User.records.update_many([PAYER], change)
    now = time.time()
    assert [settling.settle(now), settling.settle(now)] == [0, 0]
    (box, _) = boxes()
    troubles = sorted((entry.attempts, entry.trouble) for entry in box.due(now + LATER, 9))
    assert [attempts for attempts, _ in troubles] == [1, 1]
    assert "NoSuchEffect" in troubles[0][1]
    assert "NotThere" in troubles[1][1]
    User.records.create(User(user_id=8))
    assert settling.settle(now + LATER) == 1
    assert User.records.get(8).total_requests == 1  # type: ignore[union-attr]


def test_an_effect_of_a_transaction_follows_its_commit_and_not_its_rollback(ground: Ground) -> None:
    stand(ground, "both in the database")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        pay("a")
        raise ZeroDivisionError
    assert (counted(), waiting()) == ((0, 0), [0, 0])
    with transaction.atomic():
        pay("a")
        assert InboxEntry.objects.count() == 1
    assert (counted(), waiting()) == ((1, 1), [0, 0])


def test_a_change_that_failed_posts_nothing(ground: Ground) -> None:
    stand(ground, "both in JSON")

    def change(changes: Changes[User]) -> None:
        changes.post(paying.CREDIT, "subscriptions", PAYER, {"by": 1}, id="a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        User.records.update_many([PAYER], change)
    assert waiting() == [0, 0]


def test_nothing_is_posted_in_the_database_while_json_is_the_authority(ground: Ground) -> None:
    stand(ground, "both in JSON")
    users: DatabaseStore[User] = DatabaseStore(components.get("users"))
    with pytest.raises(NotTheAuthority):
        users.update_many([PAYER], lambda changes: changes.post(paying.CREDIT, "subscriptions", PAYER, {}, id="a"))
    assert waiting() == [0, 0]


def test_while_the_database_is_away_its_entries_wait_and_those_of_the_files_go_on(
    ground: Ground, points: Points, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    stand(ground, "one in each")
    points.skip(AT_ONCE)
    pay("a")
    refer("b")
    with database_away():
        assert settling.settle() == 0
    assert settling.settle(time.time() + LATER) == 2
    assert (counted(), waiting()) == ((2, 2), [0, 0])


def test_whoever_reads_an_entry_that_another_one_settles_meanwhile_counts_nothing_twice(
    ground: Ground, points: Points
) -> None:
    stand(ground, "one in each")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AT_ONCE, lambda entries: None)
        pay("a")
    seen: list[int] = []
    points.act(before("migration_control.inbox.settling.apply"), lambda: seen.append(settling.settle()))
    settling.settle()
    assert seen == [1]
    assert (counted(), waiting()) == ((1, 1), [0, 0])
    assert store.has_files()


def test_entries_of_a_database_that_json_was_promoted_over_are_not_applied(ground: Ground, points: Points) -> None:
    stand(ground, "both in the database")
    points.skip(AT_ONCE)
    acknowledging.flush()
    promoting.promote(ground.index, [component.name for component in components.everything()], "{}")
    InboxEntry.objects.create(component="users", key=str(PAYER), once="a", effect=paying.COUNT, payload='{"by": 1}')
    assert settling.settle() == 0
    assert (ground.in_json(PAYER).total_requests, InboxEntry.objects.count()) == (0, 1)


def test_entries_of_the_index_are_applied_beside_a_database_that_is_not_its_other_half(
    ground: Ground, points: Points
) -> None:
    stand(ground, "both in JSON")
    points.skip(AT_ONCE)
    ComponentState.objects.update(index_id="another")
    pay("a")
    assert settling.settle() == 1
