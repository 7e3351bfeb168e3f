"""What is said of a player."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Form:
    """Of the last maps that the player has figures of, the latest first. Shares are 0..1; None is unknown.

    kd: kills by deaths of all of them together. streak: maps won in a row up to now, or lost, then negative.
    """

    maps: int = 0
    wins: int = 0
    results: tuple[bool, ...] = ()
    kd: float | None = None
    adr: float | None = None
    headshot_share: float | None = None
    streak: int = 0
    longest_win_streak: int = 0

    @property
    def win_share(self) -> float | None:
        return self.wins / self.maps if self.maps else None


@dataclass(frozen=True, slots=True)
class MapFigures:
    """Of one map. kd: the average of matches, never the API's sum of ratios."""

    maps: int
    wins: int
    kd: float | None = None

    @property
    def win_share(self) -> float | None:
        return self.wins / self.maps if self.maps else None


@dataclass(frozen=True, slots=True)
class PlayerStatistics:
    """elo and level are None without a profile, or without that game in it; the API has 0 for a new player.

    by_map: names as in `values.map_name`; whole careers where the API's statistics are given, else the maps that form
    is made of. lifetime_kd: the average per match.
    """

    player_id: str
    elo: int | None = None
    level: int | None = None
    form: Form = Form()
    by_map: Mapping[str, MapFigures] = field(default_factory=dict)
    lifetime_matches: int | None = None
    lifetime_kd: float | None = None
