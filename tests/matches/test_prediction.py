"""Predictions: what they follow from, and that they are calibrated on generated matches. No more is claimed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from matches.figures import Form, MapFigures, PlayerStatistics
from matches.prediction import BASIS, FACTORS, FURTHEST, WEIGHTS, chance, differences
from tests.bench.prediction import brier, fit, reliability
from tests.matches.generated import games


def player(elo: int | None = 1500, level: int | None = None, **known: Any) -> PlayerStatistics:
    return PlayerStatistics("p", elo=elo, level=level, **known)


def test_even_sides_have_even_chances() -> None:
    assert chance({}) == 0.5
    assert chance(dict.fromkeys(FACTORS, 0.0)) == 0.5
    assert differences([], [], None) == {}
    assert differences([player()], [], "mirage") == {}


@pytest.mark.parametrize("name", FACTORS)
def test_each_factor_speaks_for_the_side_that_leads_in_it(name: str) -> None:
    assert chance({name: 0.3}) > 0.5 > chance({name: -0.3})
    assert chance({name: 0.3}) + chance({name: -0.3}) == pytest.approx(1)


def test_no_match_is_certain() -> None:
    assert chance({"elo": 1e9}) == FURTHEST
    assert chance({"elo": -1e9}) == pytest.approx(1 - FURTHEST)


def test_few_games_say_little() -> None:
    def form(wins: int, maps: int) -> Mapping[str, float]:
        return differences([player(form=Form(maps=maps, wins=wins))], [player(form=Form(maps=20, wins=10))], None)

    assert 0 < form(1, 1)["form"] < form(10, 10)["form"] < form(20, 20)["form"] < 0.5
    assert "form" not in differences([player()], [player(form=Form(maps=20, wins=10))], None)


def test_a_new_player_counts_as_average_and_a_level_stands_for_elo() -> None:
    lead = differences([player(2000), player(0), player(None)], [player(1600)], None)
    assert lead == {"elo": pytest.approx(1.0)}
    assert differences([player(None, 10)], [player(0, 1)], None)["elo"] == pytest.approx(5.0)


def test_a_map_counts_if_it_is_known() -> None:
    first, second = player(by_map={"mirage": MapFigures(90, 60)}), player(by_map={"mirage": MapFigures(90, 45)})
    assert differences([first], [second], "mirage")["map"] == pytest.approx(0.15)
    assert "map" not in differences([first], [second], "nuke")
    assert "map" not in differences([first], [second], None)


def test_on_generated_matches_chances_are_what_happens() -> None:
    played = games(1500, seed=77)
    told = [chance(differences(game.first, game.second, game.map)) for game in played]
    results = [game.won for game in played]
    assert brier(told, results) < 0.235 < 0.25
    for said, happened, matches in reliability(told, results, bins=5):
        assert abs(said - happened) < 4 * math.sqrt(0.25 / matches) + 0.01
    assert "unmeasured" in BASIS


def test_the_weights_are_those_of_a_fit() -> None:
    """To fewer matches than they were made from, so nearly."""
    played = games(1500, seed=78)
    rows = [[differences(game.first, game.second, game.map)[name] for name in FACTORS] for game in played]
    results = [game.won for game in played]
    fitted = fit(rows, results)
    anew = [chance_of(fitted, row) for row in rows]
    told = [chance(dict(zip(FACTORS, row, strict=True))) for row in rows]
    assert brier(told, results) - brier(anew, results) < 0.004
    assert set(WEIGHTS) == set(FACTORS)


def chance_of(weights: list[float], row: list[float]) -> float:
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in zip(weights, row, strict=True))))
