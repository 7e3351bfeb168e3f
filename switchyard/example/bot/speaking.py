"""In which language somebody is answered, and what they are told when a service refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.types import CallbackQuery, Message, TelegramObject, User

from switchyard.facade.answers import TROUBLE, told
from switchyard.legacy import storage
from switchyard.texts import chosen

SECONDS = 2.0  # for a store to say which language somebody has chosen

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


async def speaking(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Gives handlers `language`; what a service or a store refuses is said in it."""
    language = data["language"] = await _language(data.get("event_from_user"))
    try:
        return await handler(event, data)
    except TROUBLE as error:
        if not isinstance(event, Message | CallbackQuery):
            raise
        return await event.answer(told(error, language))


async def _language(person: User | None) -> str:
    """As chosen in /settings, else as their Telegram has it."""
    if person is None:
        return chosen(None)
    try:
        async with asyncio.timeout(SECONDS):
            found = await storage.get_user(person.id)
    except (*TROUBLE, TimeoutError):
        found = None
    return chosen(found.language if found else person.language_code)
