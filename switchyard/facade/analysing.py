"""A match from its link to an analysis: what is stored first, then what FACEIT says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC
from typing import Any, NamedTuple

from matches import services as matches
from matches.models import Match, Status
from matches.services import Analysis, PlayerStatistics
from matches.shapes.checked import BadDocument
from matches.shapes.merging import players_of
from matches.shapes.sides import SIDES
from matches.shapes.values import within
from switchyard.facade.asking import Faceit, asked, if_any
from switchyard.legacy import clock
from switchyard.overload import gate
from switchyard.texts import say

log = logging.getLogger(__name__)

STORED = 20  # matches of a player that recent form is taken from


class Told(NamedTuple):
    """What FACEIT says of a player; None for what it did not."""

    player_id: str
    profile: dict[str, Any] | None
    games: list[dict[str, Any]] | None
    career: dict[str, Any] | None


async def analysed(link: str, faceit: Callable[[], Faceit]) -> tuple[Match, Analysis]:
    """One that is young enough is served again. Raises BadLink, FaceitError, BadDocument, what Model.records raises."""
    match_id = matches.match_id_of(link)
    found = await gate().run(lambda: _stored(match_id))
    if found is not None:
        return found
    document = await asked(faceit().match(match_id))
    match = await gate().run(lambda: matches.store_details(document, now=clock.now()))
    if match.status == Status.FINISHED and match.statistics is None:
        match = await with_statistics(match, faceit())
    named = [id for ids in players_of(match).values() for id in ids]
    told = await asyncio.gather(*(_told(id, match.game or "cs2", faceit()) for id in named))
    return await gate().run(lambda: _made(match, told))


async def with_statistics(match: Match, faceit: Faceit) -> Match:
    """Stored with them, if FACEIT has them by now. Raises Unauthorized, what Model.records raises."""
    statistics = await if_any(faceit.match_stats(match.match_id))
    if statistics is None:
        return match
    try:
        return await gate().run(lambda: matches.store_statistics(match.match_id, statistics, now=clock.now()))
    except BadDocument as error:
        log.warning("Match %s stays without statistics: %s", match.match_id, error)
        return match


def _stored(match_id: str) -> tuple[Match, Analysis] | None:
    match = matches.get(match_id)
    made = None if match is None else matches.fresh(match, now=clock.now())
    return None if match is None or made is None else (match, made)


async def _told(player_id: str, game: str, faceit: Faceit) -> Told:
    """Raises Unauthorized."""
    return Told(
        player_id,
        *await asyncio.gather(
            if_any(faceit.player(player_id)),
            if_any(faceit.player_games(player_id, game)),
            if_any(faceit.player_stats(player_id, game)),
        ),
    )


def _made(match: Match, told: list[Told]) -> tuple[Match, Analysis]:
    """On one thread for all the players: a call takes one place at a time, however many players it is about."""
    found = [one for one in (_player(each, match) for each in told) if one is not None]
    players: Mapping[str, PlayerStatistics] = {one.player_id: one for one in found}
    made = matches.analyse(match, players, now=clock.now())
    return matches.store_analysis(match.match_id, made, now=clock.now()), made


def _player(told: Told, match: Match) -> PlayerStatistics | None:
    """Without that match itself. None, if nothing can be learned of them: the analysis says of how many it knew."""
    id, profile, games, career = told
    stored = [one for one in matches.recent(id, limit=STORED) if one.match_id != match.match_id]
    before = [one for one in games or () if within(one, "stats", "Match Id") != match.match_id]
    if not (profile or before or career or stored):
        return None
    return matches.player_statistics(
        id, matches=stored, games=before, profile=profile, statistics=career, game=match.game or "cs2"
    )


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
