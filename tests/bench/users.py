"""Users as a bot of this size would have them. Invented, the same for the same seed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

FIRST_ID = 5_000_000_000


def write_users(path: Path, users: int, seed: int = 7) -> None:
    """A data.json of so many users in three generations, as the bot writes it (indent 2, non-ASCII kept)."""
    source = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n  "users": [\n')
        for number in range(users):
            text = json.dumps(_user(number, source), ensure_ascii=False, indent=2).replace("\n", "\n    ")
            file.write(f"    {text}{'' if number == users - 1 else ','}\n")
        file.write(f'  ],\n  "analytics": {{"total_users": {users}, "daily_stats": {{}}}}\n}}')


def _moment(source: random.Random) -> str:
    return (
        f"2024-{source.randint(1, 12):02}-{source.randint(1, 28):02}T{source.randint(0, 23):02}"
        f":{source.randint(0, 59):02}:{source.randint(0, 59):02}.{source.randint(1, 999_999):06}"
    )


def _user(number: int, source: random.Random) -> dict[str, Any]:
    linked = source.random() < 0.4
    user: dict[str, Any] = {
        "user_id": FIRST_ID + 7 * number,
        "faceit_player_id": f"{source.getrandbits(128):032x}" if linked else None,
        "faceit_nickname": f"игрок{number}" if linked else None,
        "last_checked_match_id": f"1-{source.getrandbits(128):032x}" if linked else None,
    }
    generation = source.random()
    if generation > 0.2:
        user |= {
            "waiting_for_nickname": False,
            "language": "ru",
            "notifications_enabled": True,
            "created_at": _moment(source),
            "last_active_at": _moment(source),
            "total_requests": source.randint(0, 5000),
        }
    if generation > 0.4:
        user["subscription"] = _subscription(number, source)
    return user


def _subscription(number: int, source: random.Random) -> dict[str, Any]:
    return {
        "tier": source.choice(["free"] * 8 + ["premium", "pro"]),
        "expires_at": None,
        "auto_renew": False,
        "payment_method": None,
        "daily_requests": source.randint(0, 10),
        "last_reset_date": _moment(source),
        "referred_by": None,
        "referral_code": f"R{number:07}" if source.random() < 0.2 else None,
        "referrals_count": 0,
    }
