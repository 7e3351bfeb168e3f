"""The bot from its beginning to its end."""

from __future__ import annotations

import asyncio
import logging
import signal

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatType
from aiogram.exceptions import AiogramError, TelegramUnauthorizedError
from aiogram.types import BotCommand, CallbackQuery, Message

from switchyard.example.bot import chatting, paying, people, playing
from switchyard.example.bot.options import Options
from switchyard.example.bot.patience import Patience
from switchyard.example.bot.polling import Polling
from switchyard.example.bot.speaking import speaking
from switchyard.example.bot.texts import COMMANDS
from switchyard.example.bot.transactions import Transactions
from switchyard.facade import Switchyard
from switchyard.overload import gate
from switchyard.texts import say

log = logging.getLogger(__name__)


def dispatcher(options: Options, desk: Switchyard) -> Dispatcher:
    """With every handler. To be made once in a process: aiogram's routers have one parent."""
    made = Dispatcher(disable_fsm=True, options=options, desk=desk)
    for observer in (made.message, made.callback_query, made.pre_checkout_query):
        observer.outer_middleware(speaking)
    made.include_routers(people.router, playing.router, paying.router, chatting.router, _rest())
    return made


async def serve(options: Options) -> None:
    """Until SIGINT or SIGTERM, and what is under way then; a second signal ends the process at once.

    Raises TelegramUnauthorizedError.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        ended.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    session = AiohttpSession(api=TelegramAPIServer.from_base(options.api))
    session.middleware(Patience())
    async with Bot(options.token, session=session) as bot, Switchyard() as desk:
        transactions = asyncio.create_task(Transactions(bot, desk).follow())
        try:
            await _introduce(bot)
            await Polling(bot, dispatcher(options, desk), most=max(1, gate().limit // 4)).run(ended)
        finally:
            transactions.cancel()
            await asyncio.gather(transactions, return_exceptions=True)


async def _introduce(bot: Bot) -> None:
    """In Russian to whose Telegram is in Russian, in English to all others."""
    try:
        for language, said in COMMANDS.items():
            commands = [BotCommand(command=name, description=what) for name, what in said.items()]
            await bot.set_my_commands(commands, language_code=None if language == "en" else language)
    except TelegramUnauthorizedError:
        raise
    except AiogramError as error:
        log.warning("The list of commands could not be set: %s", error)


def _rest() -> Router:
    """What no handler takes."""
    router = Router(name="rest")

    @router.message(F.text, F.chat.type == ChatType.PRIVATE)
    async def unknown(message: Message, language: str) -> None:
        await message.answer(say("bad-input", language))

    @router.callback_query()
    async def forged(query: CallbackQuery, language: str) -> None:
        await query.answer(say("bad-input", language))

    return router
