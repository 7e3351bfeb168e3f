"""Functions that wait in an inbox until they have succeeded: in the database beside its rows, or on this host."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

import pytest
from django.db import transaction

from migration_control import inbox
from migration_control.inbox import acts, settling
from migration_control.inbox.boxes import boxes
from migration_control.inbox.handlers import NoSuchEffect
from migration_control.inbox.reaching import reach
from migration_control.models import InboxEntry
from migration_control.routing.errors import DatabaseAway, DatabaseUnused
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.moving.ground import Ground

LATER = 3600.0  # seconds
done: list[Any] = []
trouble: list[Exception] = []


@inbox.act("tests.act")
def do(payload: Any) -> None:
    if trouble:
        raise trouble.pop()
    done.append(payload)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    done.clear()
    trouble.clear()


def waiting() -> list[int]:
    return [box.count() for box in boxes()]


def entry(id: str = "one") -> Any:
    return acts.entry("tests.act", "users", 7, {"id": id}, id)


def test_an_act_is_posted_with_its_transaction_and_done_once(ground: Ground) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        acts.post(entry())
        raise ZeroDivisionError
    assert waiting() == [0, 0]
    with transaction.atomic():
        acts.post(entry())
        acts.post(entry())
    assert waiting() == [0, 1]
    assert [settling.settle(), settling.settle()] == [1, 0]
    assert (done, waiting()) == ([{"id": "one"}], [0, 0])


def test_an_act_is_kept_on_this_host_and_found_by_its_key(ground: Ground) -> None:
    with database_away():
        acts.keep(entry())
        acts.keep(entry())
    assert waiting() == [1, 0]
    assert acts.kept("users", "one") == [entry()]
    assert acts.kept("users", "two") == []
    assert settling.settle() == 1
    assert (done, waiting()) == ([{"id": "one"}], [0, 0])


def test_an_act_that_fails_is_tried_again_and_holds_up_no_other(ground: Ground) -> None:
    acts.keep(entry("one"))
    acts.keep(entry("two"))
    trouble.append(ZeroDivisionError("no"))
    assert settling.settle() == 1
    assert (len(done), waiting()) == (1, [1, 0])
    assert settling.settle(time.time() + LATER) == 1
    assert sorted(each["id"] for each in done) == ["one", "two"]


def test_an_act_whose_database_is_away_waits_without_being_put_off(ground: Ground) -> None:
    acts.keep(entry())
    trouble.append(DatabaseAway("users"))
    assert settling.settle() == 0
    assert settling.settle() == 1


def test_an_act_that_no_process_knows_waits_and_says_so(ground: Ground) -> None:
    unknown = acts.entry("tests.nothing", "users", 7, {}, "one")
    with pytest.raises(NoSuchEffect, match="tests.nothing"):
        settling.apply(unknown)
    with transaction.atomic():
        acts.post(unknown)
    assert settling.settle() == 0
    assert "NoSuchEffect" in InboxEntry.objects.get().trouble


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        inbox.act("tests.act")(do)


def test_the_database_is_reached_or_said_to_be_away(ground: Ground, settings: Any) -> None:
    from django.db import IntegrityError

    assert reach("users", InboxEntry.objects.count) == 0
    with database_away(), pytest.raises(DatabaseAway):
        reach("users", InboxEntry.objects.count)
    with pytest.raises(IntegrityError):
        reach("users", lambda: InboxEntry.objects.create(component="users", attempts=-1, payload=""))
    settings.DATABASE_USED = False
    with pytest.raises(DatabaseUnused):
        reach("users", InboxEntry.objects.count)


def test_a_connection_that_broke_while_it_was_idle_is_opened_again(ground: Ground) -> None:
    from django.db import connection

    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RDWR)
    assert reach("users", InboxEntry.objects.count) == 0
