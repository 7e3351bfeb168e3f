"""In which language somebody is answered, and what they are told when a service refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.types import CallbackQuery, Message, TelegramObject

from switchyard.facade import Switchyard
from switchyard.facade.answers import TROUBLE, told
from switchyard.texts import chosen

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


async def speaking(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """Gives handlers `language`, as chosen in /settings, else as Telegram has it; what is refused is said in it."""
    desk: Switchyard = data["desk"]
    person = data.get("event_from_user")
    found = None if person is None else await desk.language_of(person.id, person.language_code)
    language = data["language"] = chosen(found)
    try:
        return await handler(event, data)
    except TROUBLE as error:
        if not isinstance(event, Message | CallbackQuery):
            raise
        return await event.answer(told(error, language))
