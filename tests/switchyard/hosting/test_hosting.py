"""Switchyard in a bot's own process: nothing of the process changes, and whatever is in the way is named."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.switchyard.hosting.beside import MAIN, Beside, virtual_environment, wheel

JSON_ONLY = {"STORAGE_BACKEND": "json", "ENABLE_SERVICES": "false", "LEGACY_TIME_ZONE": "Asia/Tokyo"}

SET_UP = """
import switchyard
switchyard.setup()
from django.conf import settings
from accounts.models import User
found = {"dir": str(settings.LEGACY_DIR), "config": settings.ROOT_URLCONF, "zone": settings.TIME_ZONE}
"""


@pytest.fixture
def bare(beside: Beside) -> Beside:
    """An installation without any server."""
    beside.settings(**JSON_ONLY, LEGACY_DIR=beside.home / "files")
    return beside


def test_nothing_of_the_bots_process_changes(bare: Beside) -> None:
    found = bare.runs(SET_UP)
    assert found == {"dir": str(bare.home / "files"), "config": "switchyard_config.urls", "zone": "UTC"}


def test_it_may_be_called_twice_from_a_thread_and_within_an_event_loop(bare: Beside) -> None:
    body = """
import threading
import switchyard

async def within():
    switchyard.setup()
    thread = threading.Thread(target=switchyard.setup)
    thread.start()
    thread.join()

several = [threading.Thread(target=switchyard.setup) for _ in range(4)]
[t.start() for t in several]
[t.join() for t in several]
asyncio.run(within())
"""
    assert bare.runs(body + SET_UP)["zone"] == "UTC"


def test_a_celery_of_the_bots_own_stays_the_present_one(bare: Beside) -> None:
    body = """
from celery import Celery, current_app
mine = Celery("the bot", broker="memory://")
import switchyard
switchyard.setup()
import migration_control.tasks
found = [current_app.main, migration_control.tasks.find_due_runs.app.main]
"""
    assert bare.runs(body) == ["the bot", "the bot"]


def test_admin_and_formats_of_ours_load_under_the_other_name(bare: Beside) -> None:
    body = """
import switchyard
switchyard.setup()
from django.conf import settings
from django.contrib import admin
from django.urls import reverse
from django.utils import formats
from django.core.management import call_command
from importlib import import_module

