"""A bot's folder, and an index of its own, for each test.

Imports wait until a fixture runs: pytest may load this file before the servers are up and settings can load.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from legacy_json.index import Index
    from migration_control.models import Run
    from tests.migration_control.moving.ground import Ground
    from tests.migration_control.world import Bot, Importer


@pytest.fixture
def bot(tmp_path: Path, settings: Settings) -> Iterator[Bot]:
    from migration_control import store
    from tests.migration_control.world import Bot

    folder = tmp_path / "bot"
    folder.mkdir()
    settings.LEGACY_DIR = folder
    settings.LEGACY_INDEX = tmp_path / "index.sqlite3"
    settings.LEGACY_TIME_ZONE = "Europe/Moscow"
    settings.BOTS = ["faceit"]
    yield Bot(folder)
    store.index().close()


@pytest.fixture
def index(bot: Bot) -> Index:
    from migration_control import store

    return store.index()


@pytest.fixture
def run_import(bot: Bot, transactional_db: None) -> Importer:
    """Import one component in this process, to the end of the run."""
    from migration_control import components, runs
    from tests.migration_control.world import work

    def go(component: str = "users", **options: Any) -> Run:
        return work(runs.request(components.get(component), requested_by="test", **options))

    return go


@pytest.fixture
def ground(bot: Bot, transactional_db: None) -> Iterator[Ground]:
    """A bot whose files are ours."""
    from django.db import connection

    from migration_control import store
    from migration_control.mirroring import acknowledging, servers
    from tests.migration_control.moving.ground import Ground

    del bot, transactional_db
    servers._renew()  # another test may have had a database that was away
    yield Ground.made()
    connection.close()  # it may have been broken
    acknowledging.flush()
    store.index().close()
