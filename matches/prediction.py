"""Which side is likelier to win: logistic regression on what is known of both sides' players beforehand.

Each factor is the mean of one side's players less that of the other; a player of whom nothing is known counts as
average, a factor of which nothing is known as even. Shares of wins are drawn towards one half by PRIOR maps that
nobody played, so that a few games say little.

WEIGHTS were fitted by tests/bench/prediction.py to matches that were generated (see there how; seed 1, 20,000
matches), and there they are calibrated. How well they do on real matches nobody has measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from matches.figures import PlayerStatistics

METHOD = "logistic-1"
BASIS = "generated matches; accuracy on real ones is unmeasured"
FACTORS = ("elo", "form", "kd", "map")
# Of the log odds: per 400 points of elo, per whole share of wins, per doubling of K/D, per whole share of wins.
WEIGHTS: Mapping[str, float] = {"elo": 1.66, "form": 2.64, "kd": 1.23, "map": 3.89}

PRIOR = 10.0  # maps
SCALE = 400.0  # points of elo
# A level's middle, where a roster tells the level alone.
ELO_OF_LEVEL = {1: 300, 2: 625, 3: 825, 4: 975, 5: 1125, 6: 1275, 7: 1440, 8: 1640, 9: 1875, 10: 2300}
FURTHEST = 0.97  # no match is surer than that


def chance(factors: Mapping[str, float]) -> float:
    """Of the first side, 0..1, from the differences between the sides."""
    odds = sum(WEIGHTS[name] * factors.get(name, 0.0) for name in FACTORS)
    found = 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))
    return max(1 - FURTHEST, min(FURTHEST, found))


def differences(
    first: Sequence[PlayerStatistics], second: Sequence[PlayerStatistics], map: str | None
) -> dict[str, float]:
    """The factors that both sides say something of. map: as values.map_name has it, if it is known."""
    sides = [_side(first, map), _side(second, map)]
    return {name: sides[0][name] - sides[1][name] for name in FACTORS if all(name in side for side in sides)}


def _side(players: Sequence[PlayerStatistics], map: str | None) -> dict[str, float]:
    found = {
        "elo": _mean(_elo(player) for player in players),
        "form": _mean(_share(player.form.wins, player.form.maps) for player in players),
        "kd": _mean(math.log2(max(0.1, min(10.0, player.form.kd))) for player in players if player.form.kd is not None),
        "map": _mean(
            _share(player.by_map[map].wins, player.by_map[map].maps) for player in players if _knows(player, map)
        )
        if map
        else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _elo(player: PlayerStatistics) -> float | None:
    """In units of SCALE. 0 is a new player, of whom nothing is known yet."""
    elo = player.elo or ELO_OF_LEVEL.get(player.level or 0)
    return elo / SCALE if elo else None


def _share(wins: int, maps: int) -> float | None:
    return (wins + PRIOR / 2) / (maps + PRIOR) if maps else None


def _knows(player: PlayerStatistics, map: str | None) -> bool:
    return map in player.by_map


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
