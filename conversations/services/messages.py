"""Messages: lists of chats, in the order in which they were appended."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from conversations.keys import message_key
from conversations.models import Direction, Message
from migration_control import given
from migration_control.given import BadInput

LONGEST = 100_000  # characters: a language model's answer may be longer than what Telegram takes at once
LIMIT, MOST = 50, 1000  # messages of a page
SCAN = 20_000  # messages that one search looks at
AFTER = ";"  # follows the colon that ends a chat's id


class Found(NamedTuple):
    """before: where to go on searching; None if the chat was searched to its beginning."""

    messages: list[Message]
    before: int | None


def append(chat_id: int, direction: str, text: str, *, at: datetime, once: str | None = None) -> Message:
    """At the end of the chat, also beside others who append.

    once: an idempotency key, as 'update:123'; with one the message is kept (`kept`) while the database is away. Raises
    BadInput.
    """
    given.chat_id(chat_id)
    if direction not in Direction.values:
        raise BadInput(f"{direction!r} is no direction: give in or out.", name="a direction", value=repr(direction))
    given.text("a message", text, most=LONGEST)
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise BadInput(f"{at!r} is no moment with a time zone.", name="a moment", value=repr(at))
    return Message.records.append(Message(ts=at, direction=direction, text=text), stem=str(chat_id), once=once)


def page(chat_id: int, *, before: int | None = None, limit: int = LIMIT) -> list[Message]:
    """The newest first. before: the position that the page before ended with. Raises BadInput."""
    return list(islice(_newest(chat_id, before, _limit(limit)), limit))


def page_on(chat_id: int, *, after: int | None = None, limit: int = LIMIT) -> list[Message]:
    """The oldest first. after: the position that the page before ended with. Raises BadInput."""
    low, high = _span(chat_id, None)
    beyond = None if after is None else message_key(chat_id, given.whole("a position", after))
    return list(islice(Message.records.iterate(after=beyond, low=low, high=high, page=_limit(limit)), limit))


def search(chat_id: int, text: str, *, limit: int = LIMIT, before: int | None = None) -> Found:
    """Messages that have the text in them, however it is capitalised or composed; the newest first.

    It looks at SCAN messages at most; `before` of what it found goes on where it ended. Raises BadInput.
    """
    wanted = folded(given.text("what to search for", text))
    _limit(limit)
    found: list[Message] = []
    for seen, message in enumerate(_newest(chat_id, before, MOST), 1):
        if wanted in folded(message.text):
            found.append(message)
        if len(found) >= limit or seen >= SCAN:
            return Found(found, message.position)
    return Found(found, None)


def count(chat_id: int) -> int:
    """Of the chat: a look at each. Raises BadInput."""
    low, high = _span(chat_id, None)
    return sum(1 for _ in Message.records.iterate(low=low, high=high))


def newest(chat_id: int) -> Iterator[Message]:
    """All of them, the newest first, a page at a time in memory."""
    return _newest(chat_id, None, MOST)


def onward(chat_id: int, position: int) -> Iterator[Message]:
    """From that one on, the oldest first, a page at a time in memory."""
    return Message.records.iterate(low=message_key(chat_id, position), high=f"{chat_id}{AFTER}")


def chats() -> Iterator[int]:
    """That have messages: a look for each, however many these are."""
    low: str | None = None
    while True:
        message = next(Message.records.iterate(low=low, page=1), None)
        if message is None:
            return
        yield message.chat_id
        low = f"{message.chat_id}{AFTER}"


def folded(text: str) -> str:
    """What texts have in common that differ in capitals or in how their letters are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _newest(chat_id: int, before: int | None, page: int) -> Iterator[Message]:
    low, high = _span(chat_id, before)
    return Message.records.iterate(low=low, high=high, backwards=True, page=page)


def _span(chat_id: int, high: int | None) -> tuple[str, str]:
    given.chat_id(chat_id)
    end = f"{chat_id}{AFTER}" if high is None else message_key(chat_id, given.whole("a position", high))
    return message_key(chat_id, 0), end


def _limit(limit: int) -> int:
    return given.whole("a limit", limit, low=1, high=MOST)
