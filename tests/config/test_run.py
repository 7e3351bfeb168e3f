"""`make run`: refusals in one line, everything up, everything down."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from urllib.request import urlopen

import psycopg
import pytest
from pytest_django import Settings

from config.embedded import database_url
from config.environment import BASE_DIR
from config.lock import hold
from config.run import not_refused
from tests.config.conftest import type_of_run
from tests.staff import give_authority_to_the_database

SECONDS = 120
# Than those of the users' list.
OTHERS = ["analytics", "configuration", "conversations", "matches", "players", "profiles"]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def started(clean: dict[str, str], port: int, home: Path) -> Iterator[subprocess.Popen[str]]:
    """`make run` with its output as a pipe, ended after the test if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.run"],
        cwd=BASE_DIR,
        env=clean | {"WEB_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.terminate()
    process.communicate(timeout=SECONDS)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout
    shown = ""
    for line in process.stdout:
        shown += line
        if words in line:
            return shown
    raise AssertionError(shown)


def processes(home: Path) -> list[str]:
    """Command lines of the services and servers whose environment or arguments name `home`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if bytes(home) in text and int(folder.name) != os.getpid():
            found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_used_port_is_one_line_with_another_port(run: type_of_run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        used = other.getsockname()[1]
        line = one_line(run("-m", "config.run", WEB_PORT=str(used)))
    assert f"127.0.0.1:{used} cannot be used" in line
    assert f"WEB_PORT={used + 1} make run" in line


def test_a_second_run_names_the_first(run: type_of_run, home: Path) -> None:
    held = hold(home / "run.lock", "process 42, http://127.0.0.1:8000/admin/")
    line = one_line(run("-m", "config.run"))
    held.release()
    assert "already runs here (process 42, http://127.0.0.1:8000/admin/)" in line


def test_a_broken_database_url_is_one_line_without_its_password(run: type_of_run, port: int) -> None:
    named = {"SECRET_KEY": "s" * 50, "ALLOWED_HOSTS": "h", "WEB_PORT": str(port)}
    for url in ("postgres//u:hidden@h/d", "postgresql://u:hidden@127.0.0.1:1/d"):
        line = one_line(run("-m", "config.run", DATABASE_URL=url, **named))
        assert "DATABASE_URL" in line
        assert "hidden" not in line


def test_an_unreachable_redis_is_one_line(run: type_of_run, port: int) -> None:
    line = one_line(run("-m", "config.run", REDIS_URL="redis://:hidden@127.0.0.1:1/0", WEB_PORT=str(port)))
    assert "correct REDIS_URL" in line
    assert "hidden" not in line


def test_an_old_python_is_one_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for name in ("python", "python3.11", "python3.12", "python3.13", "python3.14"):
        (tmp_path / name).symlink_to(old)
    done = subprocess.run(
        ["/bin/sh", str(BASE_DIR / ".ci" / "venv"), "requirements.txt", "stamp"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Python 3.11 or later is needed" in one_line(done)


@pytest.mark.django_db
def test_what_is_refused_is_not_imported_and_said_once(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert not_refused() == [*OTHERS, "users", "subscriptions"]
    give_authority_to_the_database("users")
    assert not_refused() == [*OTHERS, "subscriptions"]
    assert "authority for users" in capsys.readouterr().out
    settings.MIGRATION_MODE = "disabled"
    assert not_refused() == []
    assert capsys.readouterr().out.count("MIGRATION_MODE is disabled") == 1


def test_all_comes_up_and_ctrl_c_takes_all_down(
    started: subprocess.Popen[str], run: type_of_run, port: int, home: Path
) -> None:
    shown = read_until(started, "Ctrl-C stops.")
    assert "Staff user admin, password " in shown
    assert f"http://127.0.0.1:{port}/admin/" in shown
    with urlopen(f"http://127.0.0.1:{port}/admin/", timeout=10) as page:
        assert b"Switchyard" in page.read()
    status = run("manage.py", "migration_status", "--json")
    ledgers = {ledger["component"]: ledger for ledger in json.loads(status.stdout)["ledger"]}
    assert set(ledgers) == {*OTHERS, "users", "subscriptions"}
    assert ledgers.pop("players")["balanced"]  # no bot had a file of them
    for ledger in ledgers.values():
        assert ledger["balanced"]
        assert ledger["imported"] == ledger["rows"] > 0
        assert ledger["quarantined"] > ledger["pending"] == 0
    started.send_signal(signal.SIGINT)
    assert started.wait(SECONDS) == 0
    assert processes(home) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_services_of_a_killed_run_end_and_the_next_run_starts(
    started: subprocess.Popen[str], clean: dict[str, str], port: int, home: Path
) -> None:
    read_until(started, "Ctrl-C stops.")
    started.kill()
    started.wait()
    wait_until_only_servers(home)
    again = subprocess.Popen(
        [sys.executable, "-m", "config.run"],
        cwd=BASE_DIR,
        env=clean | {"WEB_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "password" not in read_until(again, "Ctrl-C stops.")
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=SECONDS)
    assert again.returncode == 0
    assert processes(home) == []


def wait_until_only_servers(home: Path) -> None:
    deadline = time.monotonic() + 60
    while any("celery" in line or "gunicorn" in line for line in processes(home)):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_beat_finds_a_due_run_and_a_worker_ends_it(started: subprocess.Popen[str], home: Path) -> None:
    read_until(started, "Ctrl-C stops.")
    with psycopg.connect(database_url(home), autocommit=True) as connection:
        ticks = (
            "SELECT name, queue, expire_seconds FROM django_celery_beat_periodictask"
            " WHERE (SELECT count(*) FROM django_celery_beat_periodictask) = 10 ORDER BY name"
        )
        assert wait_for(connection, ticks) == [
            ("back up conversations", "legacy", 80_000),
            ("clean up matches", "legacy", 80_000),
            ("expire subscriptions", "legacy", 600),
            ("find due runs", "legacy", 10),
            ("look after components", "legacy", 2),
            ("raise floors", "legacy", 80_000),
            ("render files", "legacy", 2),
            ("roll up events", "legacy", 500),
            ("settle inbox", "legacy", 2),
            ("trim effects", "legacy", 80_000),
        ]
        # As a run whose message was lost: nobody but beat knows of it.
        connection.execute("UPDATE migration_control_run SET state = 'queued', ended_at = NULL, started_at = NULL")
        ended = "SELECT DISTINCT worker <> '' FROM migration_control_run GROUP BY 1 HAVING every(ended_at IS NOT NULL)"
        assert wait_for(connection, ended) == [(True,)]


def wait_for(connection: psycopg.Connection, statement: LiteralString) -> list[tuple[object, ...]]:
    """The rows of the statement, as soon as there are any."""
    deadline = time.monotonic() + 60
    while not (rows := connection.execute(statement).fetchall()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return rows


def test_a_service_that_dies_takes_the_rest_down(started: subprocess.Popen[str], home: Path) -> None:
    read_until(started, "Ctrl-C stops.")
    subprocess.run(["pkill", "-KILL", "-P", str(started.pid), "-f", "config.celery beat"], check=True)
    shown, _ = started.communicate(timeout=SECONDS)
    assert f"The beat process ended with status -9: see {home / 'log' / 'beat.log'}." in shown
    assert started.returncode == 1
    assert processes(home) == []
