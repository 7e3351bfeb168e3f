"""One match in three shapes: each trap of the API, without any store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from matches.models import Match
from matches.shapes.columns import columns
from matches.shapes.merging import everyone_in, lay, players_of
from matches.shapes.statuses import farthest, is_before
from matches.shapes.values import map_name, moment, number, whole
from tests.faceit.replies import BENCHED, MATCH, PLAYER, SUBSTITUTE, details, item, statistics

STARTED = datetime(2026, 2, 24, 20, 39, 57, tzinfo=UTC)
FINISHED = datetime(2026, 2, 24, 21, 23, 28, tzinfo=UTC)
WHOLE = {
    "status": "finished", "game": "cs2", "region": "EU", "competition_name": "S56 EU Open10 Central - Regular Season",
    "best_of": 1, "map": "de_inferno", "scheduled_at": datetime(2026, 2, 24, 20, 30, tzinfo=UTC),
    "configured_at": datetime(2026, 2, 24, 20, 32, 20, tzinfo=UTC), "started_at": STARTED, "finished_at": FINISHED,
    "faction1_name": "speciaLz", "faction1_score": 13, "faction2_name": "FlensburgUnited", "faction2_score": 10,
    "winner": "faction1",
}  # fmt: skip
ONLY_DETAILS = ("competition_name", "scheduled_at", "configured_at")
ORDERS = ["dhs", "dsh", "hds", "hsd", "sdh", "shd"]


def best_of_three(*scores: tuple[int, int]) -> dict[str, Any]:
    """Statistics of several maps; the teams change their order from map to map."""
    (round,), found = statistics()["rounds"], []
    one, two = (team["team_id"] for team in round["teams"])
    for at, (first, second) in enumerate(scores, start=1):
        teams = [
            {"team_id": team, "team_stats": {"Final Score": str(score)}, "players": []}
            for team, score in ((one, first), (two, second))
        ]
        winner = one if first > second else two
        stats = {"Winner": winner, "Map": f"de_map{at}", "Score": f"{first} / {second}"}
        found.append(
            {"best_of": "3", "match_round": str(at), "round_stats": stats, "teams": teams[:: (-1) ** (at - 1)]}
        )
    return {"rounds": found}


def test_details_alone_say_all() -> None:
    assert columns(details(), None, None) == WHOLE


def test_an_item_of_a_history_has_other_keys_and_counts_maps() -> None:
    found = columns(None, item(), None)
    unknown = dict.fromkeys(("best_of", "map", "scheduled_at", "configured_at"))
    assert found == WHOLE | unknown | {"faction1_score": 1, "faction2_score": 0}


def test_statistics_alone_have_texts_for_numbers_and_teams_without_sides() -> None:
    found = columns(None, None, statistics())
    times = dict.fromkeys(("scheduled_at", "configured_at", "started_at", "finished_at", "competition_name"))
    assert found == WHOLE | times


@pytest.mark.parametrize("order", ORDERS)
def test_in_whatever_order_they_arrive_the_match_is_the_same(order: str) -> None:
    match = Match(match_id=MATCH)
    for part in order:
        if part == "d":
            lay(match, "details", details())
        elif part == "h":
            lay(match, "history", item())
        else:
            lay(match, "statistics", statistics())
    assert {name: getattr(match, name) for name in WHOLE} == WHOLE
    assert (match.details, match.history, match.statistics) == (details(), item(), statistics())


def test_sides_are_told_by_the_teams_ids_and_not_by_their_order() -> None:
    told = statistics()
    told["rounds"][0]["teams"].reverse()
    assert columns(None, None, told)["faction1_score"] == 10  # nothing says which side a team is
    for one in ({"details": details()}, {"history": item()}):
        match = Match(match_id=MATCH, **one)
        lay(match, "statistics", told)
        assert (match.faction1_score, match.faction2_score, match.winner) == (13, 10, "faction1")


@pytest.mark.parametrize(
    ("results", "detailed", "shown"),
    [((13, 10), (13, 10), (13, 10)), ((1, 0), (13, 10), (13, 10)), ((1, 0), None, (1, 0)), ((0, 1), (7, 13), (7, 13))],
)
def test_a_match_of_one_map_counts_rounds_where_anything_tells_them(
    results: tuple[int, int], detailed: tuple[int, int] | None, shown: tuple[int, int]
) -> None:
    told = details()
    told["results"]["score"] = dict(zip(("faction1", "faction2"), results, strict=True))
    del told["detailed_results"]
    if detailed:
        factions = {f"faction{n}": {"score": score} for n, score in enumerate(detailed, start=1)}
        told["detailed_results"] = [{"factions": factions}]
    found = columns(told, item(), None)
    assert (found["faction1_score"], found["faction2_score"]) == shown


def test_a_match_of_three_maps_counts_maps() -> None:
    told = details() | {"best_of": 3, "results": {"winner": "faction1", "score": {"faction1": 2, "faction2": 1}}}
    three = best_of_three((13, 2), (5, 13), (16, 14))
    for documents in ((told, None, three), (None, item(), three), (told, None, None)):
        found = columns(*documents)
        wanted = (2, 1) if documents[0] else (1, 0)  # what the history says itself
        assert (found["faction1_score"], found["faction2_score"], found["best_of"] or 3) == (*wanted, 3)
    assert columns(None, None, three)["map"] == "de_map1, de_map2, de_map3"
    alone = columns(None, None, three)  # the teams are the other way round in the second map
    assert (alone["faction1_score"], alone["faction2_score"], alone["winner"]) == (2, 1, "faction1")
    undecided = columns(None, None, best_of_three((13, 2)))
    assert (undecided["winner"], undecided["status"]) == (None, None)


def test_null_voting_and_an_absent_demo_are_no_trouble() -> None:
    told = details() | {"voting": None}
    del told["demo_url"]
    assert columns(told, None, None) == WHOLE | {"map": None}
    assert columns(told, None, statistics())["map"] == "de_inferno"


def test_who_played_is_told_by_the_statistics_and_by_rosters_until_then() -> None:
    match = Match(match_id=MATCH, details=details())
    assert {BENCHED, SUBSTITUTE} <= set(players_of(match)["faction2"])  # one of them will
    match.statistics = statistics()
    assert SUBSTITUTE in players_of(match)["faction2"]
    assert BENCHED not in players_of(match)["faction2"]
    assert PLAYER in players_of(match)["faction1"]
    assert [len(side) for side in players_of(match).values()] == [5, 5]
    assert BENCHED in everyone_in(match)
    assert len(everyone_in(Match(match_id=MATCH, history=item()))) == 10


@pytest.mark.parametrize("wrong", [None, 1, "x", [], [None], {"rounds": None}, {"rounds": [None, 1, {}]}, {"teams": 7}])
def test_a_document_of_any_other_shape_says_nothing(wrong: Any) -> None:
    assert set(columns(wrong, wrong, wrong).values()) == {None}
    assert everyone_in(Match(match_id=MATCH, details=wrong, history=wrong, statistics=wrong)) == []


def test_columns_hold_what_a_database_can() -> None:
    told = details() | {
        "competition_name": "a\0b\ud800" + "x" * 500, "status": "X" * 500, "best_of": 2**70, "finished_at": 2**70,
        "started_at": True, "scheduled_at": 0, "region": 7, "results": {"winner": 1, "score": {"faction1": "x"}},
        "detailed_results": None,
    }  # fmt: skip
    found = columns(told, None, None)
    assert found["competition_name"].startswith("ab\ufffdx")
    assert (len(found["competition_name"]), len(found["status"])) == (254, 64)
    rest = ("best_of", "finished_at", "started_at", "scheduled_at", "region", "faction1_score", "winner")
    assert {found[name] for name in rest} == {None}


# What arrives later


def test_what_is_missing_in_a_later_copy_stays_known() -> None:
    match = Match(match_id=MATCH)
    lay(match, "details", details())
    poor = {"match_id": MATCH, "status": "FINISHED", "voting": None, "results": None, "unheard_of": {"a": 1}}
    lay(match, "details", poor)
    assert {name: getattr(match, name) for name in WHOLE} == WHOLE
    assert match.details == details() | {"unheard_of": {"a": 1}}


@pytest.mark.parametrize("older", ["SCHEDULED", "CONFIGURING", "READY", "ONGOING", "CAPTAIN_PICK"])
def test_an_older_copy_does_not_undo_a_finished_match(older: str) -> None:
    match = Match(match_id=MATCH)
    lay(match, "details", details())
    old = details() | {"status": older, "results": {"winner": None, "score": {"faction1": 3, "faction2": 5}}}
    lay(match, "details", old | {"only_here": 1})
    assert (match.status, match.faction1_score, match.winner) == ("finished", 13, "faction1")
    assert match.details == details() | {"only_here": 1}


def test_a_finished_match_may_still_be_cancelled() -> None:
    match = Match(match_id=MATCH)
    lay(match, "details", details())
    lay(match, "details", details() | {"status": "CANCELLED"})
    lay(match, "history", item())
    assert match.status == "cancelled"


def test_a_history_that_knows_the_end_moves_details_that_do_not() -> None:
    match = Match(match_id=MATCH)
    lay(match, "details", details() | {"status": "ONGOING", "results": None, "detailed_results": None})
    assert match.status == "ongoing"
    lay(match, "history", item())
    assert (match.status, match.winner) == ("finished", "faction1")


def test_statistics_that_say_less_do_not_replace_those_that_say_more() -> None:
    match = Match(match_id=MATCH)
    lay(match, "statistics", statistics())
    poor = statistics()
    for team in poor["rounds"][0]["teams"]:
        for player in team["players"]:
            del player["player_stats"]["ADR"]
    lay(match, "statistics", poor)
    assert match.statistics == statistics()
    match = Match(match_id=MATCH)
    lay(match, "statistics", poor)
    lay(match, "statistics", statistics())
    assert match.statistics == statistics()


@pytest.mark.parametrize(
    ("one", "other", "before"),
    [("scheduled", "ongoing", True), ("ongoing", "ready", False), ("ongoing", "finished", True), (None, "ready", True),
     ("finished", "ongoing", False), ("finished", "cancelled", False), ("voting", "ready", False),
     ("ready", "voting", False), ("voting", "finished", True), ("finished", "voting", False),
     ("ready", "ready", False)],
)  # fmt: skip
def test_statuses_go_forward(one: str | None, other: str, before: bool) -> None:
    assert is_before(one, other) is before


def test_the_first_is_believed_where_statuses_disagree_about_the_end() -> None:
    assert farthest("cancelled", "finished") == "cancelled"
    assert farthest(None, "voting", "ready") == "voting"
    assert farthest(None, None) is None


# Values


def test_moments_are_epochs_in_either_unit_or_texts() -> None:
    assert moment(1771968208) == moment(1771968208000) == moment("1771968208") == FINISHED
    assert moment("2026-02-24T21:23:28Z") == FINISHED
    assert {moment(value) for value in (0, None, True, "soon", -1, 10**30, float("nan"), "0001-01-01")} == {None}


def test_numbers_are_texts() -> None:
    assert (number("1.46"), number("99"), number(" 7 "), number("1e400"), number("nan"), number([])) == (
        1.46, 99.0, 7.0, None, None, None,
    )  # fmt: skip
    assert (whole("13"), whole("13.0"), whole("13.5"), whole(-1), whole("9" * 400), whole(10**400)) == (
        13, 13, None, None, None, None,
    )  # fmt: skip


def test_a_map_has_one_name() -> None:
    assert {map_name(name) for name in ("Mirage", "de_mirage", "MIRAGE ", "mirage")} == {"mirage"}
    assert (map_name("cs_office"), map_name(""), map_name(None), map_name("de_")) == ("office", None, None, None)
