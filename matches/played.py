"""A player's figures in one match on one map, from whichever of the API's two documents has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from matches.models import Match
from matches.shapes.merging import moment_of
from matches.shapes.sides import side_ids, teams_of
from matches.shapes.values import map_name, moment, number, objects, text, whole, within


@dataclass(frozen=True, slots=True)
class Played:
    """One map. adr and headshots: None where the document lacks them. kd: as told, for want of kills and deaths."""

    match_id: str
    round: int
    at: datetime | None
    map: str | None
    won: bool
    kills: int | None
    deaths: int | None
    kd: float | None
    adr: float | None
    headshots: int | None
    headshot_share: float | None


def in_matches(player_id: str, matches: Iterable[Match]) -> Iterator[Played]:
    """From the statistics of stored matches; those that have none yet are passed over."""
    for match in matches:
        sides = side_ids(match.details, match.history, match.statistics)
        for at, round in enumerate(objects(within(match.statistics, "rounds")), start=1):
            told = within(round, "round_stats")
            for _, team in teams_of(round, sides):
                for player in objects(team.get("players")):
                    if player.get("player_id") == player_id:
                        stats = player.get("player_stats")
                        number = whole(round.get("match_round")) or at
                        yield _played(stats, match.match_id, number, moment_of(match), within(told, "Map"))


def in_games(items: Iterable[Mapping[str, Any]]) -> Iterator[Played]:
    """From the items of /players/{id}/games/{game}/stats. Their "Match Finished At" is in milliseconds."""
    for item in items:
        stats = item.get("stats") if isinstance(item, Mapping) else None
        match_id = text(within(stats, "Match Id"))
        if match_id:
            at = moment(within(stats, "Match Finished At"))
            yield _played(stats, match_id, whole(within(stats, "Match Round")) or 1, at, within(stats, "Map"))


def _played(stats: object, match_id: str, round: int, at: datetime | None, map: object) -> Played:
    share = number(within(stats, "Headshots %"))
    return Played(
        match_id=match_id,
        round=round,
        at=at,
        map=map_name(map),
        won=whole(within(stats, "Result")) == 1,
        kills=whole(within(stats, "Kills")),
        deaths=whole(within(stats, "Deaths")),
        kd=number(within(stats, "K/D Ratio")),
        adr=number(within(stats, "ADR")),
        headshots=whole(within(stats, "Headshots")),
        headshot_share=None if share is None else share / 100,
    )
