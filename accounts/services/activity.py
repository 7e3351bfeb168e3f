"""When users were last active, and what they asked for."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from accounts.errors import UnknownUser
from accounts.models import User
from accounts.services.users import get, update
from legacy_json.keys import LARGEST
from migration_control import given

AHEAD = timedelta(hours=1)  # that clocks of several hosts may differ; what is farther ahead is no time of activity


def touch(user_id: int, *, now: datetime, force: bool = False) -> User:
    """The user was active now. Written at most once in ACTIVITY_SECONDS, unless it is forced. Raises UnknownUser."""
    if not force:
        user = get(user_id)
        if user is None:
            raise UnknownUser(user_id)
        if _is_recent(user, now):
            return user

    def change(user: User) -> None:
        if force or not _is_recent(user, now):
            user.last_active_at = later(user.last_active_at, now)

    return update(user_id, change)


def count_request(user_id: int, *, now: datetime) -> User:
    """One request more, now. Raises UnknownUser."""

    def change(user: User) -> None:
        user.total_requests = min(user.total_requests + 1, LARGEST)
        user.last_active_at = later(user.last_active_at, now)

    return update(user_id, change)


def set_last_checked_match(user_id: int, match_id: str | None) -> User:
    """Raises UnknownUser."""
    match = None if match_id is None else given.text("a match id", match_id, most=200)

    def change(user: User) -> None:
        user.last_checked_match_id = match

    return update(user_id, change)


def later(before: datetime | None, now: datetime) -> datetime:
    """Of two hosts whose clocks differ a little the later one counts."""
    return before if before is not None and now <= before <= now + AHEAD else now


def _is_recent(user: User, now: datetime) -> bool:
    seconds = timedelta(seconds=settings.ACTIVITY_SECONDS)
    return user.last_active_at is not None and now - seconds < user.last_active_at <= now + AHEAD
