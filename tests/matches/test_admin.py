"""Matches in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.staff import give_authority_to_the_database, put, staff

pytestmark = pytest.mark.django_db(transaction=True)

MATCHES = "/admin/matches/match/"
ROW = """
INSERT INTO matches_match (match_id, status, finished_at, faction1_name, faction1_score, faction2_score, details,
    analyses, version, extra, duplicate) VALUES (%s, %s, %s, 'one', 13, %s, %s, '[]', 0, '{}', false)
"""


@pytest.fixture
def viewer() -> Client:
    return staff("view_match", "change_match")


@pytest.mark.parametrize(
    ("query", "keys"),
    [("", ["1-a", "1-b"]), ("q=1-b", ["1-b"]), ("q=1-", []), ("status__exact=ongoing", ["1-b"]),
     ("finished_at__gte=2024-01-01 00:00:00Z", ["1-a"])],
)  # fmt: skip
def test_matches_are_searched_and_filtered(viewer: Client, query: str, keys: list[str]) -> None:
    put("matches", ROW, "1-a", "finished", "2024-05-01T10:20:30Z", 10, "{}")
    put("matches", ROW, "1-b", "ongoing", None, None, None)
    answer = viewer.get(f"{MATCHES}?{query}")
    assert [row.pk for row in answer.context["cl"].result_list] == keys


def test_a_match_is_shown_whole_and_changed_by_nobody(viewer: Client) -> None:
    put("matches", ROW, "1-a", "finished", None, 10, '{"faceit_url": "https://www.faceit.com/{lang}/x"}')
    give_authority_to_the_database("matches")
    assert "13:10" in viewer.get(MATCHES).content.decode()
    page = viewer.get(f"{MATCHES}1-a/change/").content.decode()
    assert "https://www.faceit.com/{lang}/x" in page
    assert 'name="_save"' not in page
    assert viewer.post(f"{MATCHES}1-a/change/", {"drawn": "0", "status": "mine"}).status_code == 403
