"""Recent form and figures per map."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from matches.figures import Form, MapFigures
from matches.models import Match
from matches.services import player_statistics
from migration_control.given import BadInput
from tests.faceit.replies import MATCH, PLAYER, details, other, other_id, reply, statistics

Stats = dict[str, str | None]


def match(number: int = 0, *, won: bool = True, map: str = "de_inferno", stats: Stats | None = None) -> Match:
    """PLAYER's figures there: 19:13, ADR 99, 11 headshots, unless others are given; None leaves one out."""
    told = other(statistics(), number)
    told["rounds"][0]["round_stats"]["Map"] = map
    for player in (player for team in told["rounds"][0]["teams"] for player in team["players"]):
        if player["player_id"] == PLAYER:
            figures = player["player_stats"] | {"Result": str(int(won))} | (stats or {})
            player["player_stats"] = {name: value for name, value in figures.items() if value is not None}
    finished = datetime.fromtimestamp(details()["finished_at"] + 3600 * number, UTC)
    return Match(match_id=other_id(number), statistics=told, finished_at=finished)


def game(number: int, **stats: Any) -> dict[str, Any]:
    """An item of the API's list of games."""
    (found,) = other(reply("player_games"), number)["items"]
    found["stats"]["Match Finished At"] += 3_600_000 * number
    return {"stats": found["stats"] | stats}


def test_of_nobody_nothing_is_known() -> None:
    found = player_statistics(PLAYER)
    assert (found.elo, found.level, found.form, found.by_map, found.form.win_share) == (None, None, Form(), {}, None)
    without = Match(match_id=MATCH, details=details())
    assert player_statistics(PLAYER, matches=[without]).form == Form()
    assert player_statistics("another", matches=[match()]).form == Form()


def test_form_is_of_the_latest_maps() -> None:
    results = [True, False, True, True, True, False, True, True]  # the last two are the latest
    found = player_statistics(PLAYER, matches=[match(n, won=won) for n, won in enumerate(results)], last=7).form
    assert found.results == (True, True, False, True, True, True, False)
    assert (found.maps, found.wins, found.streak, found.longest_win_streak) == (7, 5, 2, 3)
    assert found.win_share == pytest.approx(5 / 7)
    lost = player_statistics(PLAYER, matches=[match(0), match(1, won=False), match(2, won=False)]).form
    assert (lost.streak, lost.longest_win_streak) == (-2, 1)


def test_ratios_are_of_kills_and_deaths_and_never_sums_of_ratios() -> None:
    two = [match(0), match(1, stats={"Kills": "1", "Deaths": "27", "Headshots": "1", "K/D Ratio": "0.04"})]
    found = player_statistics(PLAYER, matches=two).form
    assert found.kd == pytest.approx(20 / 40)
    assert found.headshot_share == pytest.approx(12 / 20)
    assert found.adr == pytest.approx(99)
    nobody_killed_me = player_statistics(PLAYER, matches=[match(0, stats={"Deaths": "0"})]).form
    assert nobody_killed_me.kd == pytest.approx(19)


def test_extended_figures_may_be_missing() -> None:
    some = [match(0), match(1, stats={"ADR": None}), match(2, stats={"ADR": "", "Headshots": None})]
    found = player_statistics(PLAYER, matches=some).form
    assert (found.maps, found.adr) == (3, 99.0)
    assert found.headshot_share == pytest.approx(22 / 38)
    bare = match(0, stats={"ADR": None, "Headshots": None, "Kills": None})
    found = player_statistics(PLAYER, matches=[bare]).form
    assert (found.adr, found.headshot_share, found.kd) == (None, 0.58, 1.46)
    nothing = match(0, stats=dict.fromkeys(("ADR", "Headshots", "Headshots %", "Kills", "K/D Ratio")))
    found = player_statistics(PLAYER, matches=[nothing]).form
    assert (found.adr, found.headshot_share, found.kd, found.wins) == (None, None, None, 1)


def test_games_have_milliseconds_and_a_match_that_both_tell_of_counts_once() -> None:
    games = [game(3, Result="0"), game(1), {"stats": None}, {}, None]
    found = player_statistics(PLAYER, matches=[match(1), match(2)], games=games).form  # type: ignore[arg-type]
    assert found.results == (False, True, True)
    assert found.maps == 3


def test_maps_of_one_match_count_each() -> None:
    found = player_statistics(PLAYER, games=[game(1), game(1, **{"Match Round": "2", "Result": "0"})]).form
    assert (found.maps, found.wins) == (2, 1)


def test_figures_per_map_are_of_the_career_where_that_is_known() -> None:
    found = player_statistics(PLAYER, matches=[match()], statistics=reply("player_stats"))
    assert found.by_map == {
        "mirage": MapFigures(310, 170, 1.25), "inferno": MapFigures(200, 96, 1.12), "dust2": MapFigures(4, 1, 0.9),
    }  # fmt: skip
    assert (found.lifetime_matches, found.lifetime_kd) == (1440, 1.21)  # "K/D Ratio" is 1742.3 there
    of_form = player_statistics(PLAYER, matches=[match(0), match(1, map="Inferno", won=False), match(2, map="de_nuke")])
    assert of_form.by_map["inferno"] == MapFigures(2, 1, 38 / 26)
    assert of_form.by_map["nuke"].win_share == 1.0


def test_of_one_map_in_several_modes_the_one_that_was_played_most_counts() -> None:
    told = reply("player_stats")
    told["segments"] += [
        {"label": "de_mirage", "type": "Map", "mode": "Wingman", "stats": {"Matches": "9", "Wins": "9"}},
        {"label": "Nuke", "type": "Map", "stats": {"Matches": "3", "Wins": "9"}},
        {"label": "all", "type": "Overall", "stats": {"Matches": "3", "Wins": "1"}},
        None, {"type": "Map"}, {"label": "Train", "type": "Map", "stats": None},
    ]  # fmt: skip
    assert set(player_statistics(PLAYER, statistics=told).by_map) == {"mirage", "inferno", "dust2"}
    assert player_statistics(PLAYER, statistics=told).by_map["mirage"].maps == 310


def test_elo_is_of_the_game_that_is_asked_about() -> None:
    profile = reply("player_details")
    assert (player_statistics(PLAYER, profile=profile).elo, player_statistics(PLAYER, profile=profile).level) == (
        2014,
        10,
    )
    assert player_statistics(PLAYER, profile=profile, game="csgo").elo == 1829
    assert player_statistics(PLAYER, profile=profile, game="tf2").elo == 0
    del profile["games"]["cs2"]
    assert player_statistics(PLAYER, profile=profile).elo is None


@pytest.mark.parametrize(
    "wrong", [{"player_id": ""}, {"player_id": None}, {"last": 0}, {"last": True}, {"last": 2**70}]
)
def test_what_is_asked_wrongly_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        player_statistics(**{"player_id": PLAYER} | wrong)
