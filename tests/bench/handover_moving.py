"""A move to the database under four processes that write and think in turn, against as long a while without one.

Once with everything copied before, as after an import, and once with every record still to be copied.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from random import Random
from statistics import median
from typing import Any, NamedTuple

from tests.bench.handover_ground import forget_copies, ground, keys, to_json
from tests.bench.reading import spawn

WRITERS = 4
THINK = 0.02  # seconds on the average between two writes of one
LEAST = 20.0  # seconds of each window: some thousands of writes
LEAD = 2.0  # seconds of a window before the move begins
RARE = 0.999


class Call(NamedTuple):
    """at: on the machine's monotonic clock; error: '' of one that succeeded."""

    at: float
    seconds: float
    error: str


class Window(NamedTuple):
    began: float
    ended: float
    moved: float = 0.0  # seconds that the move took


def run(repeats: int) -> dict[str, Any]:
    return {
        "everything copied before": _moved(repeats, lambda: None),
        "everything still to be copied": _moved(1, forget_copies),
        "goals": "no write fails; slowest 0.1 % and the slowest <= 3 of those without a move",
    }


def _moved(repeats: int, prepare: Callable[[], None]) -> dict[str, Any]:
    """The move comes first: only then it is known how long the other window has to be."""
    before = _sum()
    windows: list[tuple[Window, Window]] = []
    with _writers() as calls:
        for _ in range(repeats):
            prepare()
            moved = _window(LEAST, move=True)
            to_json()
            windows.append((moved, _window(moved.ended - moved.began)))
    failed = [call.error for call in calls if call.error]
    pairs = [(_figures(calls, moved), _figures(calls, quiet)) for moved, quiet in windows]
    return {
        "writes": len(calls),
        "failed": len(failed),
        **({"why": sorted(set(failed))} if failed else {}),
        "lost": len(calls) - len(failed) - (_sum() - before),
        "the move (s)": [round(moved.moved, 2) for moved, _ in windows],
        "slowest 0.1 % (ms), with and without": [(pair[0][0], pair[1][0]) for pair in pairs],
        "slowest (ms), with and without": [(pair[0][1], pair[1][1]) for pair in pairs],
        "slowest 0.1 %, to that without": round(median(a[0] / b[0] for a, b in pairs), 2),
        "slowest, to that without": round(median(a[1] / b[1] for a, b in pairs), 2),
    }


def _window(seconds: float, *, move: bool = False) -> Window:
    from tests.migration_control.moving.ground import DUAL_DATABASE

    began = time.monotonic()
    moved = 0.0
    if move:
        time.sleep(LEAD)
        started = time.monotonic()
        ground().move(DUAL_DATABASE)
        moved = time.monotonic() - started
    time.sleep(max(began + seconds - time.monotonic(), LEAD if move else 0))
    return Window(began, time.monotonic(), moved)


def _figures(calls: list[Call], window: Window) -> tuple[float, float]:
    """ms: the slowest 0.1 %, the slowest."""
    found = sorted(call.seconds for call in calls if window.began <= call.at < window.ended)
    return round(found[int(len(found) * RARE)] * 1e3, 1), round(found[-1] * 1e3, 1)


def _sum() -> int:
    """Of what the writers count up, as the authority has it. JSON is that now."""
    query = "SELECT sum(json_extract(document, '$.total_requests')) FROM record WHERE component = 'users'"
    (total,) = ground().index.connection().execute(query).fetchone()
    return int(total)


# Writers


@contextmanager
def _writers() -> Iterator[list[Call]]:
    """What they did is in the list when they have ended."""
    answers: Queue[list[Call]] = spawn.Queue()
    ready: Queue[int] = spawn.Queue()
    stop, everything = spawn.Event(), keys()
    writers = [
        spawn.Process(target=_write, args=(number, everything, ready, stop, answers)) for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for _ in writers:
        ready.get()
    calls: list[Call] = []
    try:
        yield calls
    finally:
        stop.set()
        for _ in writers:
            calls += answers.get()
        for writer in writers:
            writer.join()


def _write(number: int, everything: list[int], ready: Queue[int], stop: Event, answers: Queue[list[Call]]) -> None:
    import django

    django.setup()
    from accounts.models import User
    from migration_control.mirroring import acknowledging

    def count_up(user: User) -> None:
        user.total_requests += 1

    chance, calls = Random(number), list[Call]()
    User.records.get(everything[0])
    ready.put(number)
    while not stop.wait(chance.expovariate(1 / THINK)):
        key, error, at = chance.choice(everything), "", time.monotonic()
        try:
            User.records.update(key, count_up)
        except Exception as refusal:  # noqa: BLE001 - whatever it is, a write has failed
            error = f"{type(refusal).__name__}: {refusal}"
        calls.append(Call(at, time.monotonic() - at, error))
    acknowledging.flush()
    answers.put(calls)
