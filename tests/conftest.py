"""Real servers for the session: one PostgreSQL and one Valkey, a database of each for every test process.

`pytest_configure` of this file is the earliest point that every way to start pytest passes, and it comes before
pytest-django looks for settings, because no DJANGO_SETTINGS_MODULE is set until here.
"""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import django
import hypothesis
import pytest
from django.conf import settings

from config.connections import redis_server
from config.embedded import ServerError, Servers
from config.environment import BASE_DIR, Reader

# A busy machine is no failure; and what continuous integration tries is the same at each run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "here")

PREFIX = "switchyard-tests-"
servers_key = pytest.StashKey[Servers]()


def pytest_configure(config: pytest.Config) -> None:
    if settings.configured:
        raise pytest.UsageError("Settings were loaded before the test servers: unset DJANGO_SETTINGS_MODULE.")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        _sweep()
        _start(config)
        if config.getoption("dist", "no") != "no":
            # Workers inherit this environment: with settings named in it they would load them before their own
            # `pytest_configure`.
            return
    _settle(int(worker.removeprefix("gw") or 0), worker or "main")
    django.setup()


@pytest.fixture(scope="session", autouse=True)
def _rows_are_deleted_not_truncated() -> Iterator[None]:
    """After each test that commits."""
    from django.test import TransactionTestCase

    from tests.database import delete_rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", delete_rows)
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(servers_key, None)
    if servers:
        servers.stop()
        shutil.rmtree(servers.home, ignore_errors=True)


def project_variables() -> list[str]:
    """Every variable that .env.example names."""
    return re.findall(r"^#?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)


def _start(config: pytest.Config) -> None:
    """Start what the environment does not name, and tell the worker processes through the environment."""
    given = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL")}
    for name in project_variables():
        os.environ.pop(name, None)
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    # As root the servers run as another user, who has to pass through; mkdtemp's own mode forbids that.
    home.chmod(0o711)
    servers = config.stash[servers_key] = Servers(home, fsync=False)
    servers.start()
    os.environ.update(
        DATABASE_URL=given["DATABASE_URL"] or servers.database_url,
        REDIS_URL=given["REDIS_URL"] or servers.redis_url,
        SWITCHYARD_TEST_HOME=str(home),
        ENV_FILE=os.devnull,
        SECRET_KEY="only for tests, and long enough for Django's own check of it",
        ALLOWED_HOSTS="testserver,127.0.0.1,localhost",
    )


def _settle(number: int, name: str) -> None:
    """Give this process its own folder and its own pair of Redis databases; pytest-django gives it a database."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    os.environ["SWITCHYARD_VAR"] = str(Path(os.environ["SWITCHYARD_TEST_HOME"]) / f"var-{name}")
    given = redis_server(Reader({"REDIS_URL": os.environ["REDIS_URL"]}), BASE_DIR)
    os.environ["REDIS_URL"] = replace(given, database=2 * number).url


def _sweep() -> None:
    """Stop and remove what sessions left behind that were killed more than an hour ago."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if home.stat().st_uid != os.geteuid() or home.stat().st_mtime > time.time() - 3600:
            continue
        try:
            with Servers(home, fsync=False):
                pass
        except ServerError:
            continue  # its session still runs
        shutil.rmtree(home, ignore_errors=True)
