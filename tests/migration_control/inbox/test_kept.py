"""While the database is away and is the authority: writes are refused, but for appends with an idempotency key."""

from __future__ import annotations

import time

import pytest
from pytest_django import Settings

from conversations.models import Message
from migration_control.inbox import settling
from migration_control.inbox.boxes import IndexBox
from migration_control.routing.errors import DatabaseAway
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.points import Points, after

LATER = 3600.0  # seconds


@pytest.fixture
def ground(ground: Ground, settings: Settings) -> Ground:
    settings.BOTS = ["companion"]
    Ground.made()
    ground.move(DUAL_DATABASE, "conversations")
    return ground


def say(text: str, once: str | None = None) -> Message:
    return Message.records.append(Message(text=text, extra={"odd": "\ud800"}), stem="77", once=once)


def said() -> list[str]:
    return [f"{message.position} {message.text}" for message in Message.records.iterate()]


def test_what_is_appended_under_a_key_is_kept_and_applied_once_on_return(ground: Ground) -> None:
    say("first")
    with database_away():
        kept = [say("second", once="m:2"), say("second", once="m:2"), say("third", once="m:3")]
        assert [message.kept for message in kept] == [True] * 3
        assert settling.settle() == 0
    assert IndexBox(ground.index).count() == 2
    assert said() == ["0 first"]
    assert settling.settle(time.time() + LATER) == 2
    assert say("second", once="m:2").kept is False
    assert said() == ["0 first", "1 second", "2 third"]
    found = Message.records.get("77:0000000001")
    assert found is not None
    assert found.extra == {"odd": "\ud800"}


def test_everything_else_is_refused(ground: Ground, settings: Settings) -> None:
    made = say("first")
    with database_away():
        for act in (
            lambda: say("second"),
            lambda: Message.records.create(Message(id="77:0000000001")),
            lambda: Message.records.update(made.key, lambda message: None, once="x"),
            lambda: Message.records.delete(made.key),
        ):
            with pytest.raises(DatabaseAway):
                act()
        settings.SERVICE_FALLBACK_ENABLED = False
        with pytest.raises(DatabaseAway):
            say("second", once="m:2")
    assert IndexBox(ground.index).count() == 0
    assert said() == ["0 first"]


def test_what_was_kept_goes_to_json_if_the_component_is_moved_back_first(ground: Ground) -> None:
    with database_away():
        say("first", once="m:1")
    ground.move(DUAL_JSON, "conversations")
    assert settling.settle() == 1
    assert ground.in_json("77:0000000000", "conversations").text == "first"


def test_what_the_database_took_before_the_connection_broke_is_there_once(ground: Ground, points: Points) -> None:
    del ground
    from django.db import OperationalError

    lost = OperationalError("the connection broke")
    points.fail(after("migration_control.stores.database.DatabaseStore._write"), lost)
    assert not say("first", once="m:1").kept  # asked again over another connection, the database knows it
    assert said() == ["0 first"]
    assert settling.settle() == 0


def test_what_was_appended_and_deleted_before_it_is_settled_stays_deleted(ground: Ground) -> None:
    with database_away():
        say("first", once="m:1")
    Message.records.delete(say("first", once="m:1").key)
    assert settling.settle() == 1
    assert said() == []
    assert IndexBox(ground.index).count() == 0
