"""What the keys of messages and settings say, and how they are made."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from legacy_json.keys import LARGEST, SMALLEST, Key
from legacy_json.positions import DIGITS, positioned
from migration_control.bots import Bot
from migration_control.conversions import CannotHold

SCOPED = "::"


class NoSuchKey(ValueError):
    """A scope and a name that no key says."""


def message_key(chat_id: int, position: int) -> str:
    return positioned(str(chat_id), position)


def message_columns(key: Key) -> dict[str, Any]:
    """Columns that follow from a message's key. Raises CannotHold."""
    stem, _, digits = str(key).rpartition(":")
    try:
        return {"chat_id": _chat_id(stem), "position": _position(digits)}
    except ValueError:
        raise CannotHold("no-chat", f"the key {key!r} is not a chat id and a position") from None


@lru_cache(1000)
def _chat_id(stem: str) -> int:
    """Written in one way only, so that two files are never one conversation."""
    chat_id = int(stem)
    if str(chat_id) != stem or not SMALLEST <= chat_id <= LARGEST:
        raise ValueError(stem)
    return chat_id


def _position(digits: str) -> int:
    if len(digits) < DIGITS or not (digits.isascii() and digits.isdecimal()):
        raise ValueError(digits)
    if len(digits) > DIGITS and digits[0] == "0":
        raise ValueError(digits)
    return int(digits)


def setting_key(scope: str | None, name: str) -> str:
    """Raises NoSuchKey."""
    key = name if scope is None else f"{scope}{SCOPED}{name}"
    if _parts(key) != (scope, name):
        raise NoSuchKey(f"{scope!r} and {name!r} would be read back otherwise: leave {SCOPED!r} out of them")
    return key


def setting_columns(key: Key) -> dict[str, Any]:
    """Columns that follow from a setting's key: `<scope>::<name>`, or a name alone."""
    scope, name = _parts(str(key))
    return {"bot_id": Bot.COMPANION.bot_id, "scope": scope, "name": name}


def _parts(key: str) -> tuple[str | None, str]:
    scope, scoped, name = key.partition(SCOPED)
    return (scope, name) if scoped else (None, key)
