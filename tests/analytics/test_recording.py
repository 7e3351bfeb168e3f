"""Recording events without waiting: batched, bounded, written once, whatever happens to the store or the process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from analytics import recording
from analytics.models import Event
from analytics.recording import Recorder
from migration_control import store
from migration_control.inbox import settling
from migration_control.inbox.boxes import IndexBox
from migration_control.stages import StageRow
from tests.migration_control.inbox.paying import database_away
from tests.migration_control.moving.ground import DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.protocol.children import Child, context
from tests.points import Points, after, before

AT = datetime(2025, 3, 31, 22, 30, tzinfo=UTC)  # in Moscow it is April already
WAIT = 30.0  # seconds
APPEND = "migration_control.routing.records.Records.append_many"

Make = Callable[..., Recorder]


def record(recorder: Recorder, number: int, at: datetime = AT) -> bool:
    return recorder.record("message", {"number": number}, bot_id="companion", user_id=7, at=at)


def numbers() -> list[int]:
    return [event.event_data["number"] for event in Event.records.iterate()]


def test_events_lie_in_the_month_of_their_moment_in_the_order_of_the_calls(staged: Ground, made_recorder: Make) -> None:
    del staged
    recorder = made_recorder()
    assert all(record(recorder, number) for number in range(20))
    assert record(recorder, 20, at=AT + timedelta(hours=2))
    assert recorder.flush(WAIT)
    assert numbers() == list(range(21))
    keys = [event.key for event in Event.records.iterate()]
    assert keys == [*(f"202503:{n:010d}" for n in range(20)), "202504:0000000000"]
    first = Event.records.get("202503:0000000000")
    assert first is not None
    assert (first.timestamp, first.bot_id, first.event_type) == (AT, "companion", "message")
    assert first.event_data == {"number": 0, "user_id": 7}
    assert (first.metrics, first.extra) == (None, {})
    assert recorder.counts == (21, 0, 0, 0, 0)


def test_a_batch_is_one_commit(staged: Ground, made_recorder: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    del staged
    sizes: list[int] = []
    real = Event.records.append_many

    def counting(records: list[Event], **options: str) -> list[Event]:
        sizes.append(len(records))
        return real(records, **options)

    monkeypatch.setattr(Event.records, "append_many", counting)
    monkeypatch.setattr(recording, "BATCH", 50)
    recorder = made_recorder(seconds=1.0)
    for number in range(120):
        record(recorder, number)
    assert recorder.flush(WAIT)
    assert sizes == [50, 50, 20]


def test_many_threads_and_an_event_loop_record_beside_one_another(staged: Ground, made_recorder: Make) -> None:
    del staged
    recorder = made_recorder(most=5000)

    async def handlers() -> None:
        for number in range(200):
            assert record(recorder, number)
            await asyncio.sleep(0)

    def handler(first: int) -> None:
        for number in range(first, first + 200):
            assert record(recorder, number)

    threads = [threading.Thread(target=handler, args=(first,)) for first in range(200, 1000, 200)]
    for thread in threads:
        thread.start()
    asyncio.run(handlers())
    for thread in threads:
        thread.join(WAIT)
    assert recorder.flush(WAIT)
    found = numbers()
    assert sorted(found) == list(range(1000))
    for first in range(0, 1000, 200):
        assert [n for n in found if first <= n < first + 200] == list(range(first, first + 200))


def test_what_does_not_fit_is_dropped_the_newest_first_and_counted(
    ground: Ground, made_recorder: Make, points: Points, caplog: pytest.LogCaptureFixture
) -> None:
    del ground
    stop = points.stop(before(APPEND))
    recorder = made_recorder(most=10)
    assert record(recorder, 0)
    stop.reached()
    assert [record(recorder, number) for number in range(1, 15)] == [True] * 10 + [False] * 4
    assert recorder.counts.dropped == 4
    with caplog.at_level(logging.WARNING, "analytics"):
        stop.go_on()
        assert recorder.flush(WAIT)
        for number in range(50, 53):
            record(recorder, number)
        assert recorder.flush(WAIT)
    assert numbers() == [*range(11), 50, 51, 52]
    assert [line.message for line in caplog.records] == ["Events: 4 were dropped (ANALYTICS_QUEUE), 0 cannot be held."]


def test_what_cannot_be_held_is_given_up_alone(staged: Ground, made_recorder: Make) -> None:
    del staged
    recorder = made_recorder()
    loop: list[object] = []
    loop.append(loop)
    bad = [float("nan"), {1, 2}, "x" * 70_000, object(), loop]
    for number, data in enumerate(bad):
        record(recorder, number)
        assert recorder.record("message", data, bot_id="companion", at=AT)
    recorder.record("with NUL\0", {}, bot_id="companion", at=AT)
    recorder.record("half \ud800", {}, bot_id="companion", at=AT)
    recorder.record("message", {}, bot_id="companion", at=AT.replace(tzinfo=None))
    recorder.record("message", {}, bot_id="companion", at=AT, user_id=2**63)
    recorder.record("message", {}, bot_id="companion", at=AT, user_id=True)
    assert recorder.flush(WAIT)
    assert numbers() == list(range(5))
    assert recorder.counts.refused == 10


def test_what_is_below_the_floor_is_refused_and_the_rest_goes_on(ground: Ground, made_recorder: Make) -> None:
    recorder = made_recorder()
    record(recorder, 0)
    assert recorder.flush(WAIT)
    ground.index.prune("analytics", "202503")
    for number, at in enumerate((AT, AT - timedelta(days=60), AT - timedelta(days=61), AT), 1):
        record(recorder, number, at)
    assert recorder.flush(WAIT)
    assert numbers() == [0, 1, 4]
    assert recorder.counts.refused == 2


def test_a_batch_whose_commit_is_in_doubt_is_there_once(staged: Ground, made_recorder: Make, points: Points) -> None:
    from migration_control.stores.commits import OutcomeUnknown

    del staged
    points.fail(after(APPEND), OutcomeUnknown("analytics"))
    recorder = made_recorder()
    for number in range(5):
        record(recorder, number)
    assert recorder.flush(WAIT)
    assert numbers() == list(range(5))


def test_while_the_database_is_away_events_are_kept_and_applied_once(ground: Ground, made_recorder: Make) -> None:
    ground.move(DUAL_DATABASE, "analytics")
    recorder = made_recorder()
    record(recorder, 0)
    assert recorder.flush(WAIT)
    recorder.close()
    with database_away():
        away = made_recorder()
        for number in range(1, 6):
            record(away, number)
        assert away.flush(WAIT)
        assert away.counts.kept == 5
    assert IndexBox(ground.index).count() == 1
    assert numbers() == [0]
    assert settling.settle(time.time() + 3600) == 1
    assert numbers() == list(range(6))
    assert settling.settle(time.time() + 3600) == 0


def test_without_a_place_to_keep_them_they_wait_in_memory(
    ground: Ground, made_recorder: Make, settings: Settings
) -> None:
    settings.SERVICE_FALLBACK_ENABLED = False
    ground.move(DUAL_DATABASE, "analytics")
    with database_away():
        recorder = made_recorder()
        for number in range(5):
            record(recorder, number)
        assert not recorder.flush(0.5)
        assert recorder.counts == (0, 0, 0, 0, 5)
    assert recorder.flush(WAIT)
    assert numbers() == list(range(5))


def test_the_component_may_move_while_events_are_recorded(ground: Ground, made_recorder: Make) -> None:
    recorder = made_recorder(most=5000, seconds=0.01)
    count = 0
    for stage in (DUAL_JSON, DUAL_DATABASE, DUAL_JSON):
        for _ in range(50):
            record(recorder, count)
            count += 1
        ground.move(stage, "analytics")
    assert recorder.flush(WAIT)
    assert numbers() == list(range(count))


def test_closing_writes_what_there_is_and_takes_no_more(ground: Ground, made_recorder: Make) -> None:
    del ground
    recorder = made_recorder(seconds=60)
    record(recorder, 0)
    assert recorder.close(WAIT)
    assert not record(recorder, 1)
    assert numbers() == [0]
    assert recorder.counts.dropped == 1


def test_closing_ends_in_time_whatever_the_store_does(
    ground: Ground, made_recorder: Make, points: Points, caplog: pytest.LogCaptureFixture
) -> None:
    del ground
    stop = points.stop(before(APPEND))
    recorder = made_recorder()
    record(recorder, 0)
    stop.reached()
    assert not recorder.close(0.2)
    assert "1 events could not be written" in caplog.text
    stop.go_on()


def test_a_process_begins_with_an_empty_queue_after_a_fork(ground: Ground, made_recorder: Make) -> None:
    del ground
    recorder = made_recorder(seconds=60)
    record(recorder, 0)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            told = recorder.counts.waiting == 0 and recorder._thread is None and recorder.flush(0.1)
            told = told and recorder.record("message", {}, bot_id="companion", at=AT)
            told = told and recorder._thread is not None and recorder._thread.is_alive()
            os.write(writing, b"well" if told else b"bad!")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 4) == b"well"
    os.close(reading)
    os.close(writing)
    assert recorder.flush(WAIT)
    assert numbers() == [0]


def recording_until_killed(pipe: object, seconds: float) -> None:
    """Tells how many it has recorded, at each of them."""
    from multiprocessing.connection import Connection

    assert isinstance(pipe, Connection)
    recorder = Recorder(1000, seconds)
    for number in range(100_000):
        assert record(recorder, number)
        pipe.send((number, time.monotonic()))
        time.sleep(0.002)


@pytest.mark.parametrize("stage", [DUAL_JSON, DUAL_DATABASE], ids=str)
def test_a_killed_process_loses_the_last_moments_at_most(
    ground: Ground, child: Callable[..., Child], stage: StageRow
) -> None:
    ground.move(stage, "analytics")
    here, there = context().Pipe()
    seconds = 0.2
    running = child(recording_until_killed, there, seconds)
    there.close()
    told: list[tuple[int, float]] = []
    while len(told) < 600:
        assert here.poll(WAIT)
        told.append(here.recv())
    running.kill()
    while here.poll(0):
        try:
            told.append(here.recv())
        except EOFError:
            break
    found = numbers()
    assert found == list(range(len(found)))  # a prefix, each once
    killed = told[-1][1]
    # A commit of this busy machine may take longer than the time between two.
    bound = next(number for number, at in told if at >= killed - 10 * seconds)
    assert len(found) > 0
    assert len(found) >= bound
    assert told[-1][0] - len(found) <= 1000


SCRIPT = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from datetime import datetime, UTC
from analytics.recording import recorder
for number in range(7):
    recorder().record("message", {"number": number}, bot_id="companion", at=datetime(2025, 3, 1, tzinfo=UTC))
"""


