"""Starting, stopping and moving the companion bot's components, by the names of its document."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from rich.console import Console

from analytics.recording import recorder
from migration_control import components, runs, store
from migration_control.bots import Bot
from migration_control.components import Component, UnknownComponent
from migration_control.following import NobodyWorks, follow
from migration_control.models import ComponentState, MoveRequest
from migration_control.moving import requests, watching
from migration_control.moving.errors import MoveRefused
from migration_control.moving.requests import AlreadyThere, OpenRequest
from migration_control.moving.watching import NobodyMoves
from migration_control.runs import ActiveRun, RunRefused
from migration_control.stages import STAGES, StageRow
from switchyard.facade.answers import TROUBLE
from switchyard.fronts.hybrid import HybridDataStore
from switchyard.legacy import DatabaseGirlsAdapter
from switchyard.waiting import aside, waited

log = logging.getLogger(__name__)

BY = "DatabaseIntegrationManager"
OURS = ("users", "configuration", "conversations", "analytics")  # the document's four
PATIENCE = 10.0  # seconds for the events that wait to be written, at a shutdown
REFUSALS = (*TROUBLE, MoveRefused, NobodyMoves, RunRefused, NobodyWorks)


class DatabaseIntegrationManager(HybridDataStore):
    """bot_id: compared with COMPANION_BOT_ID, which counts. Components by the document's names or by ours; its `users`
    are `profiles` wherever the companion bot is served.
    """

    def __init__(self, bot_id: str | None = None, *_: object, **__: object) -> None:
        super().__init__()
        if bot_id is not None and bot_id != Bot.COMPANION.bot_id:
            log.warning(
                "bot_id is %r; COMPANION_BOT_ID=%s counts, which its events and settings carry. Make them equal.",
                bot_id,
                Bot.COMPANION.bot_id,
            )

    async def initialize(self) -> bool:
        """Whether everybody can be served. Without a database also, wherever JSON is the authority."""
        return bool((await self.health_check())["overall"] != "error")

    async def shutdown(self) -> bool:
        """Whether all the events that waited are written."""
        return await aside(lambda: recorder().flush(PATIENCE))

    async def enable_migration(self, names: Iterable[str] = OURS) -> bool:
        """Import, then move to dual-write reading JSON, parents first; what is there or further stays. Whether all are
        there. Made here where the files are; elsewhere it waits for the worker that has them. The log says what stood
        in the way.
        """
        return await aside(lambda: _moved(list(names), STAGES[1]))

    async def disable_migration(self, names: Iterable[str] = OURS) -> bool:
        """All the way back to disabled, children first, after what was written to the database is copied to JSON."""
        return await aside(lambda: _moved(list(names), STAGES[0]))

    def get_migration_status(self) -> dict[str, dict[str, Any]]:
        """Sync. By component, in our names: stage, reads, epoch, and the last request for a move, if any: its state and
        what it says. Raises django.db.Error.
        """
        return waited(_status)


@lru_cache(1)
def _manager() -> DatabaseIntegrationManager:
    return DatabaseIntegrationManager()


async def init_database_integration(bot_id: str | None = None, enable_migration: bool = False) -> bool:
    """Whether everybody can be served: see initialize(). A move that is refused does not count: the bot goes on."""
    manager = DatabaseIntegrationManager(bot_id)
    serving = await manager.initialize()
    if serving and enable_migration:
        await manager.enable_migration()
    return serving


async def create_database_adapter(girls: Any) -> DatabaseGirlsAdapter:
    """Raises CannotWrap."""
    return await asyncio.to_thread(DatabaseGirlsAdapter, girls)


async def shutdown_database_integration() -> bool:
    """Whether all the events that waited are written."""
    return await _manager().shutdown()


async def get_health_status() -> dict[str, Any]:
    return await _manager().health_check()


async def get_cache_stats() -> dict[str, Any]:
    """No records are cached: every read is the authority's."""
    return {"enabled": False, "caches": {}, "reason": "No records are cached: every read is the authority's."}


def _moved(names: list[str], wanted: StageRow) -> bool:
    forward = wanted is not STAGES[0]
    try:
        chosen = _chosen(names)
    except UnknownComponent as error:
        log.warning("Nothing was moved: %s", error)
        return False
    arrived = [_arrived(component, wanted, forward) for component in (chosen if forward else reversed(chosen))]
    return all(arrived)  # each was tried


def _arrived(component: Component, wanted: StageRow, forward: bool) -> bool:
    try:
        state = ComponentState.objects.get(name=component.name)
        if forward and STAGES.index(state.row) >= STAGES.index(wanted):
            return True
        if forward:
            _import(component)
        request = watching.follow(_asked(component, state, wanted), Console(file=io.StringIO()))
    except AlreadyThere:
        return True
    except REFUSALS as error:
        log.warning("%s was not moved: %s", component.name, error)
        return False
    if request.state != MoveRequest.State.DONE:
        log.warning(
            "%s was not moved: request %s is %s: %s", component.name, request.pk, request.state, request.message
        )
    return request.state == MoveRequest.State.DONE


def _import(component: Component) -> None:
    """Before a move forward, which refuses if not all came over. Raises RunRefused, NobodyWorks."""
    try:
        run = runs.request(component, requested_by=BY)
    except ActiveRun as error:
        run = error.run
    follow([run.pk], Console(file=io.StringIO()), here=store.has_files())


def _asked(component: Component, state: ComponentState, wanted: StageRow) -> MoveRequest:
    try:
        return requests.request(component, wanted, state.epoch, by=BY, reason=f"asked for by the bot: {wanted}")
    except OpenRequest as error:
        if error.request.row == wanted:
            return error.request
        raise


def _chosen(names: list[str]) -> list[Component]:
    """Parents first. Raises UnknownComponent, of what is not served too."""
    ours = ["profiles" if name == "users" and Bot.COMPANION.served else name for name in names]
    served = components.everything()
    for name in ours:
        if name not in {component.name for component in served}:
            raise UnknownComponent(name)
    return [component for component in served if component.name in ours]


def _status() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for component in components.everything():
        state = ComponentState.objects.get(name=component.name)
        last = MoveRequest.objects.filter(component_id=component.name).order_by("-pk").first()
        found[component.name] = {"stage": str(state.row.stage), "reads": str(state.row.reads), "epoch": state.epoch} | (
            {} if last is None else {"request": {"state": str(last.state), "message": last.message}}
        )
    return found
