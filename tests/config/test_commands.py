"""Commands: one clear line and a status, where others show a traceback."""

import os
import secrets
from pathlib import Path

import pytest

from config.environment import BASE_DIR
from tests.config.conftest import type_of_run


def test_check_names_a_wrong_value_without_a_traceback(run: type_of_run) -> None:
    done = run("manage.py", "check", WEB_PORT="eighty", LOG_LEVEL="LOUD")
    assert done.returncode == 1
    assert "(switchyard.E007) WEB_PORT is 'eighty'.\n\tHINT: Set WEB_PORT to a port, 1-65535." in done.stderr
    assert "switchyard.E018" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_web_process_refuses_a_wrong_value(run: type_of_run) -> None:
    done = run("-c", "import config.wsgi", WEB_PORT="eighty")
    assert done.returncode == 1
    assert "Set WEB_PORT to a port, 1-65535. (switchyard.E007)" in done.stderr


def test_a_command_without_the_embedded_servers_says_how_to_start_them(run: type_of_run) -> None:
    done = run("manage.py", "migrate")
    assert done.returncode == 1
    assert done.stderr.startswith("The embedded PostgreSQL is not running: start it with `make run`")
    assert len(done.stderr.splitlines()) == 1


def test_a_command_without_the_named_database_says_which(run: type_of_run) -> None:
    named = "postgresql://u:hidden@127.0.0.1:1/d"
    done = run("manage.py", "migrate", DATABASE_URL=named, SECRET_KEY="s" * 50, ALLOWED_HOSTS="h")
    assert done.returncode == 1
    assert "PostgreSQL at 127.0.0.1:1 cannot be used" in done.stderr
    assert "hidden" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_production_example_is_clean_for_deployment(run: type_of_run, tmp_path: Path) -> None:
    example = BASE_DIR / ".env.production.example"
    # What the example leaves empty or what lies on the production machine: filled in as its comments say.
    filled = {"SECRET_KEY": secrets.token_urlsafe(50), "LEGACY_DIR": str(tmp_path), "SWITCHYARD_VAR": ""}
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", ENV_FILE=str(example), **filled)
    assert done.returncode == 0, done.stderr
    empty = run("manage.py", "check", "--deploy", ENV_FILE=str(example), LEGACY_DIR=str(tmp_path))
    assert "switchyard.E006" in empty.stderr


def test_the_examples_differ_from_defaults_in_nothing_secret() -> None:
    assert "SECRET_KEY=\n" in (BASE_DIR / ".env.production.example").read_text()
    assert os.access(BASE_DIR / ".ci" / "run", os.X_OK)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_secrets_of_another_user_are_one_line(run: type_of_run, home: Path) -> None:
    (home / "secrets").mkdir(mode=0o000)
    for command in (("manage.py", "migrate"), ("-m", "config.run")):
        done = run(*command)
        assert done.returncode == 1
        assert "set SWITCHYARD_VAR to a folder of your own" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    (home / "secrets").chmod(0o700)
