"""Our own records of matches and of who played them: no bot had a file of them."""

from __future__ import annotations

from typing import Any

import msgspec

from migration_control.moments import Aware


class MatchDocument(msgspec.Struct):
    """One member of matches.json, an object keyed by FACEIT's match id.

    The API gives one match in three ways, whose keys, letter case and units differ; each is kept as it came:
    details of /matches/{id}; history, the item of /players/{id}/history; statistics of /matches/{id}/stats, which is
    None until they are published. analyses: what was said of it, the oldest first.

    The others are what is looked up and listed, in one spelling: status in lower case, dates aware ISO texts in UTC
    (the API's are epoch seconds). A score counts maps or, in a match of one map, rounds or maps, as the API has it.
    winner: faction1 or faction2.
    """

    status: str | None = None
    game: str | None = None
    region: str | None = None
    competition_name: str | None = None
    best_of: int | None = None
    map: str | None = None
    scheduled_at: Aware | None = None
    configured_at: Aware | None = None
    started_at: Aware | None = None
    finished_at: Aware | None = None
    faction1_name: str | None = None
    faction1_score: int | None = None
    faction2_name: str | None = None
    faction2_score: int | None = None
    winner: str | None = None
    details: dict[str, Any] | None = None
    history: dict[str, Any] | None = None
    statistics: dict[str, Any] | None = None
    analyses: list[Any] = []


class PlayerDocument(msgspec.Struct):
    """One member of match_players.json, an object keyed by FACEIT's player id.

    matches: epoch seconds by match id, of the latest that name the player. It only says where to look: a match may be
    gone since, or have been played by a substitute, so whoever reads it asks the match.
    """

    matches: dict[str, Any] = {}
