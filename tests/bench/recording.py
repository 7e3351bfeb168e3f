"""What recording an event costs a handler, and what a hundred new profiles cost, in each stage."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Self

from tests.bench.handover import Installation

EVENTS, PROFILES, ROUNDS = 1_000, 100, 12
NOW = datetime(2025, 3, 30, 9, 15, 30, 123456, tzinfo=UTC)
NAMES = ("profiles", "conversations", "configuration", "analytics")


class Companion(Installation):
    """Of the companion bot alone, whose files are ours and empty."""

    def __enter__(self) -> Self:
        self._servers.start()
        self.ask(prepare)
        return self


def run(folder: Path, records: int, repeats: int) -> dict[str, Any]:
    """folder: an empty one, on the disk that is measured."""
    del records
    with Companion(folder / "companion", 0) as companion:
        return {
            **companion.ask(recording, repeats),
            **companion.ask(creating, repeats),
            "100 bare fsyncs of a small file (ms), for scale only": round(_fsyncs(folder) * 1e3, 1),
        }


def prepare() -> None:
    os.environ["BOTS"] = "companion"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tests.bench.handover_ground import ground

    ground()


# Recording


def recording(repeats: int) -> dict[str, Any]:
    """The handler's part: what it waits for the queue to take the event. The writing goes on beside it in one round."""
    from analytics.recording import Recorder

    recorder = Recorder(1_000_000, 60)
    data = {"chat_id": 5, "length": 17}
    recorder.record("message", data, bot_id="companion", user_id=7, at=NOW)
    recorder.flush(60)
    rounds = [_round(recorder, data) for _ in range(ROUNDS * repeats)]
    recorder.flush(120)
    beside = [_beside(recorder, data) for _ in range(repeats)]
    recorder.close(120)
    return {
        "recording an event (ns), for scale only": round(median(one[2] for one in rounds) * 1e9),
        "time of it, to appending an object that is there to a list": round(median(o[2] / o[0] for o in rounds), 1),
        "time of it, to making the object and appending it": round(median(one[2] / one[1] for one in rounds), 1),
        "time of it while the writer is at work, to making the object and appending it": round(
            median(beside) / median(one[1] for one in rounds), 1
        ),
        "goal": "<= 10",
    }


def _round(recorder: Any, data: object) -> tuple[float, float, float]:
    there: list[object] = []
    made: list[object] = []
    recorder.flush(120)
    event = ("message", data, "companion", 7, NOW)
    record = recorder.record

    def append() -> None:
        for _ in range(EVENTS):
            there.append(event)

    def make_and_append() -> None:
        for _ in range(EVENTS):
            made.append(("message", data, "companion", 7, NOW))

    def record_all() -> None:
        for _ in range(EVENTS):
            record("message", data, bot_id="companion", user_id=7, at=NOW)

    return _each(append), _each(make_and_append), _each(record_all)


def _beside(recorder: Any, data: object) -> float:
    """With a queue that is being written: a handler shares the interpreter with the writer."""
    record = recorder.record
    for _ in range(5_000):
        record("message", data, bot_id="companion", user_id=7, at=NOW)
    recorder.flush(0)
    time.sleep(0.05)
    found = _each(lambda: [record("message", data, bot_id="companion", user_id=7, at=NOW) for _ in range(EVENTS)])
    recorder.flush(120)
    return found


def _each(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) / EVENTS


# Profiles


def creating(repeats: int) -> dict[str, Any]:
    from migration_control.stages import STAGES
    from tests.bench.handover_ground import ground

    found, first = dict[str, dict[str, float]](), 1
    for stage in STAGES:
        ground().put(stage, *NAMES)
        one, at_once, together = [], [], []
        for _ in range(repeats):
            one.append(_one_by_one(first))
            at_once.append(_at_once(first + PROFILES))
            together.append(_together(first + 2 * PROFILES))
            first += 3 * PROFILES
        found[str(stage)] = {
            "one by one": round(median(one) * 1e3, 1),
            "by as many handlers at once": round(median(at_once) * 1e3, 1),
            "in one call": round(median(together) * 1e3, 1),
        }
    return {f"{PROFILES} profiles created (ms)": found, "goal of these": "<= 100 in one call"}


def _one_by_one(first: int) -> float:
    from conversations.services import profiles

    started = time.perf_counter()
    for chat_id in range(first, first + PROFILES):
        profiles.ensure(chat_id, "name", now=NOW)
    return time.perf_counter() - started


def _at_once(first: int) -> float:
    from switchyard.legacy import ProfileManager

    async def everybody() -> float:
        manager = ProfileManager()
        started = time.perf_counter()
        await asyncio.gather(*(manager.ensure_girl(chat_id, "name") for chat_id in range(first, first + PROFILES)))
        return time.perf_counter() - started

    return asyncio.run(everybody())


def _together(first: int) -> float:
    from conversations.services import profiles

    started = time.perf_counter()
    profiles.ensure_many(dict.fromkeys(range(first, first + PROFILES), "name"), now=NOW)
    return time.perf_counter() - started


def _fsyncs(folder: Path) -> float:
    with (folder / "synced").open("wb") as file:
        started = time.perf_counter()
        for _ in range(100):
            file.write(b"x" * 500)
            file.flush()
            os.fsync(file.fileno())
        return time.perf_counter() - started
