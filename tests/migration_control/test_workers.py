"""Real workers, killed in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F

from accounts.models import User
from config.environment import BASE_DIR
from legacy_json.index import Index
from migration_control import components, runs
from migration_control.models import Run
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, user, work

pytestmark = pytest.mark.django_db(transaction=True)
USERS = components.get("users")
HANG = 60.0  # seconds after which a test gives up waiting


@pytest.fixture
def environment(bot: Bot) -> dict[str, str]:
    """For a process that works on this test's database, broker and files."""
    return os.environ | {
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])
        ._replace(path=f"/{connection.settings_dict['NAME']}")
        .geturl(),
        "LEGACY_DIR": str(settings.LEGACY_DIR),
        "LEGACY_INDEX": str(settings.LEGACY_INDEX),
        "LEGACY_TIME_ZONE": settings.LEGACY_TIME_ZONE,
    }


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a process of the project in a group of its own; ended with the test at the latest."""
    started = []

    def go(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments], cwd=BASE_DIR, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        started.append(process)
        return process

    yield go
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen in {HANG:g} s"
        time.sleep(0.02)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def celery(name: str) -> tuple[str, ...]:
    options = ("--pool=solo", "-Q", "legacy", "-n", name, "--without-gossip", "--without-mingle", "-l", "warning")
    return ("-m", "celery", "-A", "config.celery", "worker", *options)


def test_a_worker_takes_a_queued_run_to_its_end(bot: Bot, start: Callable[..., subprocess.Popen[bytes]]) -> None:
    bot.writes(*(user(n) for n in range(1, 51)))
    start(*celery("a@test"))
    run = runs.request(USERS, requested_by="test", batch_size=5)
    wait_until(lambda: Run.objects.get(pk=run.pk).ended, "the end of the run")
    run.refresh_from_db()
    assert (run.state, run.inserted, User.objects.count()) == (RunState.COMPLETED, 50, 50)


def test_scenario_39_a_run_whose_worker_is_killed_is_resumed_by_another_once(
    bot: Bot, index: Index, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    bot.writes(*(user(n) for n in range(1, 401)))
    run = runs.request(USERS, requested_by="test", batch_size=1)
    first = start(*celery("first@test"))
    wait_until(lambda: 3 < User.objects.count() < 400, "the middle of the import")
    kill(first)
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    start(*celery("second@test"))
    assert runs.due() == []  # the lease of the dead worker still runs
    Run.objects.filter(pk=run.pk).update(heartbeat=F("heartbeat") - runs.LEASE)
    from migration_control.tasks import find_due_runs

    assert find_due_runs() == 1
    wait_until(lambda: Run.objects.get(pk=run.pk).ended, "the end of the run")
    run.refresh_from_db()
    assert run.state == RunState.COMPLETED
    assert run.inserted == User.objects.count() == 400
    assert index.ledger("users").balanced


@pytest.mark.parametrize("moment", range(4))
def test_a_command_killed_at_any_moment_loses_nothing(
    bot: Bot, index: Index, start: Callable[..., subprocess.Popen[bytes]], moment: int
) -> None:
    bot.writes(*(user(n) for n in range(1, 201)))
    process = start("manage.py", "migration_import", "users", "--here", "--batch-size", "1")
    wait_until(lambda: User.objects.count() >= 50 * moment or process.poll() is not None, "some progress")
    kill(process)
    arrived = User.objects.count()
    run = Run.objects.get() if Run.objects.exists() else runs.request(USERS, requested_by="test")
    assert not run.ended
    Run.objects.update(heartbeat=F("heartbeat") - runs.LEASE)
    work(run)
    assert run.state == RunState.COMPLETED
    assert User.objects.count() == 200
    assert index.count_pending("users") == 0
    assert run.inserted == 200, f"{arrived} had arrived"


def test_a_ctrl_c_leaves_a_run_that_goes_on(
    bot: Bot, index: Index, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    bot.writes(*(user(n) for n in range(1, 201)))
    process = start("manage.py", "migration_import", "users", "--here", "--batch-size", "1")
    wait_until(lambda: User.objects.count() > 5, "some progress")
    process.send_signal(signal.SIGINT)
    assert process.wait(HANG) == 130
    run = Run.objects.get()
    assert run.state == RunState.RUNNING
    assert run.pk in runs.due()
    assert work(run).state == RunState.COMPLETED
    assert User.objects.count() == 200
