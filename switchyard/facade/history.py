"""A player's latest matches: what FACEIT says, stored, and what is stored, as far as the tier looks back."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Any, ClassVar

from django.conf import settings

from accounts.models import User
from matches import services as matches
from matches.faceit.client import MOST_ITEMS
from matches.models import Match, Status
from matches.shapes.merging import moment_of, players_of
from migration_control.service_errors import ServiceError
from subscriptions import services as subscriptions
from subscriptions.models import Tier
from switchyard.facade.analysing import with_statistics
from switchyard.facade.asking import Faceit, asked
from switchyard.legacy import clock
from switchyard.overload import gate

LOOKED_UP = 5  # matches, the latest that have no statistics yet, for which a call asks FACEIT


class NotLinked(ServiceError):
    """Nothing can be said of somebody's matches who has no FACEIT account here."""

    code: ClassVar[str] = "not-linked"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"User {user_id} has no FACEIT account linked. Link one first.", user_id=user_id)


def linked(user: User) -> str:
    """The player's id. Raises NotLinked."""
    if not user.faceit_player_id:
        raise NotLinked(user.user_id)
    return user.faceit_player_id


def limit(user: User) -> int:
    """On a thread: as many matches as the user's tier shows. Raises what Model.records raises."""
    if not settings.ENABLE_SUBSCRIPTION_SYSTEM:
        return subscriptions.limits(Tier.PRO).match_history
    now = clock.now()
    return subscriptions.limits(subscriptions.of(user.user_id, now=now).tier).match_history


async def fetch(player_id: str, limit: int, faceit: Faceit) -> None:
    """Store what FACEIT says of the latest ones. Raises FaceitError, BadDocument, what Model.records raises."""
    found: list[Match] = []
    while len(found) < limit:
        size = min(MOST_ITEMS, limit - len(found))
        items = await asked(faceit.history(player_id, offset=len(found), limit=size))
        found += await gate().run(lambda items=items: matches.store_history(items, now=clock.now()))  # type: ignore[misc]
        if len(items) < size:
            break
    without = [one for one in found if one.status == Status.FINISHED and one.statistics is None][:LOOKED_UP]
    await asyncio.gather(*(with_statistics(match, faceit) for match in without))


def look(player_id: str, limit: int) -> list[dict[str, Any]]:
    """On a thread. The latest first: match_id, status, at (ISO), map, teams and score by side, won (None until it is
    known); JSON can hold it.
    """
    return [_shown(player_id, match) for match in matches.recent(player_id, limit=limit)]


def _shown(player_id: str, match: Match) -> dict[str, Any]:
    side = next((side for side, ids in players_of(match).items() if player_id in ids), None)
    at = moment_of(match)
    return {
        "match_id": match.match_id,
        "status": match.status,
        "at": None if at is None else at.astimezone(UTC).isoformat(),
        "map": match.map,
        "teams": {"faction1": match.faction1_name, "faction2": match.faction2_name},
        "score": {"faction1": match.faction1_score, "faction2": match.faction2_score},
        "won": None if match.winner is None or side is None else match.winner == side,
    }
