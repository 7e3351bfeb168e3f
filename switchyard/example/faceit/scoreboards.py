"""Invented statistics of a match, all of it texts, as the API gives them."""

from __future__ import annotations

from random import Random

from switchyard.example.planting import Document


def statistics(chance: Random, found: Document) -> Document:
    """found: the match's details; the statistics agree with its results."""
    results = found["detailed_results"][0]
    scores = {name: side["score"] for name, side in results["factions"].items()}
    rounds = sum(scores.values())
    game_map = (found["voting"] or {"map": {"pick": ["de_nuke"]}})["map"]["pick"][0]
    sides = found["teams"].items()
    return {
        "rounds": [
            {
                "best_of": "1",
                "competition_id": found["competition_id"],
                "game_id": found["game"],
                "game_mode": "5v5",
                "match_id": found["match_id"],
                "match_round": "1",
                "played": "1",
                "round_stats": {
                    "Winner": found["teams"][results["winner"]]["faction_id"],
                    "Rounds": str(rounds),
                    "Score": f"{scores['faction1']} / {scores['faction2']}",
                    "Map": game_map,
                    "Region": found["region"],
                },
                "teams": [_side(chance, side, scores[name], name == results["winner"], rounds) for name, side in sides],
            }
        ]
    }


def _side(chance: Random, side: Document, score: int, won: bool, rounds: int) -> Document:
    first = chance.randint(max(score - 12, 0), min(score, 12))
    return {
        "team_id": side["faction_id"],
        "premade": False,
        "team_stats": {
            "Team": side["name"],
            "Team Win": str(int(won)),
            "First Half Score": str(first),
            "Second Half Score": str(score - first),
            "Overtime score": "0",
            "Final Score": str(score),
        },
        "players": [
            {
                "player_id": player["player_id"],
                "nickname": player["nickname"],
                "player_stats": _player(chance, won, rounds),
            }
            for player in side["roster"]
        ],
    }


def _player(chance: Random, won: bool, rounds: int) -> dict[str, str]:
    kills, deaths, headshots = chance.randint(3, 30), chance.randint(3, 25), chance.randint(0, 3)
    figures = {
        "Kills": kills,
        "Deaths": deaths,
        "Assists": chance.randrange(9),
        "Headshots": headshots,
        "Headshots %": 100 * headshots // kills,
        "K/D Ratio": round(kills / deaths, 2),
        "K/R Ratio": round(kills / rounds, 2),
        "MVPs": chance.randrange(6),
        "Result": int(won),
    }
    # The extended figures may be missing.
    extended = {"ADR": round(chance.uniform(40, 130), 1), "First Kills": chance.randrange(6)}
    return {name: str(value) for name, value in (figures | (extended if chance.random() < 0.9 else {})).items()}
