"""Telegram says when it was asked too often, and how long to wait."""

from __future__ import annotations

import asyncio

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType

ATTEMPTS = 3
LONGEST = 30.0  # seconds


class Patience(BaseRequestMiddleware):
    """A request that Telegram refused for now is made again when it may be."""

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        for _ in range(ATTEMPTS - 1):
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as refusal:
                if isinstance(method, GetUpdates) or refusal.retry_after > LONGEST:
                    raise
                await asyncio.sleep(refusal.retry_after)
        return await make_request(bot, method)
