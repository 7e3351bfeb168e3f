"""Both bots' components in each stage, and their coroutines on threads of the test's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pytest_django import Settings

from tests.migration_control.conftest import bot as bot
from tests.migration_control.conftest import ground as ground

if TYPE_CHECKING:
    from migration_control.stages import StageRow
    from tests.migration_control.moving.ground import Ground


Run = Callable[[Coroutine[Any, Any, Any]], Any]
InStage = Callable[["StageRow"], "Ground"]


@pytest.fixture
def both_bots(bot: object, settings: Settings) -> None:
    settings.BOTS = ["faceit", "companion"]


@pytest.fixture
def in_stage(both_bots: None, ground: Ground) -> InStage:
    """Move everything there, a step of all at a time: parents lead to the database, and children back."""
    from migration_control import components
    from migration_control.stages import path

    def move(stage: StageRow) -> Ground:
        moved = [component.name for component in components.everything()]
        for step in path(ground.state("users").row, stage):
            back = step.after.authority.value == "json" and step.before.authority.value == "database"
            ground.put(step.after, *(reversed(moved) if back else moved))
        return ground

    return move


@pytest.fixture
def run() -> Iterator[Run]:
    """A coroutine to its end. The connections of the threads that it used are closed afterwards."""
    from django.db import connections

    from migration_control.routing import threads
    from switchyard.overload import gate

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "_pool", None)
        gate.cache_clear()
        yield lambda coroutine: asyncio.run(asyncio.wait_for(coroutine, 60))
        pool = threads._pool
        if pool is None:
            return
        together = threading.Barrier(threads.THREADS)

        def close() -> None:
            together.wait(20)
            connections.close_all()

        for closed in [pool.submit(close) for _ in range(threads.THREADS)]:
            closed.result()
        pool.shutdown()
