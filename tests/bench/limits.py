"""A rate-limit check once the database alone is left, against one prepared UPDATE ... RETURNING on the same table."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from tests.bench.handover import Installation
from tests.bench.handover_ground import ground, keys, to_database_only

RECORDS = 1_000
ROUND = 200  # calls of each side
NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
LIMIT = 1_000_000

_BARE = """
UPDATE subscriptions_subscription SET
    daily_requests = CASE WHEN last_reset_date >= %s THEN daily_requests + 1 ELSE 1 END,
    last_reset_date = CASE WHEN last_reset_date >= %s THEN last_reset_date ELSE %s END
WHERE user_id = %s AND (last_reset_date IS NULL OR last_reset_date < %s OR daily_requests < %s) RETURNING daily_requests
"""


def run(folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Ratio of medians (lower is faster). folder: an empty one."""
    with Installation(folder / "one", records) as one:
        found: dict[str, Any] = one.ask(measure, repeats)
    return {"records": records, **found}


def measure(repeats: int) -> dict[str, Any]:
    """In the installation's own process."""
    to_database_only()
    ground().put(_db_only(), "subscriptions")
    sides, chance, everything = _sides(), Random(3), keys()
    _round(sides, chance, everything)
    rounds = [_round(sides, chance, everything) for _ in range(repeats)]
    return {
        "us, for scale only": {side: round(median(one[side] for one in rounds) * 1e6) for side in sides},
        "time of a check, to a bare UPDATE": round(median(one["check"] / one["bare UPDATE"] for one in rounds), 2),
        "time of a refusal, to a bare UPDATE": round(median(one["refusal"] / one["bare UPDATE"] for one in rounds), 2),
        "goal": "check <= 2.0",
    }


def _db_only() -> Any:
    from tests.migration_control.moving.ground import DB_ONLY

    return DB_ONLY


def _round(sides: dict[str, Callable[[int], object]], chance: Random, everything: list[int]) -> dict[str, float]:
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUND):
        for side, call in sides.items():
            key = chance.choice(everything)
            started = time.perf_counter()
            call(key)
            taken[side].append(time.perf_counter() - started)
    return {side: median(found) for side, found in taken.items()}


def _sides() -> dict[str, Callable[[int], object]]:
    """All on rows of users who have been counted before."""
    import psycopg
    from django.conf import settings
    from django.db import connection

    from subscriptions import services
    from subscriptions.models import Subscription

    everything = keys()
    for key in everything:
        Subscription.records.create(Subscription(user_id=key, daily_requests=1, last_reset_date=NOW))
        services.check_and_count(key, now=NOW)
    full = everything.pop()
    settings.DAILY_REQUESTS = {"free": LIMIT, "premium": LIMIT, "pro": LIMIT}
    Subscription.records.update(full, lambda found: setattr(found, "daily_requests", LIMIT))
    parameters = connection.get_connection_params()
    kept = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    bare = psycopg.connect(**kept, autocommit=True, prepare_threshold=0)
    begins = datetime(2026, 5, 6, tzinfo=UTC)

    def update(key: int) -> object:
        return bare.execute(_BARE, [begins, begins, NOW, key, begins, LIMIT]).fetchone()

    return {
        "check": lambda key: services.check_and_count(key, now=NOW),
        "bare UPDATE": update,
        "refusal": lambda key: services.check_and_count(full, now=NOW),
    }
