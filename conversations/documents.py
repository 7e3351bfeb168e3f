"""The companion bot's own records: their keys, in their order, with their defaults."""

from __future__ import annotations

from typing import Any

import msgspec

from migration_control.moments import Zulu


class ProfileDocument(msgspec.Struct):
    """girls_data/<chat id>.json, and in the oldest installations a member of `girls` in girls_data.json.

    last_activity is a naive local ISO text in LEGACY_TIME_ZONE. Keys of summary and profile are moments, as
    YYYYMMDDHHMMSS.
    """

    chat_id: int
    name: str = ""
    last_activity: str | None = None
    message_count: int = 0
    summary: dict[str, str] = {}
    profile: dict[str, Any] = {}
    previous_response_id: str | None = None


class MessageDocument(msgspec.Struct):
    """One element of conversations/<chat id>.json. ts: an ISO text that ends in Z; direction: in or out."""

    ts: Zulu | None = None
    direction: str = ""
    text: str = ""


class SettingDocument(msgspec.Struct):
    """One member of config.json, of any JSON type: the value is the member itself."""

    value: Any = None
