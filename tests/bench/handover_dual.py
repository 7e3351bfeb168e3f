"""A write into both stores, against the two that it consists of, bare: alone, and under another's dual write."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench.handover_ground import ground, keys

if TYPE_CHECKING:
    from accounts.models import User
    from tests.bench.handover_peers import Payload

ROUND = 400  # writes of each side
GOALS = "save <= 1.25 of the two bare ones; no slower than the same two under the Migrator"

Seconds = list[float]
Sides = dict[str, Callable[[int], float]]


def run(repeats: int) -> dict[str, Any]:
    from migration_control.mirroring import acknowledging

    sides, missing = _sides()
    rounds: list[dict[str, float]] = []
    chance, everything = Random(1), keys()
    _round(sides, chance, everything)  # warms both up: plans, caches, connections
    for _ in range(repeats):
        rounds.append(_round(sides, chance, everything))
    acknowledging.flush()
    base = "two bare writes"
    return {
        "us, for scale only": {side: round(median(one[side] for one in rounds) * 1e6) for side in sides},
        "time, to the two bare writes": {
            side: round(median(one[side] / one[base] for one in rounds), 2) for side in sides if side != base
        },
        "time of save, to the two under the Migrator": missing
        or round(median(one["save"] / one["under the Migrator"] for one in rounds), 2),
        "left to the drain": ground().lag()[0],
        "goals": GOALS,
    }


def _round(sides: Sides, chance: Random, everything: list[int]) -> dict[str, float]:
    taken: dict[str, Seconds] = {side: [] for side in sides}
    for _ in range(ROUND):
        for side, write in sides.items():
            taken[side].append(write(chance.choice(everything)))
    return {side: median(found) for side, found in taken.items()}


def _sides() -> tuple[Sides, str]:
    """And why the Migrator is not among them, if it is not."""
    from accounts.models import User
    from legacy_json.documents import encoded
    from migration_control import store
    from tests.bench.handover_peers import BarePostgres, Payload, Unavailable, bare_sqlite, into_sqlite, migrator

    records, index = User.records, ground().index
    rows = index.connection().execute("SELECT key, document FROM record WHERE component = 'users'")
    sqlite = into_sqlite(bare_sqlite(Path(index.path).with_name("bare.sqlite3"), rows))
    postgres = BarePostgres(User)
    mapping, zone = ground().users.mapping, store.time_zone(ground().users)
    fields, adapted = User._meta.concrete_fields, _adapted()

    def changed(key: int) -> User:
        record = records.get(key)
        assert record is not None
        record.total_requests += 1
        return record

    def payload(key: int) -> Payload:
        record = changed(key)
        record.version = _next()
        document = encoded(mapping.write(record, zone), odd=False)[1]
        return Payload(key, record.version, document, [adapted(field, record) for field in fields])

    def bare(payload: Payload) -> None:
        sqlite(payload)
        postgres.write(payload)

    sides: Sides = {
        "two bare writes": lambda key: _timed(bare, payload(key)),
        "save": lambda key: _timed(records.save, changed(key)),
        "update": lambda key: _timed(lambda key: records.update(key, _count_up), key),
        "SQLite's part, bare": lambda key: _timed(sqlite, payload(key)),
        "PostgreSQL's part, bare": lambda key: _timed(postgres.write, payload(key)),
    }
    try:
        under = migrator(sqlite, postgres.write)
    except Unavailable as error:
        return sides, str(error)
    return sides | {"under the Migrator": lambda key: _timed(under, payload(key))}, ""


def _count_up(user: User) -> None:
    user.total_requests += 1


def _adapted() -> Callable[[Any, Any], Any]:
    from django.db import connection

    return lambda field, record: field.get_db_prep_save(getattr(record, field.attname), connection)


def _next() -> int:
    """Above every version so far: each bare write finds its row older."""
    return time.monotonic_ns()


def _timed(work: Callable[[Any], object], given: object) -> float:
    started = time.perf_counter()
    work(given)
    return time.perf_counter() - started