found = [
    admin.site.__class__.__module__, reverse("admin:index"), formats.get_format("DATE_FORMAT", use_l10n=True),
    settings.DATABASES["default"]["ENGINE"], import_module("switchyard_config.checks").__name__,
]
"""
    assert bare.runs(body) == [
        "switchyard_config.site",
        "/admin/",
        "Y-m-d",
        "switchyard_config.no_database",
        "switchyard_config.checks",
    ]


@pytest.mark.skipif(int(version("setuptools").split(".")[0]) < 77, reason="pyproject.toml wants setuptools 77")
def test_a_wheel_has_no_package_of_the_name_that_a_bot_uses(bare: Beside, tmp_path: Path) -> None:
    installed = wheel(tmp_path)
    assert not (installed / "config").exists()
    assert (installed / "migration_control" / "templates").is_dir()
    bare.python = virtual_environment(tmp_path / "venv", installed)
    # Whose config is a folder only: it would lose against a package, however late on sys.path that comes.
    (bare.folder / "config" / "__init__.py").unlink()
    (bare.folder / "config" / "models.py").write_text("OWN = True\n")
    text = "import config.models, json\nassert config.models.OWN\n" + SET_UP + "\nprint(json.dumps(found))\n"
    result = bare.starts(text)
    assert result.returncode == 0, result.stderr
    assert "switchyard_config.urls" in result.stdout


@pytest.mark.parametrize("where", ["DJANGO_SETTINGS_MODULE", "configured"])
def test_a_django_of_the_bots_own_is_refused(bare: Beside, where: str) -> None:
    body = "import switchyard\n"
    if where == "configured":
        body += "from django.conf import settings\nsettings.configure()\n"
    body += "switchyard.setup()\n"
    variables = {"DJANGO_SETTINGS_MODULE": "mysite.settings"} if where != "configured" else {}
    said = bare.runs(body, expected=1, **variables)
    assert "AnotherDjango" in said
    assert "a Django of its own" in said


def test_a_package_of_the_bots_that_hides_one_of_ours_is_named(bare: Beside) -> None:
    (bare.folder / "analytics").mkdir()
    (bare.folder / "analytics" / "__init__.py").write_text("")
    said = bare.runs("import switchyard\nswitchyard.setup()\n", expected=1)
    assert "NameTaken" in said
    assert str(bare.folder / "analytics") in said


def test_a_folder_that_is_no_installation_is_refused_and_left_as_it_is(beside: Beside) -> None:
    said = beside.starts("import switchyard\nswitchyard.setup()\n").stderr
    assert "NoInstallation" in said
    assert "SWITCHYARD_HOME" in said
    assert sorted(path.name for path in beside.home.iterdir()) == ["files"]


def test_wrong_settings_are_named_with_their_remedy(beside: Beside) -> None:
    beside.settings(**JSON_ONLY, LEGACY_DIR="/no/such/folder")
    said = beside.runs("import switchyard\nswitchyard.setup()\n", expected=1)
    assert "WrongSettings" in said
    assert "Set LEGACY_DIR" in said


def test_a_second_installation_in_one_process_is_refused(bare: Beside) -> None:
    said = bare.runs("import switchyard\nswitchyard.setup()\nswitchyard.setup('/somewhere')\n", expected=1)
    assert "SetUpElsewhere" in said


def test_servers_that_are_not_up_are_a_typed_error_with_a_remedy(beside: Beside) -> None:
    secrets = beside.home / "var" / "secrets"
    secrets.mkdir(parents=True)
    for name in ("postgres", "valkey", "django"):
        (secrets / name).write_text("not a secret")
    body = """
import switchyard
switchyard.setup()

async def look():
    try:
        switchyard.check_servers()
    except switchyard.errors.ServersAway as error:
        return str(error)

found = asyncio.run(look())
"""
    said = beside.runs(body)
    assert "embedded PostgreSQL is not running" in said
    assert "make run" in said
    assert str(beside.home) in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_secrets_of_another_user_are_a_typed_error(beside: Beside) -> None:
    secrets = beside.home / "var" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "postgres").write_text("not a secret")
    (secrets / "postgres").chmod(0)
    assert "ClosedToBot" in beside.runs("import switchyard\nswitchyard.setup()\n", expected=1)


def test_the_servers_are_those_of_the_installation_whatever_the_bots_environment_says(beside: Beside, url: str) -> None:
    beside.settings(
        DATABASE_URL=url, REDIS_URL=os.environ["REDIS_URL"], LEGACY_DIR=beside.home / "files", LEGACY_TIME_ZONE="UTC",
        SECRET_KEY="x" * 60, ALLOWED_HOSTS="localhost",
    )  # fmt: skip
    body = """
import switchyard
switchyard.setup()
switchyard.check_servers()
from django.conf import settings
found = settings.DATABASES["default"]["NAME"]
"""
    assert found_in(url) == beside.runs(body)
    assert "sqlite" in MAIN  # what the bot's own environment says


def found_in(url: str) -> str:
    return urlsplit(url).path[1:]


def test_without_an_installation_of_its_own_the_environment_counts(beside: Beside) -> None:
    """As in a container, where there is no .env."""
    text = "import json, switchyard\nswitchyard.setup()\nfrom django.conf import settings\nprint(settings.LEGACY_DIR)\n"
    result = beside.starts(text, **JSON_ONLY, LEGACY_DIR=str(beside.home / "files"))
    assert result.stdout.strip() == str(beside.home / "files"), result.stderr
