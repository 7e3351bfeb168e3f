"""Both bots, with a person whose data carries a mark, in everything that Switchyard keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.migration_control.persons.planting import World

STAGES = ("disabled-json", "dual-write-json", "dual-write-database", "db-only-database")


@pytest.fixture
def world(tmp_path: Path, settings: Settings, transactional_db: None) -> Iterator[World]:
    """Files that are the bots' own."""
    from django.db import connection

    from migration_control import store
    from migration_control.mirroring import acknowledging, servers
    from tests.migration_control.persons.planting import World

    folder, home = tmp_path / "bots", tmp_path / "beside"
    folder.mkdir()
    home.mkdir()
    settings.LEGACY_DIR, settings.LEGACY_INDEX = folder, home / "index.sqlite3"
    settings.LEGACY_TIME_ZONE, settings.BOTS = "Europe/Moscow", ["faceit", "companion"]
    servers._renew()
    store.index().connection().execute("PRAGMA secure_delete = OFF")  # as most builds of SQLite have it
    yield World(folder, home)
    connection.close()
    acknowledging.flush()
    store.index().close()


@pytest.fixture(params=STAGES)
def planted(request: pytest.FixtureRequest, world: World) -> World:
    """Files that are ours, every component in this stage, and the mark wherever it can be."""
    world.plant()
    world.take()
    world.stand(*request.param.rsplit("-", 1))
    world.plant_notes()
    return world


@pytest.fixture
def standing(world: World) -> World:
    """The same in one stage: JSON has the older half of it."""
    world.plant()
    world.take()
    world.stand("db-only", "database")
    world.plant_notes()
    return world
