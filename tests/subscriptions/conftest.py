"""The points and the children of the protocol's tests, and a bot whose subscriptions stand in each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.migration_control.conftest import bot, ground
from tests.migration_control.protocol.conftest import child, hang_guard, points

if TYPE_CHECKING:
    from pytest_django import Settings

    from tests.migration_control.moving.ground import Ground
    from tests.subscriptions.scene import Scene

__all__ = ["bot", "child", "ground", "hang_guard", "points"]


@pytest.fixture(autouse=True)
def _zone(settings: Settings) -> None:
    settings.BOT_TIME_ZONE = "Europe/Moscow"


@pytest.fixture
def json_scene(ground: Ground) -> Scene:
    """Users and subscriptions are JSON's, and are not copied."""
    from tests.subscriptions.scene import Scene

    return Scene(ground)


@pytest.fixture(params=["disabled/json", "dual-write/json", "dual-write/database", "db-only/database"])
def scene(request: pytest.FixtureRequest, ground: Ground) -> Scene:
    """In each stage."""
    from tests.subscriptions.scene import Scene

    made = Scene(ground)
    made.stand(request.param)
    return made


@pytest.fixture
def database_scene(ground: Ground) -> Scene:
    """Users and subscriptions are the database's, and are copied to JSON."""
    from tests.subscriptions.scene import Scene

    made = Scene(ground)
    made.stand("dual-write/database")
    return made
