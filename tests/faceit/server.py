"""A FACEIT of our own on this machine: real HTTP over a real socket, which replays answers and misbehaves on demand."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.faceit.replies import MATCH, PLAYER, reply

TOKEN = "0b2f-secret-of-the-tests"
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
           504: "Gateway Timeout"}  # fmt: skip
ROUTES = {
    f"/data/v4/matches/{MATCH}": "match_details",
    f"/data/v4/matches/{MATCH}/stats": "match_stats",
    "/data/v4/players": "player_details",
    f"/data/v4/players/{PLAYER}": "player_details",
    f"/data/v4/players/{PLAYER}/history": "player_history",
    f"/data/v4/players/{PLAYER}/stats/cs2": "player_stats",
    f"/data/v4/players/{PLAYER}/games/cs2/stats": "player_games",
}


@dataclass(frozen=True)
class Misbehaviour:
    """What is done with one request. cut: the connection ends after so many bytes of the body; None for never. delay,
    drip: seconds before the answer, and before each kilobyte of it. close: at once, without any answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0.0
    drip: float = 0.0
    cut: int | None = None
    close: bool = False
    lasting: bool = False  # for all requests from then on


@dataclass(frozen=True)
class Request:
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    at: float


@dataclass
class Faceit:
    """planned: what the next requests meet, in their order; the answers of the API after that."""

    port: int = 0
    planned: deque[Misbehaviour] = field(default_factory=deque)
    seen: list[Request] = field(default_factory=list)
    open_now: int = 0
    open_most: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/data/v4"

    def plan(self, *misbehaviours: Misbehaviour) -> None:
        self.planned.extend(misbehaviours)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.strip().split("\r\n")
        _, target, _ = line.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        parts = urlsplit(target)
        self.seen.append(Request(parts.path, parse_qs(parts.query), headers, asyncio.get_running_loop().time()))
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        try:
            return await self._answer(parts.path, headers, writer)
        finally:
            self.open_now -= 1

    async def _answer(self, path: str, headers: Mapping[str, str], writer: asyncio.StreamWriter) -> bool:
        plan = self._next()
        await asyncio.sleep(plan.delay)
        if plan.close:
            return False
        status, body = plan.status, plan.body
        if body is None:
            status, body = self._routed(path, headers) if status == 200 else (status, b'{"errors": []}')
        told = {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(plan.headers)
        writer.write(f"HTTP/1.1 {status} {REASONS[status]}\r\n".encode())
        writer.write("".join(f"{name}: {value}\r\n" for name, value in told.items()).encode() + b"\r\n")
        for start in range(0, len(body), 1024) if plan.drip else ():
            writer.write(body[start : start + 1024])
            await writer.drain()
            await asyncio.sleep(plan.drip)
        if not plan.drip:
            writer.write(body if plan.cut is None else body[: plan.cut])
        await writer.drain()
        return plan.cut is None

    def _next(self) -> Misbehaviour:
        if not self.planned:
            return Misbehaviour()
        return self.planned[0] if self.planned[0].lasting else self.planned.popleft()

    def _routed(self, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        if headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, b'{"errors": [{"message": "unauthorized"}]}'
        name = ROUTES.get(path)
        return (200, json.dumps(reply(name)).encode()) if name else (404, b'{"errors": [{"message": "not found"}]}')


@asynccontextmanager
async def serving() -> AsyncIterator[Faceit]:
    faceit = Faceit()
    server = await asyncio.start_server(faceit.serve, "127.0.0.1", 0)
    faceit.port = server.sockets[0].getsockname()[1]
    try:
        yield faceit
    finally:
        server.close()
