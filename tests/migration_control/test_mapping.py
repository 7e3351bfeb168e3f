"""Document <-> columns: nothing is lost on a round trip, whatever stands in the file."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migration_control import components
from migration_control.conversions import CannotHold
from tests.migration_control.documents import (
    KEYS,
    NAMES,
    ZONE,
    Document,
    documents,
    legacy,
    mapping_of,
    there_and_back,
    too_large,
)
from tests.migration_control.world import subscription, user

USERS = components.get("users")
SUBSCRIPTIONS = components.get("subscriptions")


def test_a_plain_record_needs_no_repair_and_comes_back_the_same() -> None:
    document = user(7, faceit_nickname="ник", created_at="2024-05-01T10:20:30.123456")
    held = USERS.mapping.held(legacy(document), ZONE)
    assert held.extra == {}
    assert held.notes == []
    assert held.values["created_at"] == datetime(2024, 5, 1, 7, 20, 30, 123456, tzinfo=UTC)
    assert there_and_back(USERS.mapping, document) == document


def test_the_oldest_generation_gets_the_bots_own_defaults() -> None:
    document = {"user_id": 7, "faceit_player_id": None, "faceit_nickname": "x", "last_checked_match_id": None}
    back = there_and_back(USERS.mapping, document)
    assert back == user(7, faceit_nickname="x", created_at=None, total_requests=0)


def test_unknown_keys_are_kept_and_come_back() -> None:
    document = user(7, mood={"deep": [1, None, "x"]}, huge=10**30)
    assert USERS.mapping.held(legacy(document), ZONE).extra == {"mood": {"deep": [1, None, "x"]}, "huge": 10**30}
    assert there_and_back(USERS.mapping, document) == document


@pytest.mark.parametrize(
    ("name", "found", "held"),
    [
        ("total_requests", "9", 9),
        ("total_requests", "1129.2", 1129),
        ("total_requests", 9.0, 9),
        ("total_requests", True, 1),
        ("total_requests", "many", 0),
        ("total_requests", None, 0),
        ("total_requests", [], 0),
        ("waiting_for_nickname", 1, True),
        ("waiting_for_nickname", "false", False),
        ("waiting_for_nickname", "perhaps", False),
        ("waiting_for_nickname", None, False),
        ("language", None, "ru"),
        ("faceit_nickname", 42, "42"),
        ("faceit_nickname", {"a": 1}, None),
        ("faceit_nickname", "a\0b", "ab"),
        ("faceit_nickname", "a\ud800b", "a\ufffdb"),
        ("created_at", "soon, I hope", None),
        ("created_at", "12:30", None),
        ("created_at", 1717236000, datetime(2024, 6, 1, 10, tzinfo=UTC)),
        ("created_at", "2024-06-01T10:00:00Z", datetime(2024, 6, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_value_of_the_wrong_kind_is_repaired_and_its_original_comes_back(name: str, found: Any, held: Any) -> None:
    document = user(7) | {name: found}
    result = USERS.mapping.held(legacy(document), ZONE)
    assert result.values[name] == held
    assert result.extra == {name: found}
    assert there_and_back(USERS.mapping, document) == document


def test_a_repair_is_noted_with_the_field_and_what_stood_there() -> None:
    notes = USERS.mapping.held(legacy(user(7, total_requests="9")), ZONE).notes
    assert notes == [("repaired-value", "total_requests: the text '9' was read as 9")]


def test_a_time_that_no_clock_showed_comes_back_as_it_was_written() -> None:
    document = user(7, created_at="2011-03-27T02:30:00")  # Moscow's clocks went from 2 to 3
    assert there_and_back(USERS.mapping, document) == document


def test_once_the_column_changed_the_original_no_longer_counts() -> None:
    held = USERS.mapping.held(legacy(user(7, total_requests="9")), ZONE)
    record = USERS.mapping.model(**held.values | {"total_requests": 10}, extra=held.extra)
    assert USERS.mapping.write(record, ZONE)["total_requests"] == 10


@pytest.mark.parametrize(
    "values",
    [
        {"total_requests": 10**30},
        {"total_requests": 2**63},
        {"total_requests": math.nan},
        {"total_requests": -math.inf},
        {"mood": math.nan},
        {"mood": {"deep": [math.inf]}},
    ],
)
def test_what_neither_column_nor_extra_can_hold_is_refused_with_the_field(values: Document) -> None:
    with pytest.raises(CannotHold, match=next(iter(values))):
        USERS.mapping.line(legacy(user(7, **values)), ZONE, None)


def test_a_key_written_as_text_comes_back_as_text() -> None:
    assert there_and_back(USERS.mapping, user("7")) == user("7")


def test_a_subscription_is_keyed_by_its_user_and_has_no_key_of_its_own() -> None:
    document = subscription(tier="pro", referred_by="123", expires_at="2030-01-01T00:00:00")
    assert there_and_back(SUBSCRIPTIONS.mapping, document) == document


@pytest.mark.parametrize("name", NAMES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_can_be_held_comes_back_unchanged(name: str, data: st.DataObject) -> None:
    check(name, data.draw(documents(components.get(name))))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created_at", "0001-01-01T00:00:00"),
        ("created_at", "9999-12-31T23:59:59.999999"),
        ("total_requests", 2.0**63),
        ("total_requests", "9223372036854775808"),
    ],
)
def test_the_ends_of_what_columns_hold_come_back_or_are_refused(name: str, value: object) -> None:
    check("users", user(7) | {name: value})


def check(name: str, document: Document) -> None:
    mapping = mapping_of(name)
    try:
        back = there_and_back(mapping, document, KEYS[name])
    except CannotHold as error:
        too_large(error)
        return
    known = mapping.defaults | {mapping.pk: KEYS[name]} if mapping.pk in mapping.conversions else mapping.defaults
    assert json.dumps(back, sort_keys=True) == json.dumps(known | document, sort_keys=True)
