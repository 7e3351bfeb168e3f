"""Matches, and what somebody's subscription allows."""

from __future__ import annotations

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message, User

from matches.services import match_id_of
from switchyard.example.bot.texts import text
from switchyard.facade import Switchyard

router = Router(name="playing")


@router.message(Command("analyse", "analyze"), F.from_user.as_("person"))
async def analyse(message: Message, command: CommandObject, person: User, desk: Switchyard, language: str) -> None:
    """A link that is none is refused before a request is counted."""
    if not command.args:
        await message.answer(text("how-to-analyse", language))
        return
    match_id = match_id_of(command.args)
    allowed, why = await desk.check_subscription_access(person.id, "match_analysis")
    if allowed:
        allowed, why = await desk.check_rate_limit(person.id)
    if not allowed:
        await message.answer(why or "")
        return
    done, why, analysis = await desk.analyze_match(match_id, person.id)
    await message.answer(analysis["text"] if done and analysis else why or "")
