"""The legacy bot's own record of a user: its keys, in its order, with its defaults."""

from __future__ import annotations

import msgspec


class UserDocument(msgspec.Struct):
    """One element of `users` in data.json, without the subscription embedded in it.

    Dates are naive local ISO texts in LEGACY_TIME_ZONE. The oldest records have the first four keys only.
    """

    user_id: int
    faceit_player_id: str | None = None
    faceit_nickname: str | None = None
    last_checked_match_id: str | None = None
    waiting_for_nickname: bool = False
    language: str = "ru"
    notifications_enabled: bool = True
    created_at: str | None = None
    last_active_at: str | None = None
    total_requests: int = 0
