"""Who plays for which side, whatever the shape calls them."""

from __future__ import annotations

from collections.abc import Iterator

from matches.shapes.checked import Document
from matches.shapes.values import objects, text, within

SIDES = ("faction1", "faction2")
MOST_ID = 100  # characters


def player_id(value: object) -> str | None:
    return text(value) if isinstance(value, str) and len(value) <= MOST_ID else None


def side_ids(details: Document | None, history: Document | None, statistics: Document | None) -> dict[str, str]:
    """Which side a team of the statistics is, by its id: they do not say it themselves, and may have the teams of each
    map in another order. Where no other document says it, the order of the first map counts.
    """
    teams = objects(within(statistics, "rounds", 0, "teams"))[:2]
    found = {
        team["team_id"]: side for team, side in zip(teams, SIDES, strict=False) if isinstance(team.get("team_id"), str)
    }
    for side in SIDES:
        for id in (within(history, "teams", side, "team_id"), within(details, "teams", side, "faction_id")):
            if isinstance(id, str):
                found[id] = side
    return found


def in_details(details: Document | None) -> dict[str, list[str]]:
    """By side, the roster and whoever plays in somebody's place."""
    found = {}
    for side in SIDES:
        team = within(details, "teams", side)
        substitutes = [one for one in objects(within(team, "substitutes")) if one.get("playing") is True]
        found[side] = _ids([*objects(within(team, "roster")), *substitutes])
    return found


def in_history(history: Document | None) -> dict[str, list[str]]:
    """By side, the roster; or, where it is told who played, these. Whoever is in no roster stands in for somebody, and
    so is on the side that lacks most.
    """
    found = {side: _ids(objects(within(history, "teams", side, "players"))) for side in SIDES}
    told = within(history, "playing_players")
    playing = list(dict.fromkeys(id for each in told if (id := player_id(each)))) if isinstance(told, list) else []
    if not playing:
        return found
    placed = {side: [id for id in ids if id in playing] for side, ids in found.items()}
    for id in playing:
        if not any(id in ids for ids in placed.values()):
            placed[min(SIDES, key=lambda side: len(placed[side]))].append(id)
    return placed


def in_statistics(statistics: Document | None, sides: dict[str, str]) -> dict[str, list[str]]:
    """Those who really played, of all maps."""
    found: dict[str, list[str]] = {side: [] for side in SIDES}
    for round in objects(within(statistics, "rounds")):
        for side, team in teams_of(round, sides):
            found[side] += [id for id in _ids(objects(team.get("players"))) if id not in found[side]]
    return found


def teams_of(round: Document, sides: dict[str, str]) -> Iterator[tuple[str, Document]]:
    """Teams of one map with their sides."""
    teams = objects(round.get("teams"))[:2]
    known = [sides.get(str(team.get("team_id"))) for team in teams]
    for at, team in enumerate(teams):
        other = known[1 - at] if len(teams) == len(SIDES) else None
        yield known[at] or (SIDES[1 - SIDES.index(other)] if other else SIDES[at]), team


def played(details: Document | None, history: Document | None, statistics: Document | None) -> dict[str, list[str]]:
    """Player ids by side, from the document that knows best."""
    from_statistics = in_statistics(statistics, side_ids(details, history, statistics))
    for found in (from_statistics, in_details(details), in_history(history)):
        if any(found.values()):
            return found
    return {side: [] for side in SIDES}


def _ids(players: list[Document]) -> list[str]:
    found = (player_id(player.get("player_id")) for player in players)
    return list(dict.fromkeys(id for id in found if id))
