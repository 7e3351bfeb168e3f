"""Answers, read within bounds and looked at before anybody relies on them."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import httpx

from matches.faceit.errors import BadAnswer

MOST_BYTES = 4_000_000  # of one answer; a hundred items of a history have 700,000


async def read(response: httpx.Response, what: str) -> bytes:
    """The body as it came over the line. Raises BadAnswer for one that is too large.

    Nothing is unpacked: the client asks for plain answers, and a few packed bytes may be gigabytes.
    """
    if response.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
        raise BadAnswer(what, "it is packed, although that was not asked for")
    found = bytearray()
    async for chunk in response.aiter_raw():
        found += chunk
        if len(found) > MOST_BYTES:
            raise BadAnswer(what, f"it has more than {MOST_BYTES} bytes")
    return bytes(found)


def parsed(body: bytes, what: str, member: str, kind: type) -> dict[str, Any]:
    """The object. member, kind: what no such answer is without. Raises BadAnswer."""
    try:
        found = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(what, "it is no JSON") from error
    if not isinstance(found, dict) or not isinstance(found.get(member), kind):
        raise BadAnswer(what, f"it is no object with a {member}")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
