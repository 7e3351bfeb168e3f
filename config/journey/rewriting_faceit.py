"""The FACEIT bot changes some users, and one leaves as another comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from config.journey.editing import Change, Place, Spared, places, replaced

CHANGED = 3
INDENT = 4


def rewrite(folder: Path, spared: Spared) -> dict[str, Change]:
    """Change a few users, remove one with its subscription, add one with a subscription."""
    file = folder / "data.json"
    text = file.read_text(encoding="utf-8")
    users = [place for place in places(text, "users").found if isinstance(place.value, dict)]
    known = {_user(place).get("user_id") for place in users}
    *changed, removed = _plain(users, {*spared["users"], *spared["subscriptions"]})[: CHANGED + 1]
    for place in sorted([*changed, removed], reverse=True):
        user = _user(place)
        become = _newcomer(user, known) if place is removed else user | {"total_requests": user["total_requests"] + 1}
        text = replaced(text, place, become, INDENT)
    file.write_text(text, encoding="utf-8")
    return {"users": (1, CHANGED, 1), "subscriptions": (1, 0, 1)}


def _user(place: Place) -> dict[str, Any]:
    assert isinstance(place.value, dict)
    return place.value


def _plain(users: Sequence[Place], spared: Collection[str]) -> list[Place]:
    """Users with a subscription whose every value is their own and what it should be, so that nobody else changes."""
    count = Counter(repr(value) for place in users for value in _own(_user(place)))
    return [
        place
        for place in users
        if str(_user(place).get("user_id")) not in spared
        and isinstance(_user(place).get("subscription"), dict)
        and type(_user(place).get("user_id")) is int
        and type(_user(place).get("total_requests")) is int
        and all(count[repr(value)] <= 1 for value in _own(_user(place)))
    ]


def _own(user: dict[str, Any]) -> list[object]:
    """What no two users share."""
    subscription = user.get("subscription")
    code = subscription.get("referral_code") if isinstance(subscription, dict) else None
    return [value for value in (user.get("user_id"), user.get("faceit_player_id"), code) if value is not None]


def _newcomer(like: dict[str, Any], known: Collection[object]) -> dict[str, Any]:
    """In the place of the one that goes, as a bot that sorts its users would write it."""
    number = next(n for n in range(7_000_000_001, 7_100_000_000) if n not in known)
    user = like | {"user_id": number, "faceit_player_id": None, "faceit_nickname": "newcomer"}
    return user | {"subscription": {"tier": "free", "daily_requests": 1}}
