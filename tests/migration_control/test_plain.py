"""The fast way says what the careful way says, and what is usual goes the fast way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legacy_json.index import Batch, Record
from legacy_json.keys import Key
from migration_control import components
from migration_control.conversions import CannotHold, Json, Moment
from migration_control.copying import begin
from migration_control.mapping import Mapping
from migration_control.prepare import TOGETHER, prepare
from migration_control.stamps import Unplain
from migration_control.tables import table
from tests.migration_control.documents import KEYS, NAMES, ZONE, Document, documents, legacy, mapping_of, too_large
from tests.migration_control.world import subscription, user

UNESCAPED = {"\\\\": "\\", "\\n": "\n", "\\t": "\t", "\\r": "\r"}


def cell(text: str) -> str | None:
    """What PostgreSQL reads in a cell of COPY's text format."""
    if text == "\\N":
        return None
    read, at = "", 0
    while at < len(text):
        step = 2 if text[at] == "\\" else 1
        read += UNESCAPED[text[at : at + 2]] if step == 2 else text[at]
        at += step
    return read


def row(mapping: Mapping, line: str) -> dict[str, Any]:
    """A line as the table would have it."""
    assert line.endswith("\n")
    cells = [cell(text) for text in line[:-1].split("\t")]
    held: dict[str, Any] = dict(zip(mapping.columns, cells, strict=True))
    for name, converts in mapping.conversions.items():
        if isinstance(converts, Json) and held[name] is not None:
            held[name] = json.dumps(json.loads(held[name]), sort_keys=True)
        if isinstance(converts, Moment) and held[name] is not None:
            held[name] = datetime.fromisoformat(held[name])
    return held | {"extra": json.loads(held["extra"])}


@pytest.mark.parametrize("name", NAMES)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_both_ways_make_one_row(name: str, data: st.DataObject) -> None:
    mapping = mapping_of(name)
    record = legacy(data.draw(documents(components.get(name))), KEYS[name])
    try:
        line, notes = mapping.line(record, ZONE, 3)
    except CannotHold as error:
        too_large(error)
        return
    careful, careful_notes = mapping._careful_line(record, ZONE, 3)
    assert notes == careful_notes
    assert row(mapping, line) == row(mapping, careful)


USUAL: list[tuple[str, Document]] = [
    ("users", user(7, faceit_nickname='back\\slash "and" quotes')),
    ("subscriptions", subscription()),
    ("conversations", {"ts": "2024-05-01T10:20:30.123456Z", "direction": "in", "text": "one\ntwo 🌸 \"three\"\t\\"}),
    ("conversations", {"ts": "2024-05-01T10:20:30.123Z", "direction": "out", "text": ""}),
    ("conversations", {"ts": "2024-05-01T10:20:30Z", "direction": "out", "text": "привет"}),
    (
        "analytics",
        {
            "timestamp": "2024-05-01T10:20:30.123456+00:00",
            "bot_id": "companion",
            "event_type": "message",
            "event_data": {"text": "a\nb", "nul": "\0", "n": [1, 1.5, None]},
        },
    ),
    ("analytics", {"timestamp": "2024-05-01T10:20:30.123456", "metrics": {"start_time": 1714550430.25}}),
    ("analytics", {"metrics": {"total_users": 3, "daily_stats": {}}}),
    (
        "profiles",
        {
            "chat_id": -1001234,
            "name": "Ada",
            "last_activity": "2024-05-01T10:20:30.123456",
            "message_count": -3,
            "summary": {"20240501102030": "two\nlines"},
            "profile": {"20240501102030": {"age": None}},
            "previous_response_id": None,
        },
    ),
    ("configuration", {"value": None}),
    ("configuration", {"value": False}),
    ("configuration", {"value": "a\\b"}),
    ("configuration", {"value": {"a": [1e-9]}}),
    ("players", {"matches": {"1-a": 1714550430}}),
    ("matches", {"status": "finished", "started_at": "2024-05-01T10:20:30+00:00", "details": {"a": "\\"}}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "document"), USUAL)
def test_what_is_usual_goes_the_fast_way_and_needs_no_repair(name: str, document: Document) -> None:
    mapping, record = mapping_of(name), legacy(document, KEYS[name])
    mapping._plain(ZONE).columns([record.key], [record.document])
    line, notes = mapping.line(record, ZONE, 3)
    assert notes == []
    assert mapping._careful_line(record, ZONE, 3)[1] == []
    assert row(mapping, line) == row(mapping, mapping._careful_line(record, ZONE, 3)[0])


