"""A user's FACEIT account: one of them for each user, and one user for each of them."""

from __future__ import annotations

import re
from datetime import datetime

from accounts.errors import AccountTaken, BadNickname, BadPlayer
from accounts.models import User
from accounts.services.activity import later
from accounts.services.users import update
from legacy_json.errors import ValueTaken

# FACEIT lets one choose 3 to 12 characters; older names differ. Beyond 50 validation reports an error.
SHORTEST, LONGEST = 2, 50

_nickname = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST},{LONGEST}}}").fullmatch
_player = re.compile(r"[A-Za-z0-9_-]{1,64}").fullmatch  # the API's are UUIDs; others are said to have been


def check_nickname(text: str) -> str:
    """Without the spaces around it. Raises BadNickname."""
    if not isinstance(text, str) or len(text) > 4 * LONGEST or not _nickname(text.strip(" \t\r\n")):
        raise BadNickname(text, SHORTEST, LONGEST)
    return text.strip(" \t\r\n")


def link(user_id: int, *, nickname: str, player_id: str, now: datetime) -> User:
    """The account takes the place of another one; what was last seen of that one's matches is forgotten.

    The same account again changes its nickname, if FACEIT has another by now, and else nothing. Raises UnknownUser,
    BadNickname, BadPlayer; AccountTaken if another user has it.
    """
    name = check_nickname(nickname)
    if not isinstance(player_id, str) or not _player(player_id):
        raise BadPlayer(player_id)

    def change(user: User) -> None:
        if (user.faceit_player_id, user.faceit_nickname, user.waiting_for_nickname) == (player_id, name, False):
            return
        if user.faceit_player_id != player_id:
            user.last_checked_match_id = None
        user.faceit_player_id, user.faceit_nickname, user.waiting_for_nickname = player_id, name, False
        user.last_active_at = later(user.last_active_at, now)

    try:
        return update(user_id, change)
    except ValueTaken:
        raise AccountTaken(user_id, name) from None


def unlink(user_id: int, *, now: datetime) -> User:
    """Of a user without an account nothing changes. Raises UnknownUser."""

    def change(user: User) -> None:
        if user.faceit_player_id or user.faceit_nickname:
            user.faceit_player_id = user.faceit_nickname = user.last_checked_match_id = None
            user.last_active_at = later(user.last_active_at, now)

    return update(user_id, change)
