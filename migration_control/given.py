"""Checks of what callers of services pass in: ids, texts, counts. Both stores hold what passes, and hold the same."""

from __future__ import annotations

from typing import ClassVar

from legacy_json.keys import LARGEST, SMALLEST, encodes, shown
from migration_control.service_errors import ServiceError

TEXT = 4096  # characters: the most that Telegram puts into one message


class BadInput(ServiceError):
    """Not a value that the call takes."""

    code: ClassVar[str] = "bad-input"


def telegram_id(value: object) -> int:
    """Of a person: from 1 to 2^63 - 1. Raises BadInput."""
    return whole("a Telegram id", value, low=1)


def chat_id(value: object) -> int:
    """Of a chat, which may be negative, but not 0. Raises BadInput."""
    found = whole("a chat id", value, low=SMALLEST)
    if found == 0:
        raise BadInput("0 is not a chat id.", name="a chat id", value="0")
    return found


def whole(name: str, value: object, *, low: int = 0, high: int = LARGEST) -> int:
    """A whole number within low..high; True is none. Raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{shown(value)} is not {name}: it is no whole number.", name=name, value=shown(value))
    if not low <= value <= high:
        raise BadInput(f"{shown(value)} is not {name}: it is not in {low}..{high}.", name=name, value=shown(value))
    return value


def text(name: str, value: object, *, most: int = TEXT, empty: bool = False) -> str:
    """A text of at most so many characters that UTF-8 and PostgreSQL can hold. Raises BadInput."""
    if not isinstance(value, str):
        raise BadInput(f"{shown(value)} is not {name}: it is no text.", name=name, value=shown(value))
    if len(value) > most:
        raise BadInput(f"{name} has {len(value)} characters; {most} is the most.", name=name, value=shown(value))
    if not value and not empty:
        raise BadInput(f"{name} is empty.", name=name, value="")
    if "\0" in value:
        raise BadInput(f"{name} has a NUL in it, which no database text can hold.", name=name, value=shown(value))
    if not encodes(value):
        raise BadInput(f"{name} has half a character in it (a lone surrogate).", name=name, value=shown(value))
    return value
