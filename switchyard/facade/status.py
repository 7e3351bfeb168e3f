"""A user's subscription and figures, as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from accounts.errors import UnknownUser
from accounts.models import User
from matches import services as matches
from subscriptions import services as subscriptions
from switchyard.texts import local, say


def subscription_status(user: User, *, now: datetime) -> str:
    """In the user's language."""
    has, limits, used = _subscription(user.user_id, now)
    language = user.language
    ends = say("status-ends", language, moment=local(has.expires_at)) if has.expires_at else ""
    most = limits.requests_per_day
    said = say(
        "status", language, tier=has.tier, ends=ends, used=used,
        limit=say("status-unlimited", language) if most is None else most, history=limits.match_history,
    )  # fmt: skip
    return said + (say("status-referrals", language, count=has.referrals_count) if has.referrals_count else "")


def statistics(user: User, *, now: datetime) -> dict[str, Any]:
    """user_id, faceit_nickname, faceit_player_id, language, total_requests, created_at, last_active_at, subscription,
    matches: of the player, how many are stored as far as the tier looks back, and how many of them were won.

    Moments as ISO texts with their offset; JSON can hold it.
    """
    has, limits, used = _subscription(user.user_id, now)
    return {
        "user_id": user.user_id,
        "faceit_nickname": user.faceit_nickname,
        "faceit_player_id": user.faceit_player_id,
        "language": user.language,
        "total_requests": user.total_requests,
        "created_at": _iso(user.created_at),
        "last_active_at": _iso(user.last_active_at),
        "subscription": {
            "tier": str(has.tier),
            "expires_at": _iso(has.expires_at),
            "requests_today": used,
            "requests_per_day": limits.requests_per_day,
            "referral_code": has.referral_code,
            "referrals_count": has.referrals_count,
        },
        "matches": _matches(user, limits.match_history),
    }


def _subscription(user_id: int, now: datetime) -> tuple[Any, subscriptions.Limits, int]:
    """Raises UnknownUser."""
    has = subscriptions.of(user_id, now=now)
    allowance = subscriptions.may_request(user_id, now=now)
    if allowance.code == UnknownUser.code:
        raise UnknownUser(user_id)
    return has, subscriptions.limits(has.tier), allowance.used


def _matches(user: User, history: int) -> dict[str, Any]:
    if not user.faceit_player_id:
        return {"stored": 0}
    found = matches.recent(user.faceit_player_id, limit=history)
    form = matches.player_statistics(user.faceit_player_id, matches=found, last=max(1, history)).form
    return {"stored": len(found), "maps": form.maps, "wins": form.wins, "win_share": form.win_share, "kd": form.kd}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
