"""What the services of conversations refuse."""

from __future__ import annotations

from typing import ClassVar

from migration_control.service_errors import ServiceError


class UnknownChat(ServiceError):
    """There is no profile of that chat."""

    code: ClassVar[str] = "unknown-chat"

    def __init__(self, chat_id: int) -> None:
        super().__init__(
            f"There is no profile of the chat {chat_id}. Make one first: profiles.ensure()", chat_id=chat_id
        )


class WrongKind(ServiceError):
    """A setting's value is not of the kind that the caller asked for."""

    code: ClassVar[str] = "wrong-kind"

    def __init__(self, key: str, found: str, wanted: str) -> None:
        super().__init__(
            f"The setting {key} is {found}, not {wanted}. Correct it in config.json or in the admin.",
            key=key,
            found=found,
            wanted=wanted,
        )
