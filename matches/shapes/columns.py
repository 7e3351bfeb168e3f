"""The columns that a match's documents say, in one spelling."""

from __future__ import annotations

from typing import Any

from matches.models import Status
from matches.shapes.checked import Document
from matches.shapes.sides import SIDES, side_ids, teams_of
from matches.shapes.statuses import farthest, status_of
from matches.shapes.values import moment, objects, text, whole, within

TIMES = ("scheduled_at", "configured_at", "started_at", "finished_at")
Scores = dict[str, int]


def columns(details: Document | None, history: Document | None, statistics: Document | None) -> dict[str, Any]:
    """Each with its value, None if no document says it. The details are believed first, then the history's item."""
    rounds = objects(within(statistics, "rounds"))
    sides = side_ids(details, history, statistics)
    best_of = whole(within(details, "best_of")) or whole(within(rounds, 0, "best_of"))
    wins = _maps_won(rounds, sides)
    return {
        "status": _status(details, history, _decided(best_of, wins)),
        "game": _first(within(details, "game"), within(history, "game_id"), within(rounds, 0, "game_id")),
        "region": _first(
            within(details, "region"), within(history, "region"), within(rounds, 0, "round_stats", "Region")
        ),
        "competition_name": _first(within(details, "competition_name"), within(history, "competition_name")),
        "best_of": best_of,
        "map": _maps(details, rounds),
        **{name: moment(within(details, name)) or moment(within(history, name)) for name in TIMES},
        **_names(details, history, rounds, sides),
        **_scores(details, history, rounds, best_of, wins, sides),
        "winner": _winner(details, history, _decided(best_of, wins)),
    }


def _first(*values: object) -> str | None:
    return next((found for value in values if (found := text(value))), None)


def _status(details: Document | None, history: Document | None, decided: str | None) -> str | None:
    """Statistics say none; but a match that they decide is over."""
    over = Status.FINISHED.value if decided else None
    return farthest(status_of(within(details, "status")), status_of(within(history, "status")), over)


def _maps(details: Document | None, rounds: list[Document]) -> str | None:
    """What was played, or else what was picked; of several, with commas between them."""
    played = [text(within(round, "round_stats", "Map")) for round in rounds]
    picked = within(details, "voting", "map", "pick")
    found = [name for name in played if name] or [name for each in _list(picked) if (name := text(each))]
    return text(", ".join(dict.fromkeys(found)))


def _list(value: object) -> list[Any]:
    return value[:10] if isinstance(value, list) else []


def _names(
    details: Document | None, history: Document | None, rounds: list[Document], sides: dict[str, str]
) -> dict[str, str | None]:
    last = {side: within(team, "team_stats", "Team") for round in rounds for side, team in teams_of(round, sides)}
    return {
        f"{side}_name": _first(
            within(details, "teams", side, "name"), within(history, "teams", side, "nickname"), last.get(side)
        )
        for side in SIDES
    }


def _scores(
    details: Document | None, history: Document | None, rounds: list[Document], best_of: int | None, wins: Scores,
    sides: dict[str, str],
) -> dict[str, int | None]:  # fmt: skip
    """Of one map the rounds, where any document counts them; of several, the maps."""
    told = [_both(within(document, "results", "score")) for document in (details, history)]
    if best_of == 1:
        detailed = within(details, "detailed_results", 0, "factions")
        counted = [
            _both({side: within(team, "team_stats", "Final Score") for side, team in teams_of(round, sides)})
            for round in rounds
        ]
        told = [*counted, *told, _both({side: within(detailed, side, "score") for side in SIDES})]
        told.sort(key=_counts_rounds, reverse=True)
    elif any(wins.values()):
        told.append(wins)
    found = next((scores for scores in told if scores), {})
    return {f"{side}_score": found.get(side) for side in SIDES}


def _both(value: object) -> Scores:
    found = {side: whole(within(value, side)) for side in SIDES}
    return {side: score for side, score in found.items() if score is not None}


def _counts_rounds(scores: Scores) -> bool:
    return max(scores.values(), default=0) > 1


def _maps_won(rounds: list[Document], sides: dict[str, str]) -> Scores:
    won = dict.fromkeys(SIDES, 0)
    for round in rounds:
        winner = within(round, "round_stats", "Winner")
        for side, team in teams_of(round, sides):
            won[side] += isinstance(winner, str) and winner == team.get("team_id")
    return won


def _decided(best_of: int | None, wins: Scores) -> str | None:
    """The side that has won so many maps that no other can."""
    return next((side for side in SIDES if best_of and wins[side] * 2 > best_of), None)


def _winner(details: Document | None, history: Document | None, decided: str | None) -> str | None:
    told = (within(details, "results", "winner"), within(history, "results", "winner"), decided)
    return next((side for side in told if side in SIDES), None)
