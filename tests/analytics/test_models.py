"""What the table of events holds, and by which indexes events are found."""

from __future__ import annotations

import pytest
from django.db import connection

from analytics.keys import columns
from analytics.models import Event
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("202501:0000000003", "202501"),
        ("metrics:0000000000", "metrics"),
        ("metrics:current", "metrics"),
        ("data:analytics", "data"),
    ],
)
def test_an_entry_knows_its_file(key: str, file: str) -> None:
    assert columns(key) == {"file": file}


def test_an_entry_has_what_its_kind_has() -> None:
    give_authority_to_the_database("analytics")
    Event.objects.create(id="metrics:current", file="metrics", metrics={"start_time": 1714550430.25})
    event = Event.objects.get()
    assert (event.timestamp, event.bot_id, event.event_type, event.event_data) == (None, None, None, None)
    assert event.metrics == {"start_time": 1714550430.25}
    assert str(event) == "metrics:current"


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("bot_id = 'a' AND event_type = 'b' AND timestamp > now()", "event_by_bot_and_type"),
        ("timestamp > now()", "event_by_time"),
    ],
)
def test_events_are_found_by_indexes(condition: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT 1 FROM analytics_event WHERE {condition}")
        assert any(index in line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
