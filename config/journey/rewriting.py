"""The example's bot at work: it changes a few records of its file, in place, as such bots do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHANGED = 3


@dataclass(frozen=True)
class Expected:
    """What an import of the difference has to do to a component."""

    component: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    def __str__(self) -> str:
        return f"{self.component} +{self.inserted} ~{self.updated} -{self.deleted}"


EXPECTED = {
    "users": Expected("users", inserted=1, updated=CHANGED, deleted=1),
    "subscriptions": Expected("subscriptions", inserted=1, deleted=1),
}


def rewrite(file: Path, spared: Collection[str]) -> dict[str, Expected]:
    """Change a few users but the spared ones, remove one with its subscription, add one with a subscription."""
    text = file.read_text(encoding="utf-8")
    places = _places(text)
    *changed, removed = _plain(places, spared)[: CHANGED + 1]
    for start, end, user in sorted([*changed, removed], reverse=True, key=lambda place: place[0]):
        if user is removed[2]:
            text = text[:start] + _shown(_newcomer(user, places)) + text[end:]
        else:
            user["total_requests"] += 1
            text = text[:start] + _shown(user) + text[end:]
    file.write_text(text, encoding="utf-8")
    return EXPECTED


Place = tuple[int, int, dict[str, Any]]  # where a user's record begins and ends, and what it holds


def _places(text: str) -> list[Place]:
    decode = json.JSONDecoder().raw_decode
    found: list[Place] = []
    at = text.index("[", text.index('"users"')) + 1
    while True:
        at = _next(text, at)
        if text[at] == "]":
            return found
        value, end = decode(text, at)
        if isinstance(value, dict):
            found.append((at, end, value))
        at = _next(text, end) + (text[_next(text, end)] == ",")


def _next(text: str, at: int) -> int:
    while text[at].isspace():
        at += 1
    return at


def _plain(places: Sequence[Place], spared: Collection[str]) -> list[Place]:
    """Users with a subscription whose every value is their own and what it should be, so that nobody else changes."""
    count = Counter(
        repr(value) for _, _, user in places for value in (user.get("user_id"), *_unique(user)) if value is not None
    )
    return [
        place
        for place in places
        if str(place[2].get("user_id")) not in spared
        and isinstance(place[2].get("subscription"), dict)
        and type(place[2].get("user_id")) is int
        and type(place[2].get("total_requests")) is int
        and all(count[repr(value)] <= 1 for value in (place[2]["user_id"], *_unique(place[2])))
    ]


def _unique(user: dict[str, Any]) -> tuple[object, object]:
    subscription = user.get("subscription")
    return user.get("faceit_player_id"), subscription.get("referral_code") if isinstance(subscription, dict) else None


def _newcomer(like: dict[str, Any], places: Sequence[Place]) -> dict[str, Any]:
    """In the place of the one that goes, as a bot that sorts its users would write it."""
    known = {user.get("user_id") for _, _, user in places}
    number = next(n for n in range(7_000_000_001, 7_100_000_000) if n not in known)
    user = like | {"user_id": number, "faceit_player_id": None, "faceit_nickname": "newcomer"}
    return user | {"subscription": {"tier": "free", "daily_requests": 1}}


def _shown(user: dict[str, Any]) -> str:
    return json.dumps(user, indent=2, ensure_ascii=False).replace("\n", "\n    ")
