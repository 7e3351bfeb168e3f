"""Columns of JSON, dates in a file's own style, and columns that follow from the key."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from migration_control.conversions import CannotHold
from tests.migration_control.documents import KEYS, ZONE, Document, legacy, mapping_of, there_and_back

TEN = datetime(2024, 5, 1, 10, 20, 30, tzinfo=UTC)
SEVEN = datetime(2024, 5, 1, 7, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "document",
    [
        {"timestamp": "2024-05-01T10:20:30+00:00", "bot_id": "a", "event_type": "b", "event_data": {}},
        {"timestamp": "2024-05-01T10:20:30", "metrics": {"a": 1.5}},
        {"metrics": {"start_time": 1714550430.25}},
        {"metrics": None},
        {"event_data": None, "bot_id": None},
        {},
    ],
)
def test_an_entry_gets_no_keys_of_another_kind(document: Document) -> None:
    assert there_and_back(mapping_of("analytics"), document, KEYS["analytics"]) == document


def test_a_key_that_is_away_and_one_that_is_null_are_both_null_in_their_column() -> None:
    away, null = (mapping_of("analytics").read(d, KEYS["analytics"], ZONE) for d in ({}, {"metrics": None}))
    assert away.values == null.values
    assert (away.extra, null.extra) == ({}, {"metrics": None})
    assert away.notes == null.notes == []


@pytest.mark.parametrize("value", [None, 0, 1.0, False, "", "text", [], [None], {}, {"a": 10**30}])
def test_a_wrapped_value_of_any_type_comes_back(value: object) -> None:
    back = there_and_back(mapping_of("configuration"), {"value": value}, "chat::a")
    assert (type(back["value"]), back) == (type(value), {"value": value})


@pytest.mark.parametrize(
    ("name", "found", "note"),
    [
        ("summary", None, "None stands where an object belongs; {} was put there"),
        ("summary", [], "[] stands where an object belongs; {} was put there"),
        ("profile", "late", "'late' stands where an object belongs; {} was put there"),
    ],
)
def test_json_of_another_kind_is_repaired_and_its_original_comes_back(name: str, found: object, note: str) -> None:
    mapping = mapping_of("profiles")
    document = mapping.defaults | {"chat_id": -1001234, name: found}
    held = mapping.held(legacy(document, -1001234), ZONE)
    assert held.values[name] == {}
    assert held.extra == {name: found}
    assert held.notes == [("repaired-value", f"{name}: {note}")]
    assert there_and_back(mapping, document, -1001234) == document


def test_no_two_records_share_a_default() -> None:
    mapping = mapping_of("profiles")
    one, other = (mapping.read({"chat_id": 1}, 1, ZONE).values["summary"] for _ in range(2))
    one["20240501102030"] = "mine"
    assert other == mapping.defaults["summary"] == {}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("analytics", {"event_data": {"deep": [math.nan]}}),
        ("profiles", {"chat_id": -1001234, "profile": {"a": math.inf}}),
        ("configuration", {"value": -math.inf}),
    ],
)
def test_json_with_what_is_no_number_is_refused_with_the_field(name: str, document: Document) -> None:
    with pytest.raises(CannotHold, match=f"^{[*document][-1]}: .*number"):
        mapping_of(name).line(legacy(document, KEYS[name]), ZONE, None)


@pytest.mark.parametrize(
    ("text", "held", "kept", "noted"),
    [
        ("2024-05-01T10:20:30Z", TEN, False, False),
        ("2024-05-01T10:20:30.000Z", TEN, True, False),
        ("2024-05-01T10:20:30+00:00", TEN, True, True),
        ("2024-05-01T10:20:30", SEVEN, True, True),
        (1714558830, TEN, True, True),
        ("soon", None, True, True),
    ],
)
def test_the_moment_of_a_message_ends_in_z(
    text: object,
    held: datetime | None,
    kept: bool,
    noted: bool,
) -> None:
    document = {"ts": text, "direction": "in", "text": "x"}
    result = mapping_of("conversations").held(legacy(document, KEYS["conversations"]), ZONE)
    assert result.values["ts"] == held
    assert result.extra == ({"ts": text} if kept else {})
    assert bool(result.notes) is noted
    assert there_and_back(mapping_of("conversations"), document, KEYS["conversations"]) == document


@pytest.mark.parametrize(
    ("text", "held", "kept", "noted"),
    [
        ("2024-05-01T10:20:30+00:00", TEN, False, False),
        ("2024-05-01T13:20:30+03:00", TEN, True, False),
        ("2024-05-01T10:20:30Z", TEN, True, False),
        ("2024-05-01T10:20:30", SEVEN, True, False),
        ("2024-05-01 10:20:30", SEVEN, True, True),
    ],
)
def test_the_moment_of_an_event_has_an_offset_or_is_local(
    text: str,
    held: datetime,
    kept: bool,
    noted: bool,
) -> None:
    result = mapping_of("analytics").held(legacy({"timestamp": text}, KEYS["analytics"]), ZONE)
    assert result.values["timestamp"] == held
    assert result.extra == ({"timestamp": text} if kept else {})
    assert bool(result.notes) is noted


def test_columns_that_follow_from_the_key_are_not_in_the_document() -> None:
    mapping = mapping_of("conversations")
    held = mapping.held(legacy({"text": "x", "chat_id": "its own"}, "-5:0000000017"), ZONE)
    assert (held.values["chat_id"], held.values["position"]) == (-5, 17)
    assert held.extra == {"chat_id": "its own"}
    back = there_and_back(mapping, {"text": "x", "chat_id": "its own"}, "-5:0000000017")
    assert back == {"ts": None, "direction": "", "text": "x", "chat_id": "its own"}


def test_a_key_that_says_no_chat_is_refused_both_ways() -> None:
    record = legacy({"ts": None, "direction": "in", "text": "x"}, "notes:0000000000")
    for way in (mapping_of("conversations").line, mapping_of("conversations")._careful_line):
        with pytest.raises(CannotHold, match="chat id"):
            way(record, ZONE, None)
