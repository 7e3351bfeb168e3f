"""Analyses, and for how long they are served again. Those that are stored: the same in every stage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from matches import services
from matches.figures import PlayerStatistics
from matches.models import Match
from matches.services import Analysis, BadDocument, UnknownMatch, analyse, fresh
from matches.shapes.merging import players_of
from tests.faceit.replies import MATCH, PLAYER, details, other_id, statistics
from tests.migration_control.moving.ground import Ground

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def known(match: Match, first: int, second: int) -> dict[str, PlayerStatistics]:
    """All ten players, with the elo of their side."""
    sides = zip(players_of(match).values(), (first, second), strict=True)
    return {id: PlayerStatistics(id, elo=elo) for ids, elo in sides for id in ids}


def test_an_analysis_predicts_from_its_players() -> None:
    match = Match(match_id=MATCH, details=details(), statistics=statistics(), map="de_inferno")
    found = analyse(match, known(match, 2000, 1800), now=NOW)
    assert found.favourite == "faction1"
    assert sum(found.chances.values()) == pytest.approx(1)
    assert (found.players_known, found.players, found.map, found.factors) == (10, 10, "inferno", {"elo": 0.5})
    assert analyse(match, known(match, 1800, 2000), now=NOW).favourite == "faction2"
    assert "unmeasured" in found.basis


def test_nothing_known_is_said_to_be_even() -> None:
    for match in (Match(match_id=MATCH), Match(match_id=MATCH, details=details())):
        found = analyse(match, {}, now=NOW)
        assert (found.favourite, found.chances, found.players_known) == (None, {"faction1": 0.5, "faction2": 0.5}, 0)
    assert analyse(Match(match_id=MATCH, details=details()), {}, now=NOW).players == 11  # a substitute plays
    one = analyse(Match(match_id=MATCH, details=details()), {PLAYER: PlayerStatistics(PLAYER, elo=9000)}, now=NOW)
    assert (one.favourite, one.players_known) == (None, 1)  # there is nobody to compare with


def test_an_analysis_is_served_again_for_a_quarter_of_an_hour(staged: Ground, settings: Settings) -> None:
    match = services.store_details(details(), now=NOW)
    assert fresh(match, now=NOW) is None
    made = analyse(match, known(match, 2000, 1900), now=NOW)
    services.store_analysis(MATCH, made, now=NOW)
    found = services.get(MATCH)
    assert found is not None
    assert fresh(found, now=NOW) == made
    assert fresh(found, now=NOW + timedelta(minutes=15) - timedelta(microseconds=1)) == made
    assert fresh(found, now=NOW + timedelta(minutes=15)) is None
    assert fresh(found, now=NOW - timedelta(seconds=1)) is None  # it would be of the future
    settings.ANALYSIS_SECONDS = 60
    assert fresh(found, now=NOW + timedelta(minutes=1)) is None


def test_analyses_are_kept_the_oldest_first_and_so_many(staged: Ground) -> None:
    match = services.store_details(details(), now=NOW)
    made = [analyse(match, {}, now=NOW + timedelta(hours=number)) for number in range(13)]
    for one in made:
        services.store_analysis(MATCH, one, now=one.made_at)
    stored = services.store_analysis(MATCH, made[-1], now=made[-1].made_at)  # again
    assert [one["made_at"] for one in stored.analyses] == [one.made_at.isoformat() for one in made[3:]]
    assert fresh(stored, now=made[-1].made_at) == made[-1]
    services.store_statistics(MATCH, statistics(), now=NOW)
    found = services.get(MATCH)
    assert found is not None
    assert found.analyses == stored.analyses


def test_what_others_wrote_is_no_analysis_of_ours(staged: Ground) -> None:
    foreign: list[Any] = [None, 1, "x", {}, {"text": "close"}, {"method": "logistic-1", "made_at": "soon"}]
    Match.records.create(Match(match_id=MATCH, analyses=foreign))
    found = services.get(MATCH)
    assert found is not None
    assert fresh(found, now=NOW) is None
    stored = services.store_analysis(MATCH, analyse(found, {}, now=NOW), now=NOW)
    assert stored.analyses[:-1] == foreign
    assert fresh(stored, now=NOW) is not None


def test_an_analysis_of_an_unknown_match_is_refused(staged: Ground) -> None:
    made = analyse(Match(match_id=MATCH), {}, now=NOW)
    for id in (MATCH, other_id(1), "1-a", "", "x" * 5_000_000, "\ud800", None, 7):
        with pytest.raises(UnknownMatch):
            services.store_analysis(id, made, now=NOW)  # type: ignore[arg-type]
    services.store_details(details(), now=NOW)
    for wrong in ({"factors": {"elo": float("nan")}}, {"map": "x" * 5_000_000}):
        with pytest.raises(BadDocument):
            services.store_analysis(MATCH, replace(made, **wrong), now=NOW)
    found = services.get(MATCH)
    assert found is not None
    assert found.analyses == []
    assert isinstance(made, Analysis)
