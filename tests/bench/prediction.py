"""Fits the weights of matches.prediction to generated matches, and says how well they predict others.

.venv/bin/python -m tests.bench.prediction [matches]    prints weights, Brier scores and a table of reliability.
Nothing of it says how well real matches are predicted.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.bench.reading import ZONE

if TYPE_CHECKING:
    from tests.matches.generated import Game

MATCHES, SEED, HELD_OUT = 20_000, 1, 2  # matches to fit to, the seed of those, and of the ones to judge by
Rows = list[list[float]]


def main(arguments: Sequence[str]) -> int:
    import os
    import tempfile

    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "STORAGE_BACKEND": "json", "ENABLE_SERVICES": "false"}
    os.environ |= {"LEGACY_DIR": tempfile.gettempdir(), "LEGACY_TIME_ZONE": ZONE}
    import django

    django.setup()
    print(json.dumps(run(int(arguments[0]) if arguments else MATCHES), indent=2))
    return 0


def run(matches: int = MATCHES) -> dict[str, Any]:
    from matches.prediction import FACTORS, WEIGHTS, chance
    from tests.matches.generated import games

    rows, results = _rows(games(matches, SEED))
    fitted = fit(rows, results)
    held_out = games(matches // 2, HELD_OUT)
    rows, results = _rows(held_out)
    told = [chance(dict(zip(FACTORS, row, strict=True))) for row in rows]
    anew = [_chance(fitted, row) for row in rows]
    elo = fit([[row[0]] for row in rows], results)
    return {
        "fitted": dict(zip(FACTORS, [round(each, 2) for each in fitted], strict=True)),
        "in use": dict(WEIGHTS),
        "brier": {
            "in use": round(brier(told, results), 4),
            "fitted": round(brier(anew, results), 4),
            "elo alone": round(brier([_chance(elo, row[:1]) for row in rows], results), 4),
            "a coin": 0.25,
        },
        "right of favourites": round(
            sum((p > 0.5) == won for p, won in zip(told, results, strict=True)) / len(told), 3
        ),
        "said, happened, matches": reliability(told, results),
    }


def _rows(games: Sequence[Game]) -> tuple[Rows, list[bool]]:
    from matches.prediction import FACTORS, differences

    found = [differences(game.first, game.second, game.map) for game in games]
    return [[one.get(name, 0.0) for name in FACTORS] for one in found], [game.won for game in games]


def fit(rows: Rows, results: Sequence[bool]) -> list[float]:
    """Weights of the least log loss, by Newton's method. No constant: sides are named by chance."""
    size = len(rows[0])
    weights = [0.0] * size
    for _ in range(12):
        slope = [0.0] * size
        curve = [[1e-6 * (i == j) for j in range(size)] for i in range(size)]
        for row, won in zip(rows, results, strict=True):
            told = _chance(weights, row)
            for i in range(size):
                slope[i] += (won - told) * row[i]
                for j in range(size):
                    curve[i][j] += told * (1 - told) * row[i] * row[j]
        weights = [weight + step for weight, step in zip(weights, _solved(curve, slope), strict=True)]
    return weights


def brier(told: Sequence[float], results: Sequence[bool]) -> float:
    """The mean square of what was said less what happened; 0.25 is a coin's."""
    return sum((p - won) ** 2 for p, won in zip(told, results, strict=True)) / len(told)


def reliability(told: Sequence[float], results: Sequence[bool], bins: int = 10) -> list[tuple[float, float, int]]:
    """Of each tenth of the scale: the mean that was said, the share that happened, and of how many."""
    found = []
    for low in range(bins):
        inside = [(p, won) for p, won in zip(told, results, strict=True) if low <= p * bins < low + 1]
        if inside:
            said = sum(p for p, _ in inside) / len(inside)
            found.append((round(said, 3), round(sum(won for _, won in inside) / len(inside), 3), len(inside)))
    return found


def _chance(weights: Sequence[float], row: Sequence[float]) -> float:
    return 1 / (1 + math.exp(-sum(weight * value for weight, value in zip(weights, row, strict=True))))


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss's elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for at in range(len(rows)):
        pivot = max(range(at, len(rows)), key=lambda index: abs(rows[index][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for other in range(len(rows)):
            if other != at:
                factor = rows[other][at]
                rows[other] = [value - factor * own for value, own in zip(rows[other], rows[at], strict=True)]
    return [row[-1] for row in rows]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