@pytest.mark.parametrize("name", NAMES)
def test_many_lines_together_are_those_made_singly(name: str) -> None:
    mapping = mapping_of(name)
    records = [
        legacy(document, KEYS[name])._replace(version=version)
        for version, (of, document) in enumerate(USUAL)
        if of == name
    ]
    assert mapping.lines(records, ZONE, 3) == [mapping.line(record, ZONE, 3)[0] for record in records]


def test_one_record_that_needs_care_leaves_those_beside_it_as_they_are() -> None:
    component = components.get("conversations")
    usual = [legacy({"ts": None, "direction": "in", "text": str(n)}, f"7:{n:010d}") for n in range(TOGETHER + 3)]
    odd = legacy({"ts": None, "direction": "in", "text": 5}, "7:9999999999")
    records = [*usual[:7], odd, *usual[7:]]
    made = prepare(component, Batch("conversations", records, 0, 0), ZONE, str, 3)
    assert made.rows == [(record, component.mapping.line(record, ZONE, 3)[0]) for record in records]
    assert [finding.key for finding in made.findings] == [odd.key]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[list[Key]], bool]], None]:
    """Have mapping fail on records of such keys, as nobody foresaw."""
    mapped = Mapping.lines

    def on(such: Callable[[list[Key]], bool]) -> None:
        def lines(self: Mapping, records: Sequence[Record], zone: ZoneInfo, run: int | None) -> list[str] | None:
            if such([record.key for record in records]):
                raise ZeroDivisionError("a bug")
            return mapped(self, records, zone, run)

        monkeypatch.setattr(Mapping, "lines", lines)

    return on


MESSAGES = [legacy({"ts": None, "direction": "in", "text": "x"}, f"7:{n:010d}") for n in range(3)]


def test_a_record_that_nobody_foresaw_is_reported_by_itself_and_holds_up_none_beside_it(
    fails: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fails(lambda keys: "7:0000000001" in keys)
    made = prepare(components.get("conversations"), Batch("conversations", MESSAGES, 0, 0), ZONE, str, 3)
    assert [record.key for record, _ in made.rows] == ["7:0000000000", "7:0000000002"]
    reason = "it cannot be mapped (ZeroDivisionError: a bug); please report this"
    assert [(f.key, f.code, f.detail) for f in made.findings] == [("7:0000000001", "not-understood", reason)]
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in errors] == ["conversations 7:0000000001 cannot be mapped"]
    assert errors[0].exc_info


def test_a_fault_of_mapping_many_together_loses_nothing_and_is_not_passed_over(
    fails: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fails(lambda keys: len(keys) > 1)
    made = prepare(components.get("conversations"), Batch("conversations", MESSAGES, 0, 0), ZONE, str, 3)
    assert ([record for record, _ in made.rows], made.findings) == (MESSAGES, [])
    (told,) = caplog.records
    assert (told.levelname, told.getMessage()) == (
        "WARNING",
        "conversations 7:0000000000 and those behind it are mapped singly",
    )
    assert told.exc_info


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("conversations", {"ts": "2024-05-01T10:20:30Z", "direction": "in", "text": "a\0b"}),
        ("conversations", {"ts": "2024-05-01T10:20:30.1234567Z", "direction": "in", "text": ""}),
        ("conversations", {"ts": "2024-05-01T10:20:30+00:00", "direction": "in", "text": ""}),
        ("conversations", {"ts": "2024-13-01T10:20:30Z", "direction": "in", "text": ""}),
        ("conversations", {"ts": None, "direction": "in", "text": "", "new": 1}),
        ("analytics", {"timestamp": None}),
        ("analytics", {"event_data": None}),
        ("profiles", {"chat_id": -1001234, "summary": None}),
        ("profiles", {"chat_id": -1001234, "summary": []}),
        ("profiles", {"chat_id": "-1001234"}),
        ("matches", {"details": "soon"}),
    ],
)
def test_what_is_odd_is_left_to_the_careful_way(name: str, document: Document) -> None:
    with pytest.raises(Unplain):
        mapping_of(name)._plain(ZONE).columns([KEYS[name]], [legacy(document, KEYS[name]).document])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "document"), USUAL)
def test_a_line_of_the_fast_way_is_a_row_that_is_written_back_as_the_document(name: str, document: Document) -> None:
    component = components.get(name)
    mapping = component.mapping
    line, _ = mapping.line(legacy(document, KEYS[name]), ZONE, None)
    with transaction.atomic(), connection.cursor() as cursor:
        begin(cursor, component)
        with cursor.copy(table(component).copy) as stream:
            stream.write(line)
    record = component.model._default_manager.get()
    assert record.key == KEYS[name]
    assert mapping.write(record, ZONE) == mapping.defaults | document
