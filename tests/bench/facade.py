"""200 handlers at once through the facade, database only, against bare psycopg with the same statements and as many
connections; and how long a read takes that has to fall back because the database is away.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import psutil  # type: ignore[import-untyped]

from tests.bench.handover import Installation
from tests.bench.handover_ground import ground, keys, to_database_only, to_json

RECORDS = 400
HANDLERS, CALLS = 200, 10  # calls of each handler in a round
READS = 50
UNLIMITED = 1_000_000_000

Write = Callable[[int], Awaitable[object]]


def run(folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Ratios of medians (for writes/s higher is faster). folder: an empty one, on the disk to measure."""
    with Installation(folder / "one", max(records, HANDLERS)) as one:
        found: dict[str, Any] = one.ask(handlers, repeats)
        found["slowest of some reads, retry included (ms)"] = one.ask(falling_back)
    return {"records": records, "load": round(os.getloadavg()[0], 1), **found}


# Handlers


def handlers(repeats: int) -> dict[str, Any]:
    """In the installation's own process."""
    from django.conf import settings

    from subscriptions.models import Subscription
    from tests.migration_control.moving.ground import DB_ONLY

    to_database_only()
    ground().put(DB_ONLY, "subscriptions")
    settings.DAILY_REQUESTS = dict.fromkeys(("free", "premium", "pro"), UNLIMITED)
    for key in keys()[:HANDLERS]:
        Subscription.records.create(Subscription(user_id=key, daily_requests=1))
    return asyncio.run(_measured(keys()[:HANDLERS], Bare(keys()[0]), repeats))


async def _measured(users: list[int], bare: Bare, repeats: int) -> dict[str, Any]:
    from switchyard.facade import Switchyard
    from switchyard.overload import gate

    desk = Switchyard()

    async def check(user: int) -> object:
        allowed, why = await desk.check_rate_limit(user)
        assert allowed, why
        return allowed

    async def nothing(_: int) -> object:
        return await gate().run(lambda: None)

    sides: dict[str, Write] = {"facade": check, "no events": check, "bare": bare.write, "nothing": nothing}
    rounds = [await _round(sides, users) for _ in range(repeats + 1)][1:]
    await desk.close()
    ratios = {name: round(median(one[name] / one["bare"] for one in rounds), 2) for name in ("facade", "no events")}
    return {
        "calls/s, for scale only": {name: round(median(one[name] for one in rounds)) for name in sides},
        f"writes/s of {HANDLERS} handlers, to bare psycopg": ratios["facade"],
        "the same without the event that is recorded of each": ratios["no events"],
        "goal": ">= 0.5",
    }


async def _round(sides: dict[str, Write], users: list[int]) -> dict[str, float]:
    """Each side's events are written before the next one begins, and count as its own time."""
    from django.conf import settings

    from analytics.recording import recorder

    found: dict[str, float] = {}
    for name, write in sides.items():
        settings.ENABLE_ANALYTICS = name != "no events"
        began = time.perf_counter()
        await _all(write, users)
        await asyncio.to_thread(recorder().flush, 60)
        found[name] = len(users) * CALLS / (time.perf_counter() - began)
    return found


async def _all(write: Write, users: list[int]) -> None:
    async def handler(user: int) -> None:
        for _ in range(CALLS):
            await write(user)

    await asyncio.gather(*(handler(user) for user in users))


class Bare:
    """The statements of one rate-limit check, as many connections as ours has, and nothing else."""

    def __init__(self, key: int) -> None:
        from django.db import connection

        from migration_control.routing.threads import THREADS

        self._key, self._statements = key, _statements(key)
        named = connection.get_connection_params()
        self._server = {n: named[n] for n in ("dbname", "user", "password", "host", "port") if n in named}
        self._own = threading.local()
        self._pool = ThreadPoolExecutor(THREADS)

    async def write(self, key: int) -> object:
        return await asyncio.wrap_future(self._pool.submit(self._write, key))

    def _write(self, key: int) -> object:
        import psycopg

        if not hasattr(self._own, "connection"):
            self._own.connection = psycopg.connect(**self._server, prepare_threshold=0)
        connection = self._own.connection
        version = 0
        for statement, values in self._statements:
            if statement.startswith("UPDATE"):
                *fields, _, _ = values
                values = [key if value == self._key else value for value in fields] + [key, version]
            elif values is not None:
                values = [[key]]
            # What has no values may be several statements, which nobody can prepare.
            cursor = connection.execute(statement, values, prepare=values is not None)
            found = cursor.fetchone() if values is not None else None
            if found is not None and "FOR UPDATE" in statement:
                version = found[0]
        assert found is not None
        connection.commit()
        return found


def _statements(key: int) -> list[tuple[str, Any]]:
    """Of a check, each with its values."""
    from django.db import connection
    from django.utils import timezone

    from subscriptions import services

    seen: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    services.check_and_count(key, now=timezone.now())
    with connection.execute_wrapper(note):
        services.check_and_count(key, now=timezone.now())
    assert seen[-1][0].startswith("UPDATE"), seen
    return seen


# Falling back


def falling_back() -> dict[str, object]:
    """Dual-write reading the database. In the installation's own process; PostgreSQL is stopped at the end."""
    from django.db import connection

    from migration_control.mirroring import servers
    from tests.migration_control.moving.ground import DUAL_DATABASE

    to_json()
    ground().put(DUAL_DATABASE, "users", "subscriptions")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = psutil.Process(cursor.fetchone()[0]).parent()
    connection.close()
    assert server is not None
    found: dict[str, object] = {"while the database answers": _reads(READS)}
    frozen = [server, *server.children(recursive=True)]
    for process in frozen:
        process.suspend()
    found |= {"hung, the first": _reads(1), "hung, the next": _reads(READS)}
    for process in frozen:
        process.resume()
    while servers.away():
        time.sleep(0.05)
    _reads(READS)
    server.send_signal(signal.SIGINT)
    server.wait(30)
    return found | {"stopped, the first": _reads(1), "stopped, the next": _reads(READS), "goal": "<= 500"}


def _reads(number: int) -> float:
    from switchyard.legacy import storage

    async def slowest() -> float:
        taken = list[float]()
        for key in keys()[:number]:
            began = time.perf_counter()
            assert await storage.get_user(key) is not None
            taken.append(time.perf_counter() - began)
        return max(taken)

    return round(asyncio.run(slowest()) * 1e3, 1)
