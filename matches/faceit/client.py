"""Asking the FACEIT Data API v4. Every call reads only, so each may be repeated."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from random import SystemRandom
from types import TracebackType
from typing import Any, Self

import httpx
from django.conf import settings

from legacy_json.keys import shown
from matches.faceit import answers, limits
from matches.faceit.errors import BadAnswer, FaceitError, NotFound, RateLimited, Unauthorized, Unavailable
from migration_control.given import BadInput

MOST_ITEMS = 100  # of a list at once; the API's own limit
MOST_PAUSE = 900.0  # seconds that one answer may stop all calls for
AGAIN = (500, 502, 503, 504)
_chance = SystemRandom()
_token = re.compile(r"[\x21-\x7e]{1,512}").fullmatch
_segment = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII).fullmatch
_nickname = re.compile(r"[^\s\x00-\x1f\x7f/?#\ud800-\udfff]{1,64}").fullmatch


class FaceitClient:
    """Of one event loop; close it, or use it as an async context manager.

    All calls return the API's objects as they came, and raise BadInput for an id that none can have, NotFound,
    Unauthorized, RateLimited, Unavailable, BadAnswer. In seconds: connect and read are of one attempt, deadline of the
    whole call with its waits. attempts: 1 never repeats. concurrent: requests at once, the others wait.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str = "https://open.faceit.com/data/v4",
        connect: float = 5.0,
        read: float = 10.0,
        deadline: float = 30.0,
        attempts: int = 4,
        concurrent: int = 10,
    ) -> None:
        """Raises Unauthorized for what cannot be a token."""
        if not isinstance(token, str) or not _token(token):
            raise Unauthorized("There is no FACEIT token, or it has characters that none has.")
        self._base_url, self._deadline, self._attempts = base_url.rstrip("/"), deadline, attempts
        self._turns = asyncio.Semaphore(concurrent)
        self._not_before = 0.0  # of the monotonic clock: the server has said to wait until then
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(read, connect=connect),
            limits=httpx.Limits(max_connections=concurrent, max_keepalive_connections=concurrent),
            follow_redirects=False,  # the token is for this host alone
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    def __repr__(self) -> str:
        return f"FaceitClient({self._base_url!r})"

    async def player_by_nickname(self, nickname: str, game: str = "cs2") -> dict[str, Any]:
        """/players?nickname=: letter case counts."""
        if not isinstance(nickname, str) or not _nickname(nickname):
            raise BadInput(f"{shown(nickname)} is not a nickname.", name="a nickname", value=shown(nickname))
        return await self._get("/players", "player_id", str, nickname=nickname, game=_part(game))

    async def player(self, player_id: str) -> dict[str, Any]:
        return await self._get(f"/players/{_part(player_id)}", "player_id", str)

    async def player_stats(self, player_id: str, game: str = "cs2") -> dict[str, Any]:
        """lifetime and segments: of the whole career."""
        return await self._get(f"/players/{_part(player_id)}/stats/{_part(game)}", "lifetime", dict)

    async def player_games(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]:
        """Figures of the latest maps: items of /players/{id}/games/{game}/stats."""
        path = f"/players/{_part(player_id)}/games/{_part(game)}/stats"
        return await self._items(path, offset=offset, limit=limit)

    async def history(
        self, player_id: str, game: str = "cs2", *, offset: int = 0, limit: int = 20
    ) -> list[dict[str, Any]]:
        """The latest matches: items of /players/{id}/history, as matches.services.store_history takes them."""
        return await self._items(f"/players/{_part(player_id)}/history", game=_part(game), offset=offset, limit=limit)

    async def match(self, match_id: str) -> dict[str, Any]:
        return await self._get(f"/matches/{_part(match_id)}", "match_id", str)

    async def match_stats(self, match_id: str) -> dict[str, Any]:
        """NotFound until they are published."""
        return await self._get(f"/matches/{_part(match_id)}/stats", "rounds", list)

    async def _items(self, path: str, *, offset: int, limit: int, **query: str) -> list[dict[str, Any]]:
        page = {"offset": str(max(0, offset)), "limit": str(min(MOST_ITEMS, max(1, limit)))}
        found = (await self._get(path, "items", list, **query, **page))["items"]
        if not all(isinstance(item, dict) for item in found):
            raise BadAnswer(path, "its items are no objects")
        return list(found)

    async def _get(self, path: str, member: str, kind: type, **query: str) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._deadline) as until:
                body = await self._tried(path, query, until.when() or 0.0)
        except TimeoutError:
            raise Unavailable(path, f"no answer within {self._deadline:g} s") from None
        return answers.parsed(body, path, member, kind)

    async def _tried(self, path: str, query: dict[str, str], until: float) -> bytes:
        for attempt in range(self._attempts):
            try:
                async with self._turns:
                    await self._let(path, until)
                    return await self._once(path, query)
            except (RateLimited, Unavailable) as error:
                told = error.retry_after if isinstance(error, RateLimited) else None
                wait = limits.backoff(attempt, _chance.random()) if told is None else told
                if attempt + 1 == self._attempts or asyncio.get_running_loop().time() + wait >= until:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError("the last attempt raises")

    async def _let(self, path: str, until: float) -> None:
        """Wait as long as the server has asked everybody to. Raises RateLimited, if that is beyond the deadline."""
        while (wait := self._not_before - time.monotonic()) > 0:
            if asyncio.get_running_loop().time() + wait >= until:
                raise RateLimited(path, wait)
            await asyncio.sleep(wait)

    async def _once(self, path: str, query: dict[str, str]) -> bytes:
        """Errors of a kind that another attempt may mend: RateLimited, Unavailable."""
        try:
            async with self._http.stream("GET", self._base_url + path, params=query) as response:
                self._heed(response)
                if response.status_code == httpx.codes.OK:
                    return await answers.read(response, path)
                raise self._refusal(response, path)
        except httpx.TimeoutException as error:
            raise Unavailable(path, f"no answer in time ({type(error).__name__})") from None
        except httpx.TransportError as error:
            raise Unavailable(path, f"the connection failed ({type(error).__name__})") from None
        except httpx.InvalidURL as error:
            raise BadAnswer(path, str(error)) from None

    def _refusal(self, response: httpx.Response, path: str) -> FaceitError:
        status = response.status_code
        if status == httpx.codes.NOT_FOUND:
            return NotFound(path)
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            return Unauthorized(f"FACEIT refuses {path} to this token ({status}).")
        if status == httpx.codes.TOO_MANY_REQUESTS:
            return RateLimited(path, limits.retry_after(response.headers, datetime.now(UTC)))
        if status in AGAIN:
            return Unavailable(path, f"its status is {status}")
        return BadAnswer(path, f"its status is {status}")

    def _heed(self, response: httpx.Response) -> None:
        """Keep the other calls from running into a limit that this answer told of."""
        now = datetime.now(UTC)
        refused = response.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
        wait = limits.retry_after(response.headers, now) if refused else limits.until_reset(response.headers, now)
        if wait is not None:
            self._not_before = max(self._not_before, time.monotonic() + min(wait, MOST_PAUSE))


def from_settings() -> FaceitClient:
    """As the installation's settings say. Raises Unauthorized, if FACEIT_API_KEY is not set."""
    return FaceitClient(
        settings.FACEIT_API_KEY,
        base_url=settings.FACEIT_API_URL,
        connect=settings.FACEIT_CONNECT_SECONDS,
        read=settings.FACEIT_READ_SECONDS,
        deadline=settings.FACEIT_DEADLINE_SECONDS,
        attempts=settings.FACEIT_ATTEMPTS,
        concurrent=settings.FACEIT_CONCURRENT_REQUESTS,
    )


def _part(id: object) -> str:
    """Of a path, which it cannot leave. Raises BadInput."""
    if not isinstance(id, str) or not _segment(id):
        raise BadInput(f"{shown(id)} is not an id of FACEIT's.", name="an id", value=shown(id))
    return id
