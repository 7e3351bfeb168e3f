"""The way back from db-only after ten thousand records were changed: what each key costs, among few and among many."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple

from tests.bench.handover_ground import MATES, ground, keys, to_database_only

CHANGED = 10_000
ALONE = 2_000  # keys that the bare way is taken with one by one
BATCH = 500  # keys of one commit, as in draining_to_json
UPSERT = "INSERT INTO record VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET document = excluded.document"


class Returned(NamedTuple):
    """Microseconds a key. alone: the bare way, a select and a commit for each; batched: for so many as ours takes."""

    ours: float
    alone: float
    batched: float


def once(number: int) -> Returned:
    """number: of the round."""
    everything = keys()
    chosen = Random(number).sample(everything, CHANGED)
    to_database_only()
    _change(chosen)
    ours = _returned()
    assert ground().lag() == (0, 0)
    alone, batched = _bare(number, chosen)
    return Returned(ours / CHANGED * 1e6, alone / ALONE * 1e6, batched / CHANGED * 1e6)


def compared(rounds: Sequence[tuple[Returned, Returned]]) -> dict[str, Any]:
    """Of the large and the small installation, round by round."""
    large, small = [a for a, _ in rounds], [b for _, b in rounds]
    return {
        "us a key, for scale only": {
            "large": round(median(each.ours for each in large)),
            "small": round(median(each.ours for each in small)),
        },
        "time a key, to that of 10,000 records": round(median(a.ours / b.ours for a, b in rounds), 2),
        "time a key, to a bare select and a bare SQLite upsert with its commit": round(
            median(each.ours / each.alone for each in large), 2
        ),
        "time a key, to the same in batches as large as ours": round(
            median(each.ours / each.batched for each in large), 2
        ),
        "goals": "<= 1.3 of 10,000 records; <= 2 of a bare select and upsert",
    }


def _change(chosen: list[int]) -> None:
    """As the application would, but in one statement; its triggers note each."""
    from accounts.models import User

    with_more = User.objects.filter(pk__in=chosen)
    assert with_more.update(language="en" if with_more.filter(language="ru").exists() else "ru") == CHANGED


def _returned() -> float:
    from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON

    made = ground()
    back = _timed(lambda: made.move(DUAL_DATABASE))
    made.put(DUAL_JSON, *MATES)  # they have nothing to copy
    return back + _timed(lambda: made.move(DUAL_JSON))


def _bare(number: int, chosen: list[int]) -> tuple[float, float]:
    from tests.bench.handover_peers import bare_sqlite

    index = ground().index
    path = Path(index.path).with_name(f"bare-{number}.sqlite3")
    rows = index.connection().execute("SELECT key, document FROM record WHERE component = 'users'").fetchall()
    target, documents = bare_sqlite(path, rows), dict(rows)
    changed = {key: documents[key] + b" " for key in chosen}
    again = {key: documents[key] + b"\n" for key in chosen}

    def copy(keys: list[int], size: int, documents: dict[int, bytes]) -> None:
        for first in range(0, len(keys), size):
            target.execute("BEGIN IMMEDIATE")
            target.executemany(UPSERT, [(key, documents[key]) for key in _selected(keys[first : first + size])])
            target.execute("COMMIT")

    alone = _timed(lambda: copy(chosen[:ALONE], 1, changed))
    batched = _timed(lambda: copy(chosen, BATCH, again))
    target.close()
    path.unlink()
    return alone, batched


def _selected(keys: list[int]) -> list[int]:
    """The keys of whole rows, which are forgotten."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT user_id, * FROM accounts_user WHERE user_id = ANY(%s)", [keys])
        return [row[0] for row in cursor.fetchall()]


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
