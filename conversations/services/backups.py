"""Daily backups of conversations: a file for each chat and day, below VAR_DIR, never among the bot's own files."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.models import Message
from conversations.services import messages
from legacy_json.keys import encodes
from legacy_json.rendering.durable import sync_file, sync_folder
from migration_control import given, moments
from migration_control.given import BadInput
from migration_control.moments import Style

MOST = 4 * 1024 * 1024  # characters of one message as JSON
SLACK = timedelta(days=1)  # by which the order of messages and their moments may differ

_day = re.compile(r"\d{4}-\d\d-\d\d").fullmatch


def folder() -> Path:
    return Path(settings.VAR_DIR) / "backups" / "conversations"


def path(chat_id: int, day: date) -> Path:
    """Of the backup of that chat and day, whether there is one or not."""
    return folder() / day.isoformat() / f"{chat_id}.json"


def backup_day(chat_id: int, messages: Iterable[Mapping[str, Any]], *, now: datetime) -> Path:
    """Write these messages as the chat's backup of the day that `now` is in (BOT_TIME_ZONE), and return its path.

    One of the same day is replaced, at once and durably; nobody sees half of one. The messages are objects, one at a
    time in memory. Raises BadInput, and OSError where the disk does not take it.
    """
    given.chat_id(chat_id)
    return _write(path(chat_id, _day_of(now)), (_encoded(message) for message in messages))


def back_up(day: date) -> int:
    """Back up what each chat has stored of that day, a page of messages at a time in memory. Returns of how many.

    Raises what Records raise, OSError.
    """
    count = 0
    for chat_id in messages.chats():
        first = min((message.position for message in _recent(chat_id, day) if _is_of(message, day)), default=None)
        if first is not None:
            of_day = (message for message in messages.onward(chat_id, first) if _is_of(message, day))
            _write(path(chat_id, day), (_encoded(_document(message)) for message in of_day))
            count += 1
    return count


def prune(now: datetime) -> int:
    """Remove the folders of days that CONVERSATION_BACKUP_DAYS no longer keeps. Returns how many."""
    kept: int | None = settings.CONVERSATION_BACKUP_DAYS
    if kept is None or not folder().is_dir():
        return 0
    first = (_day_of(now) - timedelta(days=kept)).isoformat()
    old = [entry for entry in folder().iterdir() if _day(entry.name) and entry.name < first]
    for each in old:
        shutil.rmtree(each)
    return len(old)


def yesterday(now: datetime) -> date:
    """The last day that is over in BOT_TIME_ZONE."""
    return _day_of(now) - timedelta(days=1)


def _recent(chat_id: int, day: date) -> Iterator[Message]:
    """The newest first, back to where the day has surely not begun yet."""
    begin = datetime.combine(day, time.min, _zone()) - SLACK
    return takewhile(lambda message: message.ts is None or message.ts >= begin, messages.newest(chat_id))


def _is_of(message: Message, day: date) -> bool:
    return message.ts is not None and _day_of(message.ts) == day


def _document(message: Message) -> dict[str, Any]:
    """As the bot writes it."""
    assert message.ts is not None
    return {
        "ts": moments.legacy(message.ts, ZoneInfo("UTC"), Style.ZULU),
        "direction": message.direction,
        "text": message.text,
    }


def _encoded(message: object) -> bytes:
    if not isinstance(message, Mapping):
        raise BadInput(f"{type(message).__name__} is no message: give objects.", name="a message", value="")
    try:
        text = json.dumps(dict(message), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadInput(f"A message is not JSON: {error}", name="a message", value="") from error
    if len(text) > MOST:
        raise BadInput(f"A message has {len(text)} characters; {MOST} is the most.", name="a message", value=len(text))
    return (text if encodes(text) else json.dumps(dict(message))).encode()


def _write(target: Path, encoded: Iterable[bytes]) -> Path:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"[")
            for number, message in enumerate(encoded):
                file.write(b",\n" if number else b"\n")
                file.write(message)
            file.write(b"\n]\n")
            file.flush()
            sync_file(file.fileno())
        Path(draft).replace(target)
        sync_folder(target.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(draft).unlink()
        raise
    return target


def _day_of(at: datetime) -> date:
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise BadInput(f"{at!r} is no moment with a time zone.", name="a moment", value=repr(at))
    return at.astimezone(_zone()).date()


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.BOT_TIME_ZONE)
