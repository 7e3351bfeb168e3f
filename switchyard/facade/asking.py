"""FACEIT, asked for one call of the facade."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from matches.faceit.errors import FaceitError, Unauthorized, Unavailable
from migration_control.given import BadInput
from switchyard.overload import left

T = TypeVar("T")

SHARE = 0.8  # of the time that is left: the rest is for storing what was had


class Faceit(Protocol):
    """The calls of matches.faceit.client.FaceitClient that are made here."""

    async def player_by_nickname(self, nickname: str, game: str = "cs2") -> dict[str, Any]: ...
    async def match(self, match_id: str) -> dict[str, Any]: ...
    async def match_stats(self, match_id: str) -> dict[str, Any]: ...
    async def player(self, player_id: str) -> dict[str, Any]: ...
    async def player_stats(self, player_id: str, game: str = "cs2") -> dict[str, Any]: ...
    async def player_games(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]: ...
    async def history(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]: ...


async def asked(answer: Awaitable[T]) -> T:
    """Within SHARE of the time that the whole call has left; then Unavailable. Raises FaceitError, BadInput."""
    seconds = SHARE * left()
    try:
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            return await answer
    except TimeoutError:
        raise Unavailable("an answer", "the call's time is over") from None


async def if_any(answer: Awaitable[T]) -> T | None:
    """The same of what a call can do without. Raises Unauthorized."""
    try:
        return await asked(answer)
    except Unauthorized:
        raise
    except (FaceitError, BadInput):
        return None
