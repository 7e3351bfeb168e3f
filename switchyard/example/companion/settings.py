"""Invented settings, of every type that JSON has."""

from __future__ import annotations

from typing import Any

from switchyard.example.companion.phrases import PHRASES
from switchyard.example.planting import Document

SETTINGS: Document = {
    "bot_name": "Companion 🤖",
    "greeting": "Hello!\nI am here to listen.\n\u200fمرحبا\u200f",  # noqa: RUF001
    "farewell": "",
    "max_history": 50,
    "max_tokens": 2**53 + 1,
    "offset_hours": -3,
    "temperature": 0.7,
    "tiny": 5e-324,
    "whole_as_float": 1.0,
    "debug": False,
    "proactive": True,
    "proxy": None,
    "admins": [123456789, 7000000001],
    "blocked": [],
    "limits": {},
    "quiet_hours": {"from": "23:00", "to": "08:00", "days": [1, 2, 3, 4, 5], "zone": None},
    "prompts": {"system": "You are patient.", "by_mood": {"sad": {"tone": "soft", "emoji": ["🌧", "☕"]}, "glad": {}}},
    "matrix": [[1, 0.5], [None, True], [{"deep": {"er": [[]]}}]],
    "имя": "ключ кириллицей",
    "a key with spaces": "and: colons",
    "night::quiet_hours": {"from": "21:00"},
}


def settings() -> dict[str, Any]:
    """One object, each top-level key a setting."""
    return SETTINGS | {"phrases": list(PHRASES)}
