"""How fast a component's records reach the table: against a bare COPY of the same rows, and Django's bulk_create.

Every run starts with an empty table and everything pending, one after the other in turn, so that
a machine that slows down slows them all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from config.stack import isolate
from tests.bench.reading import ZONE, apart
from tests.bench.stores import STORES

BULK = 1000  # the owner's largest batch
MOST = 50_000  # rows of a bulk_create
PIECE = 1 << 20  # bytes handed to a bare COPY at a time


def run(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """Ratios to a bare COPY (higher is faster), and the importer's peak memory in MB. folder: an empty one."""
    home, bot = folder / "home", folder / "bot"
    home.mkdir(mode=0o711)
    bot.mkdir()
    isolate(home, bot, ZONE)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    from config.embedded import Servers

    with Servers(home):
        found: dict[str, Any] = apart(_run, name, bot, records, repeats)
    return found


def _run(name: str, folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """In a process of its own: Django's settings are of one installation."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from migration_control import components, store

    component = components.get(STORES[name].component)
    rows = prepare_index(name, component, folder, records)
    lines = folder / "lines.copy"
    with lines.open("wb") as file:
        for piece in _lines(component):
            file.write(piece)
    peaks: list[float] = []
    ways: dict[str, Callable[[], float]] = {
        "bare COPY": lambda: _bare_copy(component, lines, rows),
        "import": lambda: _import(component, rows, peaks=peaks),
        "import in batches of 1000": lambda: _import(component, rows, BULK),
        "bulk_create of 1000": lambda: _bulk_create(component, min(rows, MOST)),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repeats):
        for way, work in ways.items():
            rates[way].append(work())
    base = rates["bare COPY"]
    store.index().close()
    return {
        "rows": rows,
        "lines (MB)": round(lines.stat().st_size / 1e6),
        "rows/s of a bare COPY, for scale only": round(median(base)),
        "ratios to a bare COPY": {
            way: round(median(rate / bare for rate, bare in zip(found, base, strict=True)), 3)
            for way, found in rates.items()
        },
        "ratio of import to bulk_create": round(
            median(a / b for a, b in zip(rates["import"], rates["bulk_create of 1000"], strict=True)), 1
        ),
        "importer's peak memory (MB)": round(max(peaks)),
    }


def prepare_index(name: str, component: Any, folder: Path, records: int) -> int:
    """So many records, read into an empty index. Returns how many rows that makes."""
    from django.conf import settings

    from migration_control import store
    from migration_control.models import ComponentState

    store.index().close()
    for path in Path(settings.LEGACY_INDEX).parent.glob("index.sqlite3*"):
        path.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    ComponentState.objects.update(index_id="", index_counter=0)  # this index is new on purpose
    STORES[name].write(folder, records)
    store.refresh(component, confirm_shrink=True)
    pending = store.index().count_pending(component.name)
    store.index().close()
    return pending


def _lines(component: Any) -> Iterator[bytes]:
    from migration_control import store
    from migration_control.prepare import prepare

    index, after = store.index(), None
    while (batch := index.pending(component.name, after, 10_000)).records:
        after = batch.records[-1].key
        prepared = prepare(component, batch, store.time_zone(component), index.file_name, 1)
        yield "".join(line for _, line in prepared.rows).encode()


def _execute(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _table(component: Any) -> str:
    from django.db import connection

    return connection.ops.quote_name(component.model._meta.db_table)


def _bare_copy(component: Any, lines: Path, rows: int) -> float:
    from django.db import connection

    from migration_control.tables import table

    here = _table(component)
    _execute("DROP TABLE IF EXISTS bare", f"CREATE TABLE bare (LIKE {here} INCLUDING ALL)", "CHECKPOINT")
    statement = table(component).copy.replace(f"COPY {here}", "COPY bare")
    started = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(statement) as stream, lines.open("rb") as file:
        while piece := file.read(PIECE):
            stream.write(piece)
    seconds = time.perf_counter() - started
    _execute("DROP TABLE bare")
    return rows / seconds


def _empty(component: Any) -> None:
    """No rows, everything pending: by the back door, since neither is a thing that the product does."""
    from migration_control import store

    _execute(
        "SET session_replication_role = replica",
        f"TRUNCATE {_table(component)}",
        "DELETE FROM migration_control_finding",
        "DELETE FROM migration_control_change",
        "SET session_replication_role = DEFAULT",
        "CHECKPOINT",
    )
    with store.index().write() as (connection, counter):
        connection.execute("DELETE FROM pending WHERE component = ?", (component.name,))
        connection.execute(
            "INSERT INTO pending SELECT component, key, -1, ? FROM record WHERE component = ?",
            (counter, component.name),
        )
    store.index().close()


def _import(component: Any, rows: int, batch: int | None = None, peaks: list[float] | None = None) -> float:
    """Rows a second, in a process of its own, whose memory is the importer's alone and is added to `peaks`."""
    _empty(component)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.importer", component.name, *([str(batch)] if batch else [])],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["inserted"] == rows, found
    if peaks is not None:
        peaks.append(found["megabytes"])
    return rows / float(found["seconds"])


def _bulk_create(component: Any, rows: int) -> float:
    """Without the triggers, which would cost it more than it costs itself."""
    from migration_control import store

    _empty(component)
    zone = store.time_zone(component)
    made = [
        component.model(**held.values, version=record.version)
        for record in store.index().pending(component.name, None, rows).records
        if (held := component.mapping.held(record, zone))
    ]
    _execute("SET session_replication_role = replica")
    started = time.perf_counter()
    component.model.objects.bulk_create(made, batch_size=BULK)
    seconds = time.perf_counter() - started
    _execute("SET session_replication_role = DEFAULT")
    return rows / seconds
