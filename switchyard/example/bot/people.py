"""Who somebody is: registered, linked, inviting, and their settings."""

from __future__ import annotations

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User
from aiogram.utils.deep_linking import create_start_link

from accounts.errors import UnknownUser
from switchyard.example.bot.texts import text
from switchyard.facade import Switchyard
from switchyard.legacy import UserData, storage
from switchyard.texts import say

router = Router(name="people")

LANGUAGES = {"set:language:ru": "ru", "set:language:en": "en"}
NOTIFICATIONS = {"set:notifications:on": True, "set:notifications:off": False}


@router.message(CommandStart(), F.from_user.as_("person"))
async def start(message: Message, command: CommandObject, person: User, desk: Switchyard, language: str) -> None:
    """/start, or /start CODE of whoever follows a friend's link."""
    user = await desk.get_or_create_user(person.id, language=language)
    said = [text("welcome", user.language, name=person.first_name)]
    if command.args:
        applied, why = await desk.apply_referral(person.id, command.args)
        said.append(text("referred", user.language) if applied else why or "")
    await message.answer("\n".join(said))


@router.message(Command("link"), F.from_user.as_("person"))
async def link(message: Message, command: CommandObject, person: User, desk: Switchyard, language: str) -> None:
    if not command.args:
        await message.answer(text("how-to-link", language))
        return
    linked, why = await desk.link_faceit_account(person.id, command.args)
    await message.answer(text("linked", language) if linked else why or "")


@router.message(Command("refer"), F.from_user.as_("person"))
async def refer(message: Message, person: User, bot: Bot, language: str) -> None:
    await _known(person.id)
    code = await storage.generate_referral_code(person.id)
    if code is None:
        await message.answer(say("switched-off", language))
        return
    link = await create_start_link(bot, code)
    await message.answer(text("refer", language, referral_code=code, link=link))


@router.message(Command("settings"), F.from_user.as_("person"))
async def settings(message: Message, person: User) -> None:
    user = await _known(person.id)
    await message.answer(_shown(user), reply_markup=_buttons(user.language))


@router.callback_query(F.data.in_({*LANGUAGES, *NOTIFICATIONS}), F.data.as_("wish"))
async def change(query: CallbackQuery, wish: str) -> None:
    """Only what is pressed is written, whatever else has changed in between."""
    user = await _known(query.from_user.id)
    if wish in LANGUAGES:
        user.language = LANGUAGES[wish]
    else:
        user.notifications_enabled = NOTIFICATIONS[wish]
    await storage.save_user(user)
    if isinstance(query.message, Message):
        await query.message.edit_text(_shown(user), reply_markup=_buttons(user.language))
    await query.answer()


async def _known(user_id: int) -> UserData:
    """Raises UnknownUser."""
    user = await storage.get_user(user_id)
    if user is None:
        raise UnknownUser(user_id)
    return user


def _shown(user: UserData) -> str:
    language = text("language-ru" if user.language == "ru" else "language-en", user.language)
    notifications = text("on" if user.notifications_enabled else "off", user.language)
    return text("settings", user.language, language=language, notifications=notifications)


def _buttons(language: str) -> InlineKeyboardMarkup:
    rows = [[*LANGUAGES], [*NOTIFICATIONS]]
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=text(_label(data), language), callback_data=data) for data in row]
            for row in rows
        ]
    )


def _label(data: str) -> str:
    return data.removeprefix("set:").replace(":", "-")
