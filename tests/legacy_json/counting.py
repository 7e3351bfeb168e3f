"""Commits of several processes that can be counted afterwards: what was acknowledged, and what is there."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from legacy_json.index import Index
from legacy_json.places import Places
from legacy_json.writing import commit
from tests.legacy_json.ours import MATCHES, MESSAGES, SUBSCRIPTIONS, USERS, Ours, users

HANG = 300.0  # seconds: a guard, not a measure
COUNTERS = (1, 2, 3)


def countable(root: Path) -> Iterator[Ours]:
    """For a fixture: the counters, at zero. The index is closed, so that children may be forked."""
    made = Ours(root, {"data.json": users(*COUNTERS, 4, n=0)}, (USERS, SUBSCRIPTIONS, MATCHES, MESSAGES)).take()
    made.index.close()
    yield made
    made.check()
    made.index.close()


def gathered(reports: Any, processes: Sequence[BaseProcess], others: int = 0) -> list[Any]:
    """One report of each process, and as many of others. Fails as soon as one of the processes has."""
    found: list[Any] = []
    deadline = time.monotonic() + HANG
    while len(found) < len(processes) + others:
        # Looked at before the queue: what a process reported is there by the time it is gone.
        failed = [process.exitcode for process in processes if process.exitcode]
        try:
            found.append(reports.get(timeout=0.2))
        except queue.Empty:
            assert not failed, f"{len(failed)} of {len(processes)} processes failed, see above"
            assert time.monotonic() < deadline, f"{len(found)} reports, no more"
    return found


def dump(index: Index) -> list[str]:
    return list(index.connection().iterdump())


def write_once(index: Index, places: Places, name: str, number: int) -> None:
    """A shared counter one up, a record of its own, and a message at the end of a shared list: one commit."""
    key = COUNTERS[number % len(COUNTERS)]
    with commit(index, places, HANG) as writer:
        counter = writer.get(USERS, key)
        assert counter is not None
        n = int(counter.document.partition(b'"n":')[2].rstrip(b"}"))
        writer.replace(USERS, key, {"user_id": key, "n": n + 1}, counter.version)
        writer.create(MATCHES, f"{name}-{number}", {"by": name})
        writer.append(MESSAGES, "77", {"by": name, "number": number})
