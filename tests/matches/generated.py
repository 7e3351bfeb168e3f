"""Matches of players who do not exist, played by a model: what the weights of a prediction are fitted to.

A player has a skill (normal), some days better than others, and maps that they like more or less. Elo is what a long
career leaves of the skill, off by some 120 points. A side's strength is the mean of its players' on the day and on the
map; each round goes by the difference (logistic), and the match by the rounds. The last twenty results, K/D and the
careers per map that are seen beforehand come from matches against even opponents, where a player is one of five and so
counts half. Nothing of this was measured on real players.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from matches.figures import Form, MapFigures, PlayerStatistics

MAPS = ("mirage", "inferno", "nuke", "ancient", "anubis", "dust2", "overpass")
SKILL = 350.0  # points of elo for one standard deviation
PER_ROUND = 0.55  # log odds of a round for a lead of one standard deviation of skill
ROUNDS = 13
LAST = 20  # maps of recent form


@dataclass(frozen=True)
class Player:
    statistics: PlayerStatistics
    skill: float
    day: float
    maps: dict[str, float]

    def strength(self, map: str) -> float:
        return self.skill + self.day + self.maps[map]


@dataclass(frozen=True)
class Game:
    first: Sequence[PlayerStatistics]
    second: Sequence[PlayerStatistics]
    map: str
    won: bool  # by the first side


def games(count: int, seed: int) -> list[Game]:
    chance = Random(seed)
    return [_game(chance) for _ in range(count)]


def _game(chance: Random) -> Game:
    """Sides are made even on the whole, as matchmaking does, but never quite."""
    level, map = chance.gauss(0, 0.8), chance.choice(MAPS)
    first, second = ([_player(chance, level + chance.gauss(0, 0.35)) for _ in range(5)] for _ in range(2))
    lead = (sum(p.strength(map) for p in first) - sum(p.strength(map) for p in second)) / 5
    won = bool(_wins(chance, lead, 1))
    return Game([p.statistics for p in first], [p.statistics for p in second], map, won)


def _player(chance: Random, level: float) -> Player:
    skill, day = level + chance.gauss(0, 0.4), chance.gauss(0, 0.3)
    liked = {map: chance.gauss(0, 0.25) for map in MAPS}
    elo = max(100, round(1500 + SKILL * skill + chance.gauss(0, 120)))
    wins = _wins(chance, day / 2, LAST)
    kills = max(1, round(chance.gauss(16 + 4 * day, 1.5) * LAST))
    deaths = max(1, round(chance.gauss(16 - 2 * day, 1.5) * LAST))
    maps = {map: chance.randint(0, 120) for map in MAPS}
    by_map = {map: MapFigures(played, _wins(chance, liked[map] / 2, played)) for map, played in maps.items() if played}
    form = Form(maps=LAST, wins=wins, kd=kills / deaths)
    return Player(PlayerStatistics("generated", elo=elo, level=5, form=form, by_map=by_map), skill, day, liked)


def _share(lead: float) -> float:
    """Of matches that are won with that lead: 13 or more of 25 rounds, by the normal approximation."""
    of_rounds = 1 / (1 + math.exp(-PER_ROUND * lead))
    beyond = (ROUNDS * 2 - 1) * (of_rounds - 0.5) / math.sqrt((ROUNDS * 2 - 1) * of_rounds * (1 - of_rounds))
    return 0.5 * (1 + math.erf(beyond / math.sqrt(2)))


def _wins(chance: Random, lead: float, matches: int) -> int:
    """Of so many, by the normal approximation; of one, by chance."""
    share = _share(lead)
    if matches == 1:
        return int(chance.random() < share)
    return min(matches, max(0, round(chance.gauss(matches * share, math.sqrt(matches * share * (1 - share))))))
