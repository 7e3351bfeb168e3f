"""A match from its link to an analysis: what is stored first, then what FACEIT says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any, Protocol, TypeVar

from matches import services as matches
from matches.faceit.errors import FaceitError, Unauthorized
from matches.models import Match
from matches.services import Analysis, PlayerStatistics
from matches.shapes.merging import players_of
from matches.shapes.sides import SIDES
from matches.shapes.values import within
from migration_control.given import BadInput
from switchyard.legacy import clock
from switchyard.overload import gate
from switchyard.texts import say

T = TypeVar("T")

STORED = 20  # matches of a player that recent form is taken from


class Faceit(Protocol):
    """The calls of matches.faceit.client.FaceitClient that are made here."""

    async def player_by_nickname(self, nickname: str, game: str = "cs2") -> dict[str, Any]: ...
    async def match(self, match_id: str) -> dict[str, Any]: ...
    async def player(self, player_id: str) -> dict[str, Any]: ...
    async def player_stats(self, player_id: str, game: str = "cs2") -> dict[str, Any]: ...
    async def player_games(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]: ...


async def analysed(link: str, faceit: Callable[[], Faceit]) -> tuple[Match, Analysis]:
    """One that is young enough is served again. Raises BadLink, FaceitError, BadDocument, what Model.records raises."""
    match_id = matches.match_id_of(link)
    found = await gate().run(lambda: _stored(match_id))
    if found is not None:
        return found
    document = await faceit().match(match_id)
    match = await gate().run(lambda: matches.store_details(document, now=clock.now()))
    players = await _players(match, faceit())
    made = matches.analyse(match, players, now=clock.now())
    return await gate().run(lambda: matches.store_analysis(match.match_id, made, now=clock.now())), made


def _stored(match_id: str) -> tuple[Match, Analysis] | None:
    match = matches.get(match_id)
    made = None if match is None else matches.fresh(match, now=clock.now())
    return None if match is None or made is None else (match, made)


async def _players(match: Match, faceit: Faceit) -> Mapping[str, PlayerStatistics]:
    named = [id for ids in players_of(match).values() for id in ids]
    found = await asyncio.gather(*(_player(id, match, faceit) for id in named))
    return {one.player_id: one for one in found if one is not None}


async def _player(player_id: str, match: Match, faceit: Faceit) -> PlayerStatistics | None:
    """Without that match itself. None, if nothing can be learned of them: the analysis says of how many it knew.

    Raises Unauthorized.
    """
    game = match.game or "cs2"
    profile, games, career = await asyncio.gather(
        _if_any(faceit.player(player_id)),
        _if_any(faceit.player_games(player_id, game)),
        _if_any(faceit.player_stats(player_id, game)),
    )

    def made() -> PlayerStatistics | None:
        stored = [one for one in matches.recent(player_id, limit=STORED) if one.match_id != match.match_id]
        before = [one for one in games or () if within(one, "stats", "Match Id") != match.match_id]
        if not (profile or before or career or stored):
            return None
        return matches.player_statistics(
            player_id, matches=stored, games=before, profile=profile, statistics=career, game=game
        )

    return await gate().run(made)


async def _if_any(asked: Awaitable[T]) -> T | None:
    try:
        return await asked
    except Unauthorized:
        raise
    except (FaceitError, BadInput):
        return None


def shown(match: Match, made: Analysis, language: str) -> dict[str, Any]:
    """match_id, status, map, teams by side, text, and the fields of matches.services.Analysis; JSON can hold it."""
    names = {SIDES[0]: match.faction1_name, SIDES[1]: match.faction2_name}
    teams = {side: name or side for side, name in names.items()}
    first, second = SIDES
    text = say(
        "analysis", language,
        first=teams[first], first_chance=round(100 * made.chances[first]),
        second=teams[second], second_chance=100 - round(100 * made.chances[first]),
        known=made.players_known, players=made.players,
    )  # fmt: skip
    plain = asdict(made) | {"made_at": made.made_at.astimezone(UTC).isoformat(), "favourite": made.favourite}
    return {"match_id": match.match_id, "status": match.status, "teams": teams, "text": text} | plain
