"""Storing a match's statistics, against bare prepared inserts of the same rows into tables without triggers.

.venv/bin/python -m tests.bench.matches [rounds]
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench.handover import Installation

if TYPE_CHECKING:
    from matches.models import Match

ROUND = 60  # matches of each side
USERS = 100  # there have to be some
GOALS = "statistics <= 2.0 of the same rows bare"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Sides = dict[str, Callable[[int], float]]


def main(arguments: Sequence[str]) -> int:
    from config.environment import read, var_dir

    var = var_dir(read())
    var.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=var) as folder:
        Path(folder).chmod(0o711)
        print(json.dumps(run(Path(folder), USERS, int(arguments[0]) if arguments else 3), indent=2))
    return 0


def run(folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Ratios of medians, database only. folder: an empty one, on the disk to measure."""
    with Installation(folder / "matches", min(records, USERS)) as one:
        found: dict[str, Any] = one.ask(_measured, repeats)
    return found


def _measured(repeats: int) -> dict[str, Any]:
    from tests.bench.handover_ground import ground
    from tests.migration_control.moving.ground import DB_ONLY

    ground().put(DB_ONLY, "matches", "players")
    sides = _sides()
    rounds = [_round(sides, number) for number in range(repeats + 1)][1:]  # the first warms up
    return {
        "us, for scale only": {side: round(median(one[side] for one in rounds) * 1e6) for side in sides},
        "of a match that is new, with ten players, to the same eleven rows": _ratio(rounds, "new", "bare, new"),
        "the same, to bare rows in two transactions, as they are here": _ratio(rounds, "new", "bare, new, in two"),
        "of a match whose details are known, to the same row": _ratio(rounds, "known", "bare, known"),
        "goals": GOALS,
    }


def _ratio(rounds: list[dict[str, float]], side: str, base: str) -> float:
    return round(median(one[side] / one[base] for one in rounds), 2)


def _round(sides: Sides, number: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for at in range(ROUND):
        for side, store in sides.items():
            taken[side].append(store(number * ROUND + at))
    return {side: median(found) for side, found in taken.items()}


def _sides() -> Sides:
    from matches.models import Match, Player
    from matches.services import store_details, store_statistics
    from matches.shapes.merging import everyone_in, lay
    from tests.faceit.replies import PLAYER, details, other, other_id, statistics

    match_rows, player_rows = Bare(Match), Bare(Player)

    def documents(number: int) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Of a match that nobody has seen, nor any of its players."""
        told = (other(one, number) for one in (details(), statistics()))
        first, second = (json.loads(json.dumps(one).replace('_id": "', f'_id": "{number:x}-')) for one in told)
        for one in (first, *second["rounds"]):
            one["match_id"] = other_id(number)
        assert PLAYER not in everyone_in(Match(match_id="1", details=first))
        return other_id(number), first, second

    def made(id: str, *, known: dict[str, Any] | None, told: dict[str, Any]) -> Match:
        match = Match(match_id=id)
        if known is not None:
            lay(match, "details", known)
        lay(match, "statistics", told)
        return match

    def players(match: Match) -> list[Player]:
        return [Player(player_id=id, matches={match.match_id: int(NOW.timestamp())}) for id in everyone_in(match)]

    def new(number: int) -> float:
        id, _, told = documents(4 * number)
        return _timed(lambda: store_statistics(id, told, now=NOW))

    def known(number: int) -> float:
        id, before, told = documents(4 * number + 1)
        store_details(before, now=NOW)
        return _timed(lambda: store_statistics(id, told, now=NOW))

    def bare_new(number: int) -> float:
        id, _, told = documents(4 * number + 2)
        match = made(id, known=None, told=told)
        rows = [player_rows.values(player) for player in players(match)]
        row = match_rows.values(match)
        return _timed(lambda: match_rows.insert([(player_rows, rows), (match_rows, [row])]))

    def bare_in_two(number: int) -> float:
        id, _, told = documents(4 * number + 3)
        match = made(id, known=None, told=told)
        rows = [player_rows.values(player) for player in players(match)]
        row = match_rows.values(match)

        def both() -> None:
            match_rows.insert([(player_rows, rows)])
            match_rows.insert([(match_rows, [row])])

        return _timed(both)

    def bare_known(number: int) -> float:
        id, before, told = documents(10_000_000 + number)
        row = match_rows.values(made(id, known=before, told=told))
        return _timed(lambda: match_rows.insert([(match_rows, [row])]))

    return {
        "new": new, "bare, new": bare_new, "bare, new, in two": bare_in_two, "known": known, "bare, known": bare_known,
    }  # fmt: skip


class Bare:
    """A table as the model's, indexes and all, but without triggers; its inserts are prepared."""

    def __init__(self, model: Any) -> None:
        from django.db import connection

        self._fields = list(model._meta.concrete_fields)
        table = model._meta.db_table
        names = ", ".join(field.column for field in self._fields)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS bare_{table}")
            cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        self._connection = connection.connection
        self._statement = f"INSERT INTO bare_{table} ({names}) VALUES ({', '.join(['%s'] * len(self._fields))})"

    def values(self, record: Any) -> list[Any]:
        from django.db import connection

        return [field.get_db_prep_save(getattr(record, field.attname), connection) for field in self._fields]

    def insert(self, rows: list[tuple[Bare, list[list[Any]]]]) -> None:
        """All in one transaction."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for table, values in rows:
                for row in values:
                    cursor.execute(table._statement, row, prepare=True)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
