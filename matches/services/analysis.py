"""What is to be expected of a match, said from its players' statistics and kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings

from legacy_json.errors import NotThere
from legacy_json.keys import shown
from matches.figures import PlayerStatistics
from matches.links import is_match_id, match_id_of
from matches.models import Match
from matches.prediction import BASIS, METHOD, chance, differences
from matches.shapes.checked import checked
from matches.shapes.merging import players_of
from matches.shapes.sides import SIDES
from matches.shapes.values import map_name, moment, number, objects, whole, within
from migration_control.service_errors import ServiceError

__all__ = ["Analysis", "UnknownMatch", "analyse", "fresh", "match_id_of", "store_analysis"]

KEPT = 10  # analyses of one match, the latest


class UnknownMatch(ServiceError):
    """No match of that id is stored."""

    code: ClassVar[str] = "unknown-match"

    def __init__(self, match_id: object) -> None:
        super().__init__(
            f"The match {shown(match_id)} is not stored. Store its details first.", match_id=shown(match_id)
        )


@dataclass(frozen=True, slots=True)
class Analysis:
    """chances: of each side, 0..1, together 1. factors: the first side's lead in what they follow from, as
    matches.prediction has it; none, if nothing is known of the players, and then the chances are even.

    players_known of players: of how many there were statistics. basis: what the method's figures rest upon.
    """

    made_at: datetime
    chances: Mapping[str, float]
    factors: Mapping[str, float] = field(default_factory=dict)
    players_known: int = 0
    players: int = 0
    map: str | None = None
    method: str = METHOD
    basis: str = BASIS

    @property
    def favourite(self) -> str | None:
        """The side that is likelier to win, if one is."""
        first, second = (self.chances[side] for side in SIDES)
        return None if first == second else SIDES[first < second]


def analyse(match: Match, players: Mapping[str, PlayerStatistics], *, now: datetime) -> Analysis:
    """players: by player id, of as many of the match's players as are known. Pure."""
    named = players_of(match)
    sides = {side: [players[id] for id in ids if id in players] for side, ids in named.items()}
    maps = (match.map or "").split(", ")
    map = map_name(maps[0]) if len(maps) == 1 else None
    factors = differences(sides[SIDES[0]], sides[SIDES[1]], map)
    first = round(chance(factors), 4)
    return Analysis(
        made_at=now,
        chances={SIDES[0]: first, SIDES[1]: round(1 - first, 4)},
        factors={name: round(value, 4) for name, value in factors.items()},
        players_known=sum(len(side) for side in sides.values()),
        players=sum(len(side) for side in named.values()),
        map=map,
    )


def fresh(match: Match, *, now: datetime) -> Analysis | None:
    """The latest analysis, if it may be served again: for ANALYSIS_SECONDS from when it was made. One of the future,
    as a clock that was put back leaves it, may not.
    """
    for held in reversed(objects(match.analyses)):
        made = _read(held)
        if made is not None:
            age = now - made.made_at
            return made if timedelta(0) <= age < timedelta(seconds=settings.ANALYSIS_SECONDS) else None
    return None


def store_analysis(match_id: str, analysis: Analysis, *, now: datetime) -> Match:
    """At the end of the match's list, of which the latest ten of ours are kept; the same one again changes nothing.

    Raises UnknownMatch, BadDocument.
    """
    del now  # it carries its own moment
    written = checked(_written(analysis), "An analysis")

    def change(match: Match) -> None:
        held = match.analyses if isinstance(match.analyses, list) else []
        if written not in held:
            match.analyses = [*held, written][-KEPT:]

    if not is_match_id(match_id):
        raise UnknownMatch(match_id)
    try:
        return Match.records.update(match_id, change)
    except NotThere:
        raise UnknownMatch(match_id) from None


def _written(analysis: Analysis) -> dict[str, Any]:
    return asdict(analysis) | {"made_at": analysis.made_at.astimezone(UTC).isoformat()}


def _read(held: dict[str, Any]) -> Analysis | None:
    """None for what is not one of ours: other programs may have put theirs there."""
    made_at, chances = moment(held.get("made_at")), within(held, "chances")
    told = {side: number(within(chances, side)) for side in SIDES}
    if held.get("method") != METHOD or made_at is None or None in told.values():
        return None
    factors = held.get("factors")
    known = {name: number(value) for name, value in factors.items()} if isinstance(factors, dict) else {}
    map = held.get("map")
    return Analysis(
        made_at=made_at,
        chances={side: value for side, value in told.items() if value is not None},
        factors={name: value for name, value in known.items() if value is not None},
        players_known=whole(held.get("players_known")) or 0,
        players=whole(held.get("players")) or 0,
        map=map if isinstance(map, str) else None,
    )
