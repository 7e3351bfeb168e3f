"""What is known of a player: recent form, and figures per map."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from statistics import fmean
from typing import Any

from matches.figures import Form, MapFigures, PlayerStatistics
from matches.models import Match
from matches.played import Played, in_games, in_matches
from matches.shapes.sides import MOST_ID
from matches.shapes.values import map_name, number, objects, whole, within
from migration_control import given

LAST = 20  # maps that recent form looks at
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def player_statistics(
    player_id: str,
    *,
    matches: Iterable[Match] = (),
    games: Iterable[Mapping[str, Any]] = (),
    profile: Mapping[str, Any] | None = None,
    statistics: Mapping[str, Any] | None = None,
    game: str = "cs2",
    last: int = LAST,
) -> PlayerStatistics:
    """Of whatever is at hand; a map that several documents tell of counts once.

    matches: stored ones. games: items of /players/{id}/games/{game}/stats. profile: /players/{id}. statistics:
    /players/{id}/stats/{game}. Raises BadInput.
    """
    given.text("a player id", player_id, most=MOST_ID)
    given.whole("a number of maps", last, low=1, high=1000)
    found = {(one.match_id, one.round): one for one in in_games(games)}
    found |= {(one.match_id, one.round): one for one in in_matches(player_id, matches)}
    played = sorted(found.values(), key=_order, reverse=True)[:last]
    lifetime = within(statistics, "lifetime")
    return PlayerStatistics(
        player_id=player_id,
        elo=whole(within(profile, "games", game, "faceit_elo")),
        level=whole(within(profile, "games", game, "skill_level")),
        form=form_of(played),
        by_map=_career(statistics) or _of_maps(played),
        lifetime_matches=whole(within(lifetime, "Matches")),
        lifetime_kd=number(within(lifetime, "Average K/D Ratio")),
    )


def form_of(played: Sequence[Played]) -> Form:
    """Of these, the latest first."""
    results = tuple(one.won for one in played)
    return Form(
        maps=len(played),
        wins=sum(results),
        results=results,
        kd=_kd(played),
        adr=_mean(one.adr for one in played),
        headshot_share=_headshots(played),
        streak=_streak(results),
        longest_win_streak=_longest(results),
    )


def _order(one: Played) -> tuple[datetime, str, int]:
    return one.at or _NEVER, one.match_id, one.round


def _kd(played: Sequence[Played]) -> float | None:
    counted = [(one.kills, one.deaths) for one in played if one.kills is not None and one.deaths is not None]
    if not counted:
        return _mean(one.kd for one in played)
    return sum(kills for kills, _ in counted) / max(1, sum(deaths for _, deaths in counted))


def _headshots(played: Sequence[Played]) -> float | None:
    counted = [(one.headshots, one.kills) for one in played if one.headshots is not None and one.kills]
    kills = sum(kills for _, kills in counted)
    return sum(headshots for headshots, _ in counted) / kills if kills else _mean(one.headshot_share for one in played)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _streak(results: Sequence[bool]) -> int:
    if not results:
        return 0
    same = sum(1 for _ in takewhile(lambda won: won == results[0], results))
    return same if results[0] else -same


def _longest(results: Sequence[bool]) -> int:
    longest = now = 0
    for won in results:
        now = now + 1 if won else 0
        longest = max(longest, now)
    return longest


def _of_maps(played: Sequence[Played]) -> dict[str, MapFigures]:
    by_map: dict[str, list[Played]] = defaultdict(list)
    for one in played:
        if one.map:
            by_map[one.map].append(one)
    return {map: MapFigures(len(ones), sum(one.won for one in ones), _kd(ones)) for map, ones in by_map.items()}


def _career(statistics: Mapping[str, Any] | None) -> dict[str, MapFigures]:
    """Segments of the whole career; of one map played in several modes the one with most matches."""
    found: dict[str, MapFigures] = {}
    for segment in objects(within(statistics, "segments")):
        map, stats = map_name(segment.get("label")), segment.get("stats")
        maps, wins = whole(within(stats, "Matches")), whole(within(stats, "Wins"))
        if segment.get("type") != "Map" or not map or maps is None or wins is None or not wins <= maps:
            continue
        if map not in found or found[map].maps < maps:
            found[map] = MapFigures(maps, wins, number(within(stats, "Average K/D Ratio")))
    return found
