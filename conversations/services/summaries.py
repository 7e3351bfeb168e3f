"""Summaries of a chat, in its profile, each under the moment when it was made: YYYYMMDDHHMMSS in LEGACY_TIME_ZONE."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.errors import UnknownChat
from conversations.models import Profile
from conversations.services import profiles
from legacy_json.errors import NotThere
from migration_control import given

LONGEST = 20_000  # characters


class Summary(NamedTuple):
    id: str
    text: str


def add(chat_id: int, text: str, *, now: datetime) -> str:
    """Returns its id: of the first second from now on that has none yet. Raises UnknownChat, BadInput."""
    given.chat_id(chat_id)
    given.text("a summary", text, most=LONGEST)
    ids: list[str] = []

    def change(record: Profile) -> None:
        summary = _of(record)
        at = now
        while (id := _id(at)) in summary:
            at += timedelta(seconds=1)
        ids[:] = [id]
        record.summary = summary | {id: text}

    try:
        Profile.records.update(chat_id, change)
    except NotThere:
        raise UnknownChat(chat_id) from None
    return ids[0]


def latest(chat_id: int) -> str | None:
    """The text with the greatest id; None also where there is no profile. Raises BadInput, KeyReserved."""
    found = newest(chat_id, limit=1)
    return found[0].text if found else None


def newest(chat_id: int, *, limit: int = 20) -> list[Summary]:
    """The greatest id first. Raises BadInput, KeyReserved."""
    given.whole("a limit", limit, low=1, high=1000)
    record = profiles.get(chat_id)
    summary = {} if record is None else _of(record)
    return [Summary(id, summary[id]) for id in sorted(summary, reverse=True)[:limit]]


def _of(record: Profile) -> dict[str, str]:
    """Imported ones may be of any kind; what is no text is no summary."""
    found = record.summary if isinstance(record.summary, dict) else {}
    return {id: text for id, text in found.items() if isinstance(text, str)}


def _id(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(settings.LEGACY_TIME_ZONE)):%Y%m%d%H%M%S}"
