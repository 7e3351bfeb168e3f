"""Invented figures of each day, as the bot's `analytics` block keeps them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from switchyard.example.planting import Document

FIRST_DAY = date(2025, 1, 1)
DAYS = 90


def analytics(chance: Random, users: int) -> Document:
    days = [FIRST_DAY + timedelta(days=day) for day in range(DAYS)]
    return {"total_users": users, "daily_stats": {day.isoformat(): _day(chance, users) for day in days}}


def _day(chance: Random, users: int) -> Document:
    active = chance.randrange(max(users // 4, 2))
    return {
        "active_users": active,
        "new_users": chance.randrange(20),
        "requests": {"total": active * chance.randint(1, 9), "failed": chance.randrange(5)},
        "average_seconds": round(chance.uniform(0.1, 4), 3),
        "note": None if chance.random() < 0.9 else "ночью не работало 🌙",
    }
