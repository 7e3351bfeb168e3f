"""Users whose component stands in each of the four stages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.migration_control.moving.ground import Ground
    from tests.migration_control.world import Bot

STAGES = ("disabled-json", "dual-write-json", "dual-write-database", "db-only-database")


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


@pytest.fixture(params=STAGES)
def staged(request: pytest.FixtureRequest, bot: Bot, transactional_db: None) -> Iterator[Ground]:
    """In this stage."""
    from django.db import connection

    from migration_control import store
    from migration_control.mirroring import acknowledging, servers
    from migration_control.stages import row
    from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground

    del bot, transactional_db
    servers._renew()
    ground = Ground.made()
    wanted = row(*request.param.rsplit("-", 1))
    mates = ("users", "subscriptions", "analytics")
    if wanted == DB_ONLY:
        ground.put(DUAL_DATABASE, *mates)
    ground.move(wanted)
    yield ground
    connection.close()
    acknowledging.flush()
    store.index().close()
