"""What all calls of the facade have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from django.conf import settings
from django.db import connection

from accounts import services as accounts
from accounts.errors import UnknownUser
from accounts.models import User
from analytics.recording import ENDING, recorder
from matches.faceit.client import FaceitClient, from_settings
from migration_control.mirroring import acknowledging
from switchyard.facade import activity
from switchyard.facade.answers import TROUBLE, Languages, told
from switchyard.facade.asking import Faceit
from switchyard.overload import gate, within
from switchyard.texts import DEFAULT, say

T = TypeVar("T")

Answer = tuple[bool, str | None]

LOOK = 2.0  # seconds for a store to say which language somebody has chosen


class Desk:
    """faceit: a client of the FACEIT API; unless given, one as the settings say is made at first use."""

    def __init__(self, *, faceit: Faceit | None = None) -> None:
        self._faceit = faceit
        self._own: FaceitClient | None = None
        self._languages = Languages()
        self._activity = activity.Activity()

    async def close(self) -> None:
        """With what this process holds in memory written, as far as stores take it in ENDING seconds. It can be used
        again afterwards.
        """
        own, self._own = self._own, None
        try:
            if own is not None:
                await own.close()
        finally:
            await asyncio.to_thread(_flush)

    async def language_of(self, user_id: int, otherwise: str | None = None) -> str:
        """As chosen, or as it was known last where no store can say within LOOK seconds. Never raises for a store.

        otherwise: of somebody of whom nothing is known, as their Telegram has it.
        """
        try:
            with within(LOOK):
                await gate().run(lambda: self._language_of(user_id))
        except TROUBLE:
            pass
        return self._languages.of(user_id, otherwise or DEFAULT)

    def _client(self) -> Faceit:
        """Raises Unauthorized."""
        if self._faceit is not None:
            return self._faceit
        if self._own is None:
            self._own = from_settings()
        return self._own

    async def _answer(self, user_id: object, call: Callable[[], Awaitable[T]]) -> tuple[T | None, str | None]:
        """What it returns, or why not. All that it does has REQUEST_TIMEOUT together."""
        try:
            with within(settings.REQUEST_TIMEOUT):
                return await call(), None
        except TROUBLE as error:
            return None, told(error, self._languages.of(user_id))

    def _on_thread(self, call: Callable[[], T]) -> Callable[[], Awaitable[T]]:
        return lambda: gate().run(call)

    def _known(self, user_id: int) -> User:
        """On a thread. Raises UnknownUser, BadInput."""
        user = accounts.get(user_id)
        if user is None:
            raise UnknownUser(user_id)
        self._languages.note(user)
        return user

    def _language_of(self, user_id: int) -> str:
        """On a thread."""
        self._languages.note(accounts.get(user_id))
        return self._languages.of(user_id)

    def _say(self, code: str, user_id: object) -> str:
        return say(code, self._languages.of(user_id))


def _flush() -> None:
    """Before the interpreter begins to end."""
    try:
        recorder().flush(ENDING)
        acknowledging.flush()
    finally:
        connection.close()
