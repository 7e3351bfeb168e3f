"""The unmodified bot and its records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from migration_control.advance import advance
from migration_control.models import Run

Document = dict[str, Any]


def user(user_id: object, **values: object) -> Document:
    """A record of the middle generation, as the FACEIT bot writes it."""
    return {
        "user_id": user_id,
        "faceit_player_id": None,
        "faceit_nickname": None,
        "last_checked_match_id": None,
        "waiting_for_nickname": False,
        "language": "ru",
        "notifications_enabled": True,
        "created_at": "2024-05-01T10:20:30.123456",
        "last_active_at": None,
        "total_requests": 3,
    } | values


def subscription(**values: object) -> Document:
    return {
        "tier": "free",
        "expires_at": None,
        "auto_renew": False,
        "payment_method": None,
        "daily_requests": 0,
        "last_reset_date": None,
        "referred_by": None,
        "referral_code": None,
        "referrals_count": 0,
    } | values


class Bot:
    """The unmodified bot: it rewrites its file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "data.json"

    def writes(self, *users: object) -> None:
        document = {"users": list(users), "analytics": {"total_users": len(users), "daily_stats": {}}}
        self.writes_text(json.dumps(document, ensure_ascii=False, indent=2))

    def writes_text(self, text: str) -> None:
        self.file.write_bytes(text.encode("utf-8", "surrogatepass"))


Importer = Callable[..., Run]


def work(run: Run) -> Run:
    """Advance a run until it ends or is paused."""
    for _ in range(100):
        if not advance(run.pk):
            break
    run.refresh_from_db()
    return run
