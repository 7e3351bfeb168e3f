"""Users come to be, and say what they prefer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from accounts.errors import BadLanguage, UnknownUser
from accounts.models import User
from legacy_json.errors import AlreadyThere, NotThere
from migration_control import given

DEFAULT_LANGUAGE = "ru"
LONGEST_LANGUAGE = 10  # characters; validation reports longer ones

_language = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*").fullmatch


def get(user_id: int) -> User | None:
    """The user, or None."""
    return User.records.get(given.telegram_id(user_id))


def get_or_create(user_id: int, *, now: datetime, language: str = DEFAULT_LANGUAGE) -> tuple[User, bool]:
    """The user, and whether it came to be with this call. However many ask at once, there is one.

    language: of a new user. Raises BadLanguage.
    """
    key, language = given.telegram_id(user_id), check_language(language)
    while True:
        found = User.records.get(key)
        if found is not None:
            return found, False
        try:
            new = User(user_id=key, language=language, created_at=now, last_active_at=now)
            return User.records.create(new), True
        except AlreadyThere:
            continue  # somebody was quicker; and may have been deleted since


def set_preferences(
    user_id: int, *, language: str | None = None, notifications_enabled: bool | None = None,
    waiting_for_nickname: bool | None = None,
) -> User:  # fmt: skip
    """None: it stays as it is. Raises UnknownUser, BadLanguage."""
    wanted: dict[str, object] = {} if language is None else {"language": check_language(language)}
    flags = {"notifications_enabled": notifications_enabled, "waiting_for_nickname": waiting_for_nickname}
    for name, flag in flags.items():
        if flag is not None:
            if not isinstance(flag, bool):
                raise given.BadInput(f"{name} is true or false, not {flag!r:.60}.", name=name)
            wanted[name] = flag

    def change(user: User) -> None:
        for name, value in wanted.items():
            setattr(user, name, value)

    return update(user_id, change)


def check_language(code: str) -> str:
    """In lower case, as ru or pt-br. Raises BadLanguage."""
    if not isinstance(code, str) or len(code) > LONGEST_LANGUAGE:
        raise BadLanguage(code)
    language = code.strip().replace("_", "-").lower()
    if not _language(language):
        raise BadLanguage(code)
    return language


def update(user_id: int, change: Callable[[User], object]) -> User:
    """Raises UnknownUser."""
    key = given.telegram_id(user_id)
    try:
        return User.records.update(key, change)
    except NotThere:
        raise UnknownUser(key) from None
