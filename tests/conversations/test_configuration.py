"""Settings: typed, scoped, with a history that the bot's file never shows; the same in every stage."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from analytics import services as analytics
from analytics.models import Event
from conversations.errors import WrongKind
from conversations.models import Setting
from conversations.services import configuration
from conversations.services.configuration import Change
from migration_control import store
from migration_control.given import BadInput
from migration_control.inbox import settling
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol.children import Child
from tests.migration_control.stores.worlds import in_threads
from tests.points import before

NOW = datetime(2025, 3, 30, 9, 15, 30, 123456, tzinfo=UTC)


def put(name: str, value: object, scope: str | None = None, at: datetime = NOW) -> Setting:
    return configuration.set(name, value, scope=scope, by="ann", now=at)


def test_a_scope_falls_back_on_the_whole_bot(staged: Ground) -> None:
    del staged
    assert configuration.get("limit", scope="chat", kind=int, default=5) == 5
    put("limit", 10)
    assert configuration.get("limit", scope="chat", kind=int, default=5) == 10
    put("limit", 20, scope="chat")
    assert configuration.get("limit", scope="chat", kind=int, default=5) == 20
    assert configuration.get("limit", kind=int) == 10
    put("limit", None, scope="chat")
    assert configuration.get("limit", scope="chat", kind=int, default=5) == 10
    assert configuration.remove("limit", by="ann", now=NOW)
    assert not configuration.remove("limit", by="ann", now=NOW)
    assert configuration.get("limit", scope="chat", kind=int, default=5) == 5
    assert [setting.key for setting in Setting.records.iterate()] == ["chat::limit"]


def test_values_are_read_as_the_kind_that_is_asked_for(staged: Ground) -> None:
    del staged
    values: dict[str, tuple[type, object]] = {
        "a": (int, 5),
        "b": (bool, True),
        "c": (float, 1.5),
        "d": (str, "שלום"),
        "e": (list, [1]),
        "f": (dict, {"x": 1}),
    }
    for name, (_, value) in values.items():
        put(name, value)
    for name, (kind, value) in values.items():
        assert configuration.get(name, kind=kind) == value
        assert configuration.get(name) == value
        for other in {kind for kind, _ in values.values()} - {kind, float}:
            with pytest.raises(WrongKind, match=f"The setting {name} is "):
                configuration.get(name, kind=other)
    assert configuration.get("a", kind=float) == 5.0
    with pytest.raises(WrongKind, match="is True, not a number"):
        configuration.get("b", kind=float)


def test_every_change_is_told_with_who_and_when(staged: Ground) -> None:
    del staged
    put("greeting", "hello")
    put("greeting", "hello", at=NOW + timedelta(seconds=1))
    put("greeting", ["hi", None], at=NOW + timedelta(seconds=2))
    put("greeting", "other", scope="chat", at=NOW + timedelta(seconds=3))
    configuration.remove("greeting", by="bob", now=NOW + timedelta(seconds=4))
    assert configuration.history("greeting") == [
        Change(NOW + timedelta(seconds=4), "bob", ["hi", None], None),
        Change(NOW + timedelta(seconds=2), "ann", "hello", ["hi", None]),
        Change(NOW, "ann", None, "hello"),
    ]
    assert configuration.history("greeting", scope="chat") == [Change(NOW + timedelta(seconds=3), "ann", None, "other")]
    assert configuration.history("greeting", limit=1)[0].by == "bob"
    assert configuration.history("nothing") == []
    # It is no event of the bot's days.
    assert analytics.counters("companion", NOW - timedelta(days=1), NOW + timedelta(days=1)) == {}


def test_one_and_true_are_two_values(staged: Ground) -> None:
    del staged
    for value in (1, True, 1.0, "1"):
        put("flag", value)
    assert [change.new for change in configuration.history("flag")] == ["1", 1.0, True, 1]


def test_changes_at_once_tell_a_story_without_gaps(staged: Ground) -> None:
    del staged
    assert in_threads(10, lambda n: put("number", n)) == []
    settling.settle(time.time() + 3600)
    told = configuration.history("number")
    assert len(told) == 10
    steps = {(None if change.old is None else int(change.old)): int(change.new) for change in told}
    at, seen = steps[None], 1
    while at in steps:
        at, seen = steps[at], seen + 1
    assert (at, seen) == (configuration.get("number"), 10)


def test_secrets_are_not_told(staged: Ground) -> None:
    del staged
    put("bot_token", "abc")
    put("bot_token", "def")
    assert configuration.get("bot_token") == "def"
    assert [(change.old, change.new) for change in configuration.history("bot_token")] == [
        ("***", "***"),
        (None, "***"),
    ]
    assert "abc" not in json.dumps([event.event_data for event in Event.records.iterate()])


def test_the_bot_s_file_has_the_settings_and_nothing_else(ground: Ground, settings: Settings) -> None:
    ground.put(DUAL_JSON, "configuration", "analytics")
    put("greeting", "hello")
    put("limit", 5, scope="chat")
    store.renderer().flush()
    folder = settings.LEGACY_DIR
    assert folder is not None
    assert json.loads((folder / "config.json").read_text()) == {"chat::limit": 5, "greeting": "hello"}
    told: Any = json.loads((folder / "analytics_configuration.json").read_text())
    assert [line["event_data"]["name"] for line in told] == ["greeting", "limit"]


@pytest.mark.parametrize("settings_in", [DUAL_JSON, DUAL_DATABASE], ids=str)
@pytest.mark.parametrize("events_in", [DUAL_JSON, DUAL_DATABASE], ids=str)
def test_a_process_that_dies_after_the_change_leaves_its_line_to_others(
    ground: Ground, child: Callable[..., Child], settings_in: Any, events_in: Any
) -> None:
    ground.put(settings_in, "configuration")
    ground.put(events_in, "analytics")
    child(put, "greeting", "hello", kills=[before("migration_control.inbox.settling.at_once")]).dead()
    assert configuration.get("greeting") == "hello"
    assert configuration.history("greeting") == []
    assert settling.settle(time.time() + 3600) == 1
    assert configuration.history("greeting") == [Change(NOW, "ann", None, "hello")]


def test_while_events_cannot_be_written_the_line_waits(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "analytics")
    with database_away():
        put("greeting", "hello")
        assert configuration.get("greeting") == "hello"
    assert configuration.history("greeting") == []
    settling.settle(time.time() + 3600)
    assert [change.new for change in configuration.history("greeting")] == ["hello"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: put("", 1),
        lambda: put("x" * 201, 1),
        lambda: put("a::b", 1),
        lambda: put("a", 1, scope=""),
        lambda: put("a", 1, scope="b::c"),
        lambda: put("nul\0", 1),
        lambda: put("a", float("nan")),
        lambda: put("a", {1}),
        lambda: put("a", "x" * 5_000_000),
        lambda: configuration.set("a", 1, by="", now=NOW),
        lambda: configuration.set("a", 1, by="ann", now=NOW.replace(tzinfo=None)),
        lambda: configuration.get(""),
        lambda: configuration.history("a", limit=0),
    ],
)
def test_what_no_setting_can_hold_is_refused_and_nothing_changes(ground: Ground, call: Callable[[], object]) -> None:
    del ground
    with pytest.raises(BadInput):
        call()
    assert (Setting.records.count(), Event.records.count()) == (0, 0)
