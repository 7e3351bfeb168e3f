"""What the services of accounts refuse."""

from __future__ import annotations

from typing import ClassVar

from legacy_json.keys import shown
from migration_control.service_errors import ServiceError


class UnknownUser(ServiceError):
    """Nobody of that id has talked to the bot yet."""

    code: ClassVar[str] = "unknown-user"

    def __init__(self, user_id: int) -> None:
        super().__init__(f"There is no user {user_id}. Create it with get_or_create() first.", user_id=user_id)


class BadNickname(ServiceError):
    """No FACEIT account has such a name."""

    code: ClassVar[str] = "bad-nickname"

    def __init__(self, text: object, low: int, high: int) -> None:
        super().__init__(
            f"{shown(text)} is no FACEIT nickname: that has {low} to {high} Latin letters, digits, '_' and '-'."
            " Copy it from the FACEIT profile.",
            nickname=shown(text), low=low, high=high,
        )  # fmt: skip


class BadPlayer(ServiceError):
    """Not what the FACEIT API calls a player_id."""

    code: ClassVar[str] = "bad-player-id"

    def __init__(self, found: object) -> None:
        super().__init__(
            f"{shown(found)} is no FACEIT player id. Ask the FACEIT API for the player of the nickname.",
            player_id=shown(found),
        )


class AccountTaken(ServiceError):
    """One FACEIT account belongs to one user."""

    code: ClassVar[str] = "account-taken"

    def __init__(self, user_id: int, nickname: str) -> None:
        super().__init__(
            f"The FACEIT account {nickname} is linked to another user, not {user_id}. Unlink it there first.",
            user_id=user_id, nickname=nickname,
        )  # fmt: skip


class BadLanguage(ServiceError):
    """No code of a language."""

    code: ClassVar[str] = "bad-language"

    def __init__(self, found: object) -> None:
        super().__init__(
            f"{shown(found)} is no code of a language, as ru, en or pt-br. Pass what Telegram calls language_code.",
            language=shown(found),
        )
