"""The client against a server that answers as FACEIT does, late, wrongly, or not at all."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from matches.faceit import (
    BadAnswer,
    FaceitClient,
    FaceitError,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    answers,
    client,
    from_settings,
    limits,
)  # fmt: skip
from migration_control.given import BadInput
from migration_control.service_errors import ServiceError
from tests.faceit.replies import MATCH, PLAYER, details, item, reply, statistics
from tests.faceit.server import TOKEN, Faceit, Misbehaviour, serving

Case = Callable[[Faceit, FaceitClient], Awaitable[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BASE", 0.02)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def both(token: str = TOKEN, **options: Any) -> AsyncIterator[tuple[Faceit, FaceitClient]]:
    async with serving() as faceit:
        given = {"connect": 1.0, "read": 0.5, "deadline": 5.0} | options
        async with FaceitClient(token, base_url=faceit.url, **given) as client:
            yield faceit, client


def ask(case: Case, token: str = TOKEN, **options: Any) -> Faceit:
    """Run it in a loop of its own; the server afterwards."""

    async def run() -> Faceit:
        async with both(token, **options) as (faceit, client):
            await case(faceit, client)
            return faceit

    return asyncio.run(run())


def fails(error: type[BaseException], *plan: Misbehaviour, **options: Any) -> tuple[Faceit, Any]:
    """The error that a call of a match ends with when the server does that."""
    raised: list[BaseException] = []

    async def case(faceit: Faceit, client: FaceitClient) -> None:
        faceit.plan(*plan)
        with pytest.raises(error) as caught:
            await client.match(MATCH)
        raised.append(caught.value)

    return ask(case, **options), raised[0]


def succeeds(*plan: Misbehaviour, **options: Any) -> Faceit:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        faceit.plan(*plan)
        assert await client.match(MATCH) == details()

    return ask(case, **options)


def always(**plan: Any) -> Misbehaviour:
    return Misbehaviour(lasting=True, **plan)


# Answers


def test_every_call_asks_for_its_own_path_and_gives_what_came() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        assert await client.match(MATCH) == details()
        assert await client.match_stats(MATCH) == statistics()
        assert await client.player(PLAYER) == reply("player_details")
        assert await client.player_by_nickname("игрок 🔥".replace(" ", "_")) == reply("player_details")
        assert await client.player_stats(PLAYER) == reply("player_stats")
        assert await client.player_games(PLAYER, limit=500) == reply("player_games")["items"]
        assert await client.history(PLAYER, offset=40, limit=50) == [item()]

    faceit = ask(case)
    assert {request.headers["authorization"] for request in faceit.seen} == {f"Bearer {TOKEN}"}
    assert faceit.seen[3].query == {"nickname": ["игрок_🔥"], "game": ["cs2"]}
    assert faceit.seen[5].query == {"offset": ["0"], "limit": ["100"]}
    assert faceit.seen[6].query == {"game": ["cs2"], "offset": ["40"], "limit": ["50"]}


def test_what_does_not_exist_is_told_at_once() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        with pytest.raises(NotFound, match="statistics come some time after"):
            await client.match_stats("1-ffffffff-9766-820c-6414-bb415704cb16")

    assert len(ask(case).seen) == 1


@pytest.mark.parametrize(
    "wrong", ["", "..", "../matches", "a/b", "a?b", "a b", "a\0b", "\ud800", "x" * 101, None, 7, "🔥"]
)
def test_an_id_that_would_leave_its_place_in_the_path_is_never_asked_for(wrong: Any) -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        for call in (client.match, client.match_stats, client.player, client.player_stats, client.history):
            with pytest.raises(BadInput):
                await call(wrong)
        if wrong != ".." and not (isinstance(wrong, str) and 0 < len(wrong) < 64):
            with pytest.raises(BadInput):
                await client.player_by_nickname(wrong)

    assert ask(case).seen == []


def test_a_token_that_is_refused_is_not_tried_again() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        with pytest.raises(Unauthorized, match="401"):
            await client.match(MATCH)

    assert len(ask(case, token="another").seen) == 1
    assert len(fails(Unauthorized, Misbehaviour(403))[0].seen) == 1


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "ключ", None, "x" * 1000])
def test_what_cannot_be_a_token_is_refused_before_anything_is_asked(token: Any) -> None:
    with pytest.raises(Unauthorized, match="FACEIT_API_KEY"):
        FaceitClient(token)


# Failures


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert len(succeeds(Misbehaviour(status), Misbehaviour(status)).seen) == 3


@pytest.mark.parametrize(
    "plan",
    [{"close": True}, {"cut": 0}, {"cut": 500}, {"delay": 0.8}],
    ids=["no answer", "only a head", "half a body", "too late"],
)
def test_a_broken_connection_is_tried_again(plan: dict[str, Any]) -> None:
    assert len(succeeds(Misbehaviour(**plan)).seen) == 2


@pytest.mark.parametrize("attempts", [1, 3])
def test_attempts_come_to_an_end(attempts: int) -> None:
    for plan in (always(status=500), always(close=True)):
        faceit, error = fails(Unavailable, plan, attempts=attempts)
        assert len(faceit.seen) == attempts
    faceit, error = fails(RateLimited, always(status=429), attempts=attempts)
    assert (len(faceit.seen), error.retry_after) == (attempts, None)


def test_nobody_listens() -> None:
    async def run() -> None:
        async with serving() as faceit:
            url = faceit.url
        async with FaceitClient(TOKEN, base_url=url, attempts=2) as client:
            with pytest.raises(Unavailable, match="ConnectError"):
                await client.match(MATCH)

    asyncio.run(run())


def test_the_deadline_is_of_the_whole_call() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        loop = asyncio.get_running_loop()
        for plan in (always(delay=0.3, status=500), always(drip=0.2)):  # each answer is in time, byte by byte
            faceit.planned.clear()
            faceit.plan(plan)
            started = loop.time()
            with pytest.raises(Unavailable):
                await client.match(MATCH)
            assert loop.time() - started < 1.5

    ask(case, deadline=0.9, attempts=100)


def test_a_cancelled_call_is_cancelled() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        faceit.plan(always(delay=0.4))
        task = asyncio.create_task(client.match(MATCH))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    ask(case)


@pytest.mark.parametrize("retry_after", ["0.3", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2))])
def test_retry_after_is_waited_for(retry_after: Any) -> None:
    text = retry_after if isinstance(retry_after, str) else retry_after()
    faceit = succeeds(Misbehaviour(429, {"Retry-After": text}))
    assert 0.28 < faceit.seen[1].at - faceit.seen[0].at < 3


def test_a_wait_beyond_the_deadline_is_not_waited_for() -> None:
    faceit, error = fails(RateLimited, always(status=429, headers={"Retry-After": "3600"}))
    assert (len(faceit.seen), error.retry_after, error.facts["retry_after"]) == (1, 3600.0, 3600.0)


def test_one_refusal_holds_every_other_call_back() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        faceit.plan(Misbehaviour(429, {"Retry-After": "0.4"}))
        await asyncio.gather(client.match(MATCH), _later(client, 0.1), _later(client, 0.2))
        first, *others = [request.at for request in faceit.seen]
        assert len(others) == 3
        assert min(others) - first > 0.38

    ask(case)


async def _later(client: FaceitClient, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await client.match(MATCH)


@pytest.mark.parametrize("prefix", ["", "X-"])
def test_a_limit_that_is_used_up_is_heeded_before_it_is_run_into(prefix: str) -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        told = {f"{prefix}RateLimit-Remaining": "0", f"{prefix}RateLimit-Reset": "0.4"}
        faceit.plan(Misbehaviour(headers=told), Misbehaviour(headers=told | {f"{prefix}RateLimit-Reset": "3600"}))
        await client.match(MATCH)
        await client.match(MATCH)
        with pytest.raises(RateLimited) as refused:
            await client.match(MATCH)
        assert 890 < (refused.value.retry_after or 0) < 901  # no answer stops us for longer than that
        assert len(faceit.seen) == 2
        assert faceit.seen[1].at - faceit.seen[0].at > 0.38

    ask(case)


def test_so_many_requests_are_made_at_once_and_no_more() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        faceit.plan(always(delay=0.02))
        await asyncio.gather(*(client.match(MATCH) for _ in range(20)))

    faceit = ask(case, concurrent=3)
    assert (len(faceit.seen), faceit.open_most) == (20, 3)


# Answers of another kind


BODIES: dict[str, bytes] = {
    "nothing": b"", "a page": b"<html>busy</html>", "half": b'{"match_id": "1', "a list": b"[]", "null": b"null",
    "no id": b"{}", "an id of another kind": b'{"match_id": 7}', "not UTF-8": b'{"match_id": "\xff"}',
    "NaN": b'{"match_id": "1", "a": NaN}', "deep": b"[" * 100_000,
    "digits": b'{"match_id": "1", "a": ' + b"9" * 5000 + b"}",
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_no_answer_of_the_api_is_not_tried_again(body: bytes) -> None:
    faceit, error = fails(BadAnswer, Misbehaviour(body=body))
    assert len(faceit.seen) == 1
    assert len(str(error)) < 300


def test_statuses_of_another_kind_and_redirects_are_not_followed() -> None:
    for plan in (Misbehaviour(400), Misbehaviour(302, {"Location": "http://127.0.0.1:1/"})):
        assert len(fails(BadAnswer, plan)[0].seen) == 1


def test_items_that_are_no_objects_are_refused() -> None:
    async def case(faceit: Faceit, client: FaceitClient) -> None:
        for body in (b'{"items": [1]}', b'{"items": {}}', b"{}"):
            faceit.plan(Misbehaviour(body=body))
            with pytest.raises(BadAnswer):
                await client.history(PLAYER)

    ask(case)


def test_an_answer_that_is_too_large_is_given_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = b'{"match_id": "' + b"x" * 20_000_000 + b'"}'
    taken: list[int] = []
    raw = httpx.Response.aiter_raw

    async def counted(response: httpx.Response, *arguments: Any) -> AsyncIterator[bytes]:
        async for chunk in raw(response, *arguments):
            taken.append(len(chunk))
            yield chunk

    monkeypatch.setattr(httpx.Response, "aiter_raw", counted)
    fails(BadAnswer, Misbehaviour(body=huge), deadline=20.0, read=5.0)
    assert sum(taken) < answers.MOST_BYTES + 200_000


def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(json.dumps(details()).encode())
    faceit, error = fails(BadAnswer, Misbehaviour(body=packed, headers={"Content-Encoding": "gzip"}))
    assert "packed" in str(error)
    assert faceit.seen[0].headers["accept-encoding"] == "identity"


# The token


def test_the_token_is_in_no_log_and_in_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    async def case(faceit: Faceit, client: FaceitClient) -> None:
        shown.append(repr(client) + str(client))
        for plan in (Misbehaviour(), Misbehaviour(close=True), Misbehaviour(500), Misbehaviour(401), Misbehaviour(400)):
            faceit.plan(plan)
            try:
                await client.match(MATCH)
            except FaceitError as error:
                shown.append(repr(error) + "".join(traceback.format_exception(error)) + str(error.facts))

    ask(case, attempts=1)
    assert len(shown) == 5
    assert len(caplog.records) > 5
    assert TOKEN not in "".join(shown) + caplog.text + "".join(str(record.args) for record in caplog.records)


def test_errors_are_services_errors_with_a_code_each() -> None:
    family: set[type[FaceitError]] = {NotFound, Unauthorized, RateLimited, Unavailable, BadAnswer}
    assert all(issubclass(error, FaceitError) and issubclass(error, ServiceError) for error in family)
    assert len({error.code for error in family}) == 5


def test_settings_say_how_it_is_asked(settings: Settings) -> None:
    settings.FACEIT_API_KEY = ""
    with pytest.raises(Unauthorized, match="Set FACEIT_API_KEY"):
        from_settings()

    async def run() -> None:
        async with serving() as faceit:
            settings.FACEIT_API_KEY, settings.FACEIT_API_URL = TOKEN, faceit.url
            async with from_settings() as client:
                assert await client.match(MATCH) == details()

    asyncio.run(run())
    assert client.MOST_PAUSE == 900
