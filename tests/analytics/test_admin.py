"""Events in the admin: found fast, and never changed."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.models import RollUp
from tests.staff import give_authority_to_the_database, put, staff

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = "/admin/analytics/event/"
ROWS = """
INSERT INTO analytics_event (id, file, timestamp, bot_id, event_type, event_data, version, extra, duplicate)
SELECT '202501:' || lpad(i::text, 10, '0'), '202501', now() - i * interval '1 hour', 'companion',
    CASE WHEN i %% 2 = 0 THEN 'command' ELSE 'error' END, %s, 0, '{}', false
  FROM generate_series(1, %s) i
"""


@pytest.fixture
def viewer() -> Client:
    return staff("view_event", "change_event")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3]),
        ("event_type=error", [1, 3]),
        ("bot_id=companion", [1, 2, 3]),
        ("bot_id=another", []),
        ("q=202501:0000000002", [2]),
        ("q=error", []),
    ],
)
def test_events_are_searched_and_filtered_the_newest_first(viewer: Client, query: str, numbers: list[int]) -> None:
    put("analytics", ROWS, "{}", 3)
    rows = viewer.get(f"{EVENTS}?{query}").context["cl"].result_list
    assert [row.pk for row in rows] == [f"202501:{number:010}" for number in numbers]


def test_nobody_changes_what_happened(viewer: Client) -> None:
    put("analytics", ROWS, '{"text": "<b>"}', 1)
    give_authority_to_the_database("analytics")
    address = f"{EVENTS}202501_3A0000000001/change/"
    page = viewer.get(address).content.decode()
    assert "&lt;b&gt;" in page
    assert 'name="_save"' not in page
    assert viewer.post(address, {"drawn": "0", "event_type": "mine"}).status_code == 403


def test_the_list_of_100_000_events_meets_indexes_only(viewer: Client) -> None:
    put("analytics", ROWS, "{}", 100_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE analytics_event")
        with CaptureQueriesContext(connection) as queries:
            for query in ("", "event_type=error", "q=202501:0000000007", "timestamp__gte=2020-01-01 00:00:00Z"):
                assert viewer.get(f"{EVENTS}?{query}").status_code == 200
        listing = [q["sql"] for q in queries.captured_queries if '"analytics_event"."event_data"' in q["sql"]]
        assert listing
        for sql in listing:
            cursor.execute(f"EXPLAIN {sql}")
            assert not any("Seq Scan" in line for (line,) in cursor.fetchall()), sql


def test_roll_ups_are_shown_and_nothing_else_can_be_done_with_them() -> None:
    of = {"bot_id": "companion", "period": "daily"}
    for day, kind, events in ((date(2025, 1, 2), None, 5), (date(2025, 1, 3), "command", 7)):
        RollUp.objects.create(start=day, event_type=kind, events=events, users=1, **of)
    client = staff("view_rollup", "add_rollup", "change_rollup", "delete_rollup")
    address = "/admin/analytics/rollup/"
    rows = client.get(f"{address}?bot_id=companion&period=daily").context["cl"].result_list
    assert [(row.start.day, row.events) for row in rows] == [(3, 7), (2, 5)]
    assert [row.pk for row in client.get(f"{address}?q=command").context["cl"].result_list] == [rows[0].pk]
    page = client.get(f"{address}{rows[0].pk}/change/").content.decode()
    assert 'name="_save"' not in page
    acts = (f"{address}add/", f"{address}{rows[0].pk}/change/", f"{address}{rows[0].pk}/delete/")
    assert [client.post(act, {"events": 1}).status_code for act in acts] == [403] * 3
    assert client.post(address, {"action": "delete_selected", "_selected_action": [rows[0].pk]}).status_code != 500
    assert RollUp.objects.count() == 2
    assert staff(name="bob").get(address).status_code == 403
