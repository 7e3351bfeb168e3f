"""The companion bot's part: what is said in a private chat is kept, with a profile of it."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.types import Message, Update, User

from conversations.errors import UnknownChat
from conversations.services import messages, summaries
from migration_control import given
from migration_control.bots import Bot
from switchyard.example.bot.texts import text
from switchyard.legacy import ProfileManager, clock
from switchyard.overload import gate

router = Router(name="chatting")
router.message.filter(F.chat.type == ChatType.PRIVATE, lambda _: Bot.COMPANION.served)

profiles = ProfileManager()
SUMMED_UP = 100  # messages
SHOWN = given.TEXT // 2  # characters: Telegram counts an emoji as two


@router.message(Command("profile"))
async def profile(message: Message, language: str) -> None:
    found = await profiles.get_profile(message.chat.id)
    if found is None:
        raise UnknownChat(message.chat.id)
    summary = await profiles.get_latest_summary_text(message.chat.id) or text("no-summary", language)
    said = text("profile", language, name=found.name, count=found.message_count, summary=summary)
    await message.answer(said[:SHOWN])


@router.message(Command("summary"))
async def summary(message: Message, language: str) -> None:
    """Where a bot would ask a language model."""
    chat_id = message.chat.id
    newest = await gate().run(lambda: messages.page(chat_id, limit=SUMMED_UP))
    theirs = [each for each in newest if each.direction == "in"]
    if not theirs:
        await message.answer(text("no-messages", language))
        return
    made = text("summary", language, count=len(theirs), last=theirs[0].text[:200])
    await gate().run(lambda: summaries.add(chat_id, made, now=clock.now()), again=False)
    await message.answer(made)


@router.message(F.text.as_("said"), ~F.text.startswith("/"), F.from_user.as_("person"))
async def keep(message: Message, said: str, person: User, event_update: Update, language: str) -> None:
    """An update that comes twice is kept once."""
    chat_id, once = message.chat.id, f"update:{event_update.update_id}"
    at = message.date
    await gate().run(lambda: messages.append(chat_id, "in", said, at=at, once=once))
    await profiles.ensure_girl(chat_id, person.first_name)
    await profiles.update_last_activity(chat_id)
    held = await profiles.get_profile(chat_id)
    answer = text("kept", language, count=held.message_count if held else 1)
    await gate().run(lambda: messages.append(chat_id, "out", answer, at=clock.now(), once=f"{once}:answer"))
    await message.answer(answer)