def test_an_ordinary_end_of_the_process_writes_them_first(ground: Ground, settings: Settings) -> None:
    assert settings.LEGACY_DIR is not None
    environment = os.environ | {
        "LEGACY_DIR": str(settings.LEGACY_DIR),
        "LEGACY_INDEX": str(settings.LEGACY_INDEX),
        "LEGACY_TIME_ZONE": "Europe/Moscow",
        "BOTS": "companion",
        "STORAGE_BACKEND": "json",
        "ENABLE_SERVICES": "false",
        "ANALYTICS_FLUSH_SECONDS": "60",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert numbers() == list(range(7))


@pytest.mark.parametrize("bots", [["faceit"], ["faceit", "companion"]], ids="+".join)
@pytest.mark.parametrize("stage", [DUAL_JSON, DUAL_DATABASE], ids=str)
def test_events_of_whichever_bots_there_are_have_a_place(
    ground: Ground, made_recorder: Make, settings: Settings, bots: list[str], stage: StageRow
) -> None:
    del ground
    settings.BOTS = bots
    moved = Ground.made()
    moved.put(stage, "analytics")
    recorder = made_recorder()
    for number in range(3):
        record(recorder, number)
    assert recorder.flush(WAIT)
    assert numbers() == list(range(3))
    moved.put(DUAL_JSON, "analytics")
    store.renderer().flush()
    assert settings.LEGACY_DIR is not None
    assert len(json.loads((settings.LEGACY_DIR / "analytics_202503.json").read_text())) == 3
