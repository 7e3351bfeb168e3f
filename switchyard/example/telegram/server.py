"""The Bot API over real HTTP, with real long polling: what the bot sends is kept, what people send waits for it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import web

from switchyard.example.telegram import TOKEN

BOT = {"id": 4200000001, "is_bot": True, "first_name": "Example", "username": "example_bot"}
PATIENCE = 120.0  # seconds: a busy machine is no failure
ABOUT = {"chat_id", "callback_query_id", "pre_checkout_query_id"}
PARSED = ("reply_markup", "prices", "commands", "allowed_updates")

Fields = dict[str, Any]


class Silence(AssertionError):
    """What somebody waited for did not happen."""


@dataclass(frozen=True)
class Call:
    """Of the bot's."""

    method: str
    fields: Fields


@dataclass
class Telegram:
    """Safe to use from other threads than the server's. refusals: what the next calls of a method are answered with
    instead.
    """

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    transactions: list[Fields] = field(default_factory=list)
    refusals: dict[str, list[tuple[int, Fields]]] = field(default_factory=dict)
    polls: int = 0
    offset: int = 0
    _closed: bool = False
    _waiting: list[Fields] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _about: dict[tuple[str, str], list[Call]] = field(default_factory=lambda: defaultdict(list))
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _updates: Iterator[int] = field(default_factory=lambda: count(700_000_001))
    _messages: Iterator[int] = field(default_factory=lambda: count(1))
    _queries: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # For people

    def send(self, kind: str, what: Fields, *, update_id: int | None = None) -> int:
        """An update for the bot; returns its id."""
        with self._changed:
            id = next(self._updates) if update_id is None else update_id
            self._waiting.append({"update_id": id, kind: what})
            self._waiting.sort(key=lambda update: update["update_id"])
            self._changed.notify_all()
        self._wake()
        return id

    def message_id(self) -> int:
        return next(self._messages)

    def query_id(self) -> str:
        return str(next(self._queries))

    def refuse(self, method: str, status: int, **answer: Any) -> None:
        self.refusals.setdefault(method, []).append((status, {"ok": False, "error_code": status} | answer))

    def sent(self, *methods: str) -> list[Call]:
        with self._changed:
            return [call for call in self.calls if call.method in methods]

    def about(self, method: str, what: object) -> list[Call]:
        """Of one chat, or in answer to one query."""
        with self._changed:
            return list(self._about.get((method, str(what)), ()))

    def until(self, what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Its value, as soon as that is true."""
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := what()):
                if time.monotonic() > end:
                    said = "\n".join(str(call) for call in self.calls[-10:])
                    raise Silence(f"It did not happen in {seconds:g} s. The bot's last calls:\n{said}")
                self._changed.wait(0.2)
            return found

    def acknowledged(self) -> bool:
        """Whether nothing waits for the bot."""
        return not self._waiting

    # For the bot

    async def serve(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        method = request.match_info["method"]
        posted = {name: str(value) for name, value in (await request.post()).items()}
        fields = {name: json.loads(value) if name in PARSED else value for name, value in posted.items()}
        if (refused := self.refusals.get(method)) is not None and refused:
            status, answer = refused.pop(0)
            return web.json_response(answer, status=status)
        result = await self._answers.get(method, Telegram._true)(self, fields)
        if method != "getUpdates":
            with self._changed:
                call = Call(method, fields)
                self.calls.append(call)
                for name in ABOUT & fields.keys():
                    self._about[method, fields[name]].append(call)
                self._changed.notify_all()
        return web.json_response({"ok": True, "result": result})

    async def _get_updates(self, fields: Fields) -> list[Fields]:
        self.polls += 1
        end = time.monotonic() + float(fields.get("timeout", 0))
        with self._changed:
            self.offset = max(self.offset, int(fields.get("offset", 0)))
            self._waiting[:] = [one for one in self._waiting if one["update_id"] >= self.offset]
            self._changed.notify_all()
        while True:
            with self._changed:
                found = self._waiting[: int(fields.get("limit", 100))]
                self._arrived.clear()
            left = end - time.monotonic()
            if found or self._closed or left <= 0:
                return found
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), left)

    def close(self) -> None:
        """Whoever waits for updates gets none."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._arrived.set)

    async def _me(self, fields: Fields) -> Fields:
        return BOT

    async def _message(self, fields: Fields) -> Fields:
        id = int(fields.get("message_id", 0)) or self.message_id()
        return {"message_id": id, "date": int(time.time()), "chat": {"id": int(fields["chat_id"]), "type": "private"}}

    async def _ledger(self, fields: Fields) -> Fields:
        first, most = int(fields.get("offset", 0)), int(fields.get("limit", 100))
        return {"transactions": self.transactions[first : first + most]}

    async def _true(self, fields: Fields) -> bool:
        return True

    _answers: dict[str, Callable[[Any, Fields], Awaitable[Any]]] = field(
        default_factory=lambda: {
            "getUpdates": Telegram._get_updates,
            "getMe": Telegram._me,
            "sendMessage": Telegram._message,
            "editMessageText": Telegram._message,
            "sendInvoice": Telegram._message,
            "getStarTransactions": Telegram._ledger,
        }
    )


@contextmanager
def serving(port: int = 0) -> Iterator[Telegram]:
    """On a thread of its own, and on a port that is free unless one is given."""
    telegram, loop = Telegram(), asyncio.new_event_loop()

    async def begin() -> web.AppRunner:
        application = web.Application()
        application.router.add_post("/bot{token}/{method}", telegram.serve)
        runner = web.AppRunner(application, shutdown_timeout=2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        telegram.port = runner.addresses[0][1]
        telegram._loop = loop
        return runner

    thread = threading.Thread(target=loop.run_forever, name="telegram", daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(begin(), loop).result(20)
    try:
        yield telegram
    finally:
        telegram.close()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
