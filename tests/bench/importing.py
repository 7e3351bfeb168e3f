"""How fast users reach the table: against a bare COPY of the same rows, and Django's bulk_create.

Every run starts with an empty table and everything pending, one after the other in turn, so that
a machine that slows down slows them all.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

BULK = 1000  # the owner's largest batch
PIECE = 1 << 20  # bytes handed to a bare COPY at a time


def run(folder: Path, users: int, repeats: int = 3) -> dict[str, Any]:
    """Ratios to a bare COPY (higher is faster), and the importer's peak memory in MB at several sizes.

    Django is set up and the schema is there. folder: for files, on the same disk as the servers.
    """
    from migration_control import components, store

    prepare_index(folder, users)
    component = components.get("users")
    lines = folder / "lines.copy"
    with lines.open("wb") as file:
        for piece in _lines(component):
            file.write(piece)
    peaks: list[float] = []
    ways: dict[str, Callable[[], float]] = {
        "bare COPY": lambda: _bare_copy(lines, users),
        "import": lambda: _import(users, peaks=peaks)["rate"],
        "import in batches of 1000": lambda: _import(users, BULK)["rate"],
        "bulk_create of 1000": lambda: _bulk_create(component, min(users, 100_000)),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            rates[name].append(way())
    base = rates["bare COPY"]
    store.index().close()
    return {
        "users": users,
        "rows/s of a bare COPY, for scale only": round(median(base)),
        "ratios to a bare COPY": {
            name: round(median(rate / bare for rate, bare in zip(found, base, strict=True)), 3)
            for name, found in rates.items()
        },
        "importer's peak memory (MB) by users": {str(users): round(max(peaks))},
        "ratio of import to bulk_create": round(
            median(a / b for a, b in zip(rates["import"], rates["bulk_create of 1000"], strict=True)), 1
        ),
    }


def memory(folder: Path, sizes: list[int]) -> dict[str, int]:
    """The importer's peak memory in MB for each number of users."""
    found = {}
    for users in sizes:
        prepare_index(folder, users)
        found[str(users)] = round(_import(users)["megabytes"])
    return found


def prepare_index(folder: Path, users: int) -> None:
    """A data.json of so many users, read into an empty index."""
    from django.conf import settings

    from migration_control import components, store
    from migration_control.models import ComponentState
    from tests.bench.data import write_users

    store.index().close()
    for path in Path(settings.LEGACY_INDEX).parent.glob("index.sqlite3*"):
        path.unlink()
    ComponentState.objects.update(index_id="", index_counter=0)  # this index is new on purpose
    write_users(folder / "data.json", users)
    store.refresh(components.get("users"), confirm_shrink=True)
    store.index().close()


def _lines(component: Any) -> Iterator[bytes]:
    from migration_control import store
    from migration_control.prepare import prepare

    after = None
    while (batch := store.index().pending(component.name, after, 10_000)).records:
        after = batch.records[-1].key
        prepared = prepare(component, batch, store.time_zone(component), "data.json", 1)
        yield "".join(line for _, line in prepared.rows).encode()


def _execute(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _bare_copy(lines: Path, users: int) -> float:
    from django.db import connection

    from migration_control import components
    from migration_control.tables import table

    _execute(
        "DROP TABLE IF EXISTS bare_user", "CREATE TABLE bare_user (LIKE accounts_user INCLUDING ALL)", "CHECKPOINT"
    )
    statement = table(components.get("users")).copy.replace('"accounts_user"', "bare_user")
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(statement) as stream, lines.open("rb") as file:
        while piece := file.read(PIECE):
            stream.write(piece)
    seconds = time.perf_counter() - started
    _execute("DROP TABLE bare_user")
    return users / seconds


def _empty() -> None:
    """No rows, everything pending: by the back door, since neither is a thing that the product does."""
    from migration_control import store

    _execute(
        "SET session_replication_role = replica",
        "TRUNCATE accounts_user",
        "DELETE FROM migration_control_finding",
        "DELETE FROM migration_control_change",
        "SET session_replication_role = DEFAULT",
        "CHECKPOINT",
    )
    with store.index().write() as (connection, counter):
        connection.execute("DELETE FROM pending")
        connection.execute("INSERT INTO pending SELECT component, key, -1, ? FROM record", (counter,))
    store.index().close()


def _import(users: int, batch: int | None = None, peaks: list[float] | None = None) -> dict[str, float]:
    """In a process of its own, whose memory is the importer's alone and is added to `peaks`."""
    _empty()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.importer", *([str(batch)] if batch else [])],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["inserted"] == users, found
    if peaks is not None:
        peaks.append(found["megabytes"])
    return {"rate": users / found["seconds"], "megabytes": found["megabytes"]}


def _bulk_create(component: Any, users: int) -> float:
    """Without the triggers, which would cost it more than it costs itself."""
    from migration_control import store

    _empty()
    zone = store.time_zone(component)
    rows = [
        component.model(**held.values, version=record.version)
        for record in store.index().pending(component.name, None, users).records
        if (held := component.mapping.held(record, zone))
    ]
    _execute("SET session_replication_role = replica")
    started = time.perf_counter()
    component.model.objects.bulk_create(rows, batch_size=BULK)
    seconds = time.perf_counter() - started
    _execute("SET session_replication_role = DEFAULT")
    return users / seconds
