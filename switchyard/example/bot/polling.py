"""Updates by long polling: handled beside one another, so many at a time; none is lost by an ordinary end.

aiogram's own loop acknowledges an update as soon as its handler has begun, and leaves handlers behind when it ends.
Here the next getUpdates, which acknowledges all before it, waits for those that are about money: a bot that is killed
(`kill -9`) finds them again. Of the others it loses what was under way, and people send that again. A question
whether somebody may pay has ten seconds, and waits for no turn.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NamedTuple

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, ClientDecodeError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.methods import GetUpdates
from aiogram.types import Update
from pydantic import ValidationError

log = logging.getLogger(__name__)

WAIT = 30  # seconds that Telegram holds a request that has nothing to answer with
SLACK = 10  # seconds more before the connection is given up
FIRST, LONGEST = 1.0, 30.0  # seconds before a request that failed is made again
MONEY = 3.0  # seconds that payments hold up the next request: behind it others wait to pay, and have ten
GRACE = 60.0  # seconds for handlers under way at the end


class Batch(NamedTuple):
    """last: the greatest update_id of them, those included that could not be read."""

    updates: list[Update]
    last: int | None


class Polling:
    """most: handlers at a time."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher, *, most: int) -> None:
        self._bot, self._dispatcher = bot, dispatcher
        self._turns = asyncio.Semaphore(most)
        self._under_way: set[asyncio.Task[None]] = set()
        self._offset: int | None = None

    async def run(self, ended: asyncio.Event) -> None:
        """Until `ended` is set and what was begun is done. Raises TelegramUnauthorizedError for a token that is none.

        Returns with what it has begun acknowledged, so that the next start goes on behind it.
        """
        pause = FIRST
        while not ended.is_set():
            try:
                batch = await _unless(ended, self._next())
            except TelegramUnauthorizedError:
                raise
            except AiogramError as error:
                pause = max(pause, error.retry_after) if isinstance(error, TelegramRetryAfter) else pause
                log.warning("No updates; again in %g s: %s", pause, error)
                await _unless(ended, asyncio.sleep(pause))
                pause = min(2 * pause, LONGEST)
                continue
            pause = FIRST
            if batch is not None:
                await self._handle(batch, ended)
        await self._finish()

    async def _next(self) -> Batch:
        asked = GetUpdates(
            offset=self._offset, timeout=WAIT, allowed_updates=self._dispatcher.resolve_used_update_types()
        )
        try:
            updates = await self._bot(asked, request_timeout=WAIT + SLACK)
        except ClientDecodeError as error:
            return _readable(error, self._bot)
        return Batch(updates, updates[-1].update_id if updates else None)

    async def _handle(self, batch: Batch, ended: asyncio.Event) -> None:
        money: list[asyncio.Task[None]] = []
        for update in filter(_is_question, batch.updates):
            self._begin(update)
        for update in batch.updates:
            if not _is_question(update):
                await self._turns.acquire()
                if ended.is_set():
                    self._turns.release()
                    break  # the rest stays with Telegram
                task = self._begin(update)
                if _is_money(update):
                    money.append(task)
            self._offset = update.update_id + 1
        else:
            self._offset = self._offset if batch.last is None else batch.last + 1
        if money:
            await asyncio.wait(money, timeout=MONEY)

    def _begin(self, update: Update) -> asyncio.Task[None]:
        task = asyncio.create_task(self._one(update))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _one(self, update: Update) -> None:
        try:
            await self._dispatcher.feed_update(self._bot, update)
        except AiogramError as error:
            log.warning("Update %d has no answer: %s", update.update_id, error)
        except Exception:
            # Whatever a handler raises concerns one update.
            log.exception("Update %d could not be handled.", update.update_id)
        finally:
            if not _is_question(update):
                self._turns.release()

    async def _finish(self) -> None:
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=GRACE)
            for task in late:
                task.cancel()
        if self._offset is None:
            return
        try:
            # What this returns is acknowledged by nobody, so it comes again.
            await self._bot.get_updates(offset=self._offset, limit=1, timeout=0)
        except AiogramError as error:
            log.warning("The last updates are not acknowledged, and come again: %s", error)


async def _unless(ended: asyncio.Event, doing: Any) -> Any:
    """What it returns; None if the end comes first."""
    task, end = asyncio.ensure_future(doing), asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({task, end}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
        end.cancel()


def _is_question(update: Update) -> bool:
    return update.pre_checkout_query is not None


def _is_money(update: Update) -> bool:
    message = update.message
    return message is not None and bool(message.successful_payment or message.refunded_payment)


def _readable(error: ClientDecodeError, bot: Bot) -> Batch:
    """One update that this version of aiogram cannot read would hold up all behind it. Raises the error again, if it is
    about no list of updates.
    """
    found = error.data.get("result") if isinstance(error.data, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise error
    ids = [id for each in found if isinstance(id := each.get("update_id"), int)]
    if not ids:
        raise error
    updates: list[Update] = []
    for each in found:
        try:
            updates.append(Update.model_validate(each, context={"bot": bot}))
        except ValidationError as problem:
            wrong = [".".join(map(str, one["loc"])) for one in problem.errors(include_input=False)]
            log.error("Update %s is passed over: nobody can read %s.", each.get("update_id"), ", ".join(wrong[:3]))  # noqa: TRY400
    return Batch(updates, max(ids))
