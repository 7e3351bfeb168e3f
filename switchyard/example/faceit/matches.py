"""Invented matches as the FACEIT Data API tells of them, and what was made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from switchyard.example.faceit import scoreboards
from switchyard.example.faceit.teams import team
from switchyard.example.planting import Document, uuid

MAPS = ("de_dust2", "de_mirage", "de_nuke", "de_overpass", "de_ancient", "de_inferno", "de_anubis")
COMPETITIONS = ("Evening Cup", "Долгая лига", "Thursday Mix", "Winter Open 🏔")
FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
UNPLAYED = ("SCHEDULED", "CONFIGURING", "READY", "ONGOING", "CANCELLED")


def details(chance: Random) -> Document:
    """/matches/{id}: times in epoch seconds, status in capitals; one in five was never played to its end."""
    match_id = f"1-{uuid(chance)}"
    played = chance.random() < 0.8
    sides = {"faction1": team(chance), "faction2": team(chance)}
    return {
        "match_id": match_id,
        "version": chance.randint(1, 40),
        "game": "cs2",
        "region": chance.choice(("EU", "NA", "SA")),
        "competition_id": uuid(chance),
        "competition_type": "matchmaking",
        "competition_name": chance.choice(COMPETITIONS),
        "organizer_id": "faceit",
        "teams": {name: side.as_details() for name, side in sides.items()},
        "voting": _voting(chance) if chance.random() < 0.8 else None,
        "calculate_elo": True,
        **_times(chance, played=played),
        "chat_room_id": f"match-{match_id}",
        "best_of": 1,
        **(_results(chance) if played else {}),
        "status": "FINISHED" if played else chance.choice(UNPLAYED),
        "faceit_url": f"https://www.faceit.com/{{lang}}/cs2/room/{match_id}",
    }


def history(found: Document) -> Document:
    """The same match as an item of /players/{id}/history, which calls much of it otherwise."""
    return {
        "match_id": found["match_id"],
        "game_id": found["game"],
        "region": found["region"],
        "competition_id": found["competition_id"],
        "competition_name": found["competition_name"],
        "max_players": 10,
        "teams": {name: _side(side) for name, side in found["teams"].items()},
        "playing_players": [player["player_id"] for side in found["teams"].values() for player in side["roster"]],
        "status": found["status"].lower(),
        "started_at": found["started_at"],
        "finished_at": found["finished_at"],
        "results": found["results"],
        "faceit_url": found["faceit_url"],
    }


def statistics(chance: Random, found: Document) -> Document:
    """/matches/{id}/stats: every value is a text."""
    return scoreboards.statistics(chance, found)


def _side(side: Document) -> Document:
    players = [
        {"player_id": player["player_id"], "nickname": player["nickname"], "skill_level": player["game_skill_level"]}
        for player in side["roster"]
    ]
    return {"team_id": side["faction_id"], "nickname": side["name"], "type": side["type"], "players": players}


def _voting(chance: Random) -> Document:
    entities = [{"guid": name, "game_map_id": name, "name": name[3:].title()} for name in MAPS]
    return {"map": {"entities": entities, "pick": [chance.choice(MAPS)]}, "voted_entity_types": ["map"]}


def _times(chance: Random, *, played: bool) -> dict[str, Any]:
    scheduled = int((FIRST_DAY + timedelta(seconds=chance.randrange(90 * 86_400))).timestamp())
    started = scheduled + chance.randint(60, 600)
    times = {"scheduled_at": scheduled, "configured_at": scheduled + 30}
    return times | ({"started_at": started, "finished_at": started + chance.randint(1500, 4000)} if played else {})


def _results(chance: Random) -> dict[str, Any]:
    """A match of one map counts its rounds, or the map."""
    winner = chance.choice(("faction1", "faction2"))
    loser = "faction2" if winner == "faction1" else "faction1"
    rounds = {winner: 13, loser: chance.randrange(12)}
    shown = rounds if chance.random() < 0.5 else {winner: 1, loser: 0}
    factions = {name: {"score": score} for name, score in rounds.items()}
    return {
        "results": {"winner": winner, "score": shown},
        "detailed_results": [{"asc_score": False, "winner": winner, "factions": factions}],
    }
