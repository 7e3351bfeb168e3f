"""The companion bot's components in each of the four stages, its files ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

from tests.migration_control.protocol.conftest import child, hang_guard, points

if TYPE_CHECKING:
    from analytics.recording import Recorder
    from tests.migration_control.moving.ground import Ground

__all__ = ["child", "hang_guard", "points"]

STAGES = ("disabled-json", "dual-write-json", "dual-write-database", "db-only-database")
NAMES = ("profiles", "conversations", "configuration", "analytics")


@pytest.fixture
def bot(tmp_path: Path, settings: Settings) -> Iterator[None]:
    from migration_control import store

    (tmp_path / "bot").mkdir()
    settings.LEGACY_DIR = tmp_path / "bot"
    settings.LEGACY_INDEX = tmp_path / "index.sqlite3"
    settings.VAR_DIR = tmp_path / "var"
    settings.LEGACY_TIME_ZONE = settings.BOT_TIME_ZONE = "Europe/Moscow"
    settings.BOTS = ["companion"]
    yield
    store.index().close()


@pytest.fixture
def ground(bot: None, transactional_db: None) -> Iterator[Ground]:
    """All of them in `disabled`."""
    from django.db import connection

    from migration_control import store
    from migration_control.mirroring import acknowledging, servers
    from tests.migration_control.moving.ground import Ground

    del bot, transactional_db
    servers._renew()
    yield Ground.made()
    connection.close()
    acknowledging.flush()
    store.index().close()


@pytest.fixture(params=STAGES)
def staged(request: pytest.FixtureRequest, ground: Ground) -> Ground:
    """All of them in this stage."""
    from migration_control.stages import row

    wanted = row(*request.param.rsplit("-", 1))
    ground.put(wanted, *NAMES)
    return ground


@pytest.fixture
def made_recorder() -> Iterator[Callable[..., Recorder]]:
    """Recorders that are closed at the end."""
    from analytics.recording import Recorder

    made: list[Recorder] = []

    def make(most: int = 1000, seconds: float = 0.05) -> Recorder:
        made.append(Recorder(most, seconds))
        return made[-1]

    yield make
    for recorder in made:
        recorder.close(20)
