"""One virtual environment for the session; a bot and an installation for each test."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.environment import BASE_DIR
from tests.switchyard.hosting.beside import Beside, laid_out, virtual_environment


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return virtual_environment(tmp_path_factory.mktemp("own") / "venv", BASE_DIR)


@pytest.fixture
def beside(tmp_path: Path, python: Path) -> Beside:
    home = tmp_path / "installation"
    (home / "files").mkdir(parents=True)
    return Beside(laid_out(tmp_path / "somebot"), python, home)


@pytest.fixture
def url(transactional_db: None) -> str:
    """Of this test's database, for other processes."""
    import os

    from django.db import connection

    del transactional_db
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
