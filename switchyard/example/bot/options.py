"""What the bot itself reads from its environment; the rest is the installation's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

TELEGRAM = "https://api.telegram.org"
_token = re.compile(r"[0-9]{1,19}:[A-Za-z0-9_-]{1,100}", re.ASCII).fullmatch


class WrongOptions(Exception):
    """One of them is missing, or is not what it should be. No message shows the token."""


@dataclass(frozen=True)
class Options:
    """api: where the Bot API is served. owner: the Telegram id of who may refund, if anybody."""

    token: str = field(repr=False)
    api: str = TELEGRAM
    owner: int | None = None


def options(environment: Mapping[str, str]) -> Options:
    """Of TELEGRAM_BOT_TOKEN, TELEGRAM_API_URL and TELEGRAM_OWNER_ID. Raises WrongOptions."""
    token = environment.get("TELEGRAM_BOT_TOKEN", "")
    if not _token(token):
        raise WrongOptions("TELEGRAM_BOT_TOKEN is not set, or is no token. Set it to what @BotFather gave you.")
    api = environment.get("TELEGRAM_API_URL") or TELEGRAM
    if not api.startswith(("https://", "http://")):
        raise WrongOptions("TELEGRAM_API_URL is no address. It begins with https:// or http://.")
    owner = environment.get("TELEGRAM_OWNER_ID", "")
    if owner and not (owner.isascii() and owner.isdecimal()):
        raise WrongOptions("TELEGRAM_OWNER_ID is no number. Set it to your own Telegram id, or leave it out.")
    return Options(token, api, int(owner) if owner else None)
