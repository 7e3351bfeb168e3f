"""What the table of matches holds, and the API's own documents in it."""

from __future__ import annotations

from typing import Any

import pytest

from matches.models import Match
from migration_control import components
from tests.migration_control.documents import ZONE, legacy, there_and_back
from tests.staff import give_authority_to_the_database

KEY = "1-175b9184-9766-820c-6414-bb415704cb16"
# Of the three endpoints: one match, in three spellings.
DETAILS: dict[str, Any] = {
    "match_id": KEY,
    "teams": {"faction1": {"faction_id": "f1", "name": "one", "leader": "p1", "roster": [{"player_id": "p1"}]}},
    "voting": None,
    "status": "FINISHED",
    "finished_at": 1771968208,
    "results": {"winner": "faction1", "score": {"faction2": 10, "faction1": 13}},
    "faceit_url": "https://www.faceit.com/{lang}/cs2/room/1",
}
HISTORY: dict[str, Any] = {
    "match_id": KEY,
    "status": "finished",
    "teams": {"faction1": {"team_id": "f1", "nickname": "one", "players": [{"player_id": "p1"}]}},
}
STATISTICS: dict[str, Any] = {
    "rounds": [
        {
            "best_of": "1",
            "round_stats": {"Score": "13 / 10"},
            "teams": [{"players": [{"player_stats": {"K/D Ratio": "1.46"}}]}],
        }
    ]
}
DOCUMENT: dict[str, Any] = {
    "status": "finished",
    "best_of": 1,
    "finished_at": "2026-02-24T21:23:28+00:00",
    "faction1_name": "one",
    "faction1_score": 13,
    "faction2_score": 10,
    "winner": "faction1",
    "details": DETAILS,
    "history": HISTORY,
    "statistics": STATISTICS,
    "analyses": [{"kind": "short", "text": "close"}],
}


def test_the_apis_documents_come_back_as_they_came() -> None:
    mapping = components.get("matches").mapping
    assert there_and_back(mapping, DOCUMENT, KEY) == mapping.defaults | DOCUMENT
    _, notes = mapping.line(legacy(DOCUMENT, KEY), ZONE, None)
    assert notes == []


@pytest.mark.django_db(transaction=True)
def test_a_match_of_which_nothing_is_known_yet_is_held() -> None:
    give_authority_to_the_database("matches")
    Match.objects.create(match_id=KEY)
    match = Match.objects.get()
    assert (match.status, match.statistics, match.analyses) == (None, None, [])


@pytest.mark.django_db(transaction=True)
def test_a_status_that_nobody_knows_is_held_as_it_is() -> None:
    give_authority_to_the_database("matches")
    Match.objects.create(match_id=KEY, status="ABORTED", details=DETAILS)
    assert Match.objects.get().details == DETAILS
