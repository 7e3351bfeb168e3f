"""Through the router once the database alone is left, against the plain ORM on the same table."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from statistics import median
from typing import Any

from tests.bench.handover_ground import keys, to_database_only, to_json

ROUND = 400  # calls of each side
SIDES = ("get", "ORM get", "update", "ORM get and save")


def run(repeats: int) -> dict[str, Any]:
    to_database_only()
    try:
        calls, chance, everything = _calls(), Random(2), keys()
        _round(calls, chance, everything)
        rounds = [_round(calls, chance, everything) for _ in range(repeats)]
    finally:
        to_json()
    return {
        "us, for scale only": {side: round(median(one[side] for one in rounds) * 1e6) for side in SIDES},
        "time of a read, to the ORM's get()": round(median(one["get"] / one["ORM get"] for one in rounds), 2),
        "time of an update, to the ORM's get() and save() in a transaction": round(
            median(one["update"] / one["ORM get and save"] for one in rounds), 2
        ),
        "goals": "<= 1.5 each",
    }


def _round(calls: dict[str, Callable[[int], object]], chance: Random, everything: list[int]) -> dict[str, float]:
    taken: dict[str, list[float]] = {side: [] for side in calls}
    for _ in range(ROUND):
        for side, call in calls.items():
            key = chance.choice(everything)
            started = time.perf_counter()
            call(key)
            taken[side].append(time.perf_counter() - started)
    return {side: median(found) for side, found in taken.items()}


def _calls() -> dict[str, Callable[[int], object]]:
    from django.db import transaction

    from accounts.models import User

    def count_up(user: User) -> None:
        user.total_requests += 1

    def orm(key: int) -> None:
        with transaction.atomic():
            user = User.objects.get(pk=key)
            count_up(user)
            user.save()

    calls: dict[str, Callable[[int], object]] = {
        "get": User.records.get,
        "ORM get": lambda key: User.objects.get(pk=key),
        "update": lambda key: User.records.update(key, count_up),
        "ORM get and save": orm,
    }
    assert tuple(calls) == SIDES
    return calls
