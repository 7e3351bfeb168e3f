"""Matches by their id, and those of a player."""

from __future__ import annotations

from legacy_json.keys import shown
from matches.links import is_match_id
from matches.models import Match
from matches.services import listing
from matches.shapes.merging import players_of
from matches.shapes.sides import MOST_ID
from migration_control import given
from migration_control.given import BadInput

AT_ONCE = 20  # matches in memory beside those that are returned


def get(match_id: str) -> Match | None:
    """Raises BadInput for what is no match id."""
    if not is_match_id(match_id):
        raise BadInput(f"{shown(match_id)} is not the id of a match.", name="a match id", value=shown(match_id))
    return Match.records.get(match_id)


def recent(player_id: str, *, limit: int) -> list[Match]:
    """The player's latest matches that are stored, the latest first. limit: as many as the caller's tier may see; a
    player's list goes back listing.KEPT matches, and no further.

    One lookup for the list and one per twenty matches. Raises BadInput.
    """
    given.text("a player id", player_id, most=MOST_ID)
    given.whole("a number of matches", limit, low=1)
    found: list[Match] = []
    ids = listing.listed(player_id)
    for start in range(0, len(ids), AT_ONCE):
        some = Match.records.get_many(ids[start : start + AT_ONCE])
        found += [some[id] for id in ids[start : start + AT_ONCE] if id in some and plays_in(player_id, some[id])]
        if len(found) >= limit:
            break
    return found[:limit]


def plays_in(player_id: str, match: Match) -> bool:
    return any(player_id in side for side in players_of(match).values())
