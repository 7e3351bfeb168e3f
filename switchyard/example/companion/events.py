"""Invented events, a file a month, and the counters of metrics.json."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from switchyard.example.planting import Document

BOT = "companion"
MONTHS = ("202411", "202412", "202501", "202502", "202503", "202504")
KINDS = ("message_received", "message_sent", "command", "response_generated", "error", "bot_started")
COUNTERS = ("messages_received", "messages_sent", "commands", "errors", "responses")


def month(chance: Random, name: str, number: int) -> list[Document]:
    """That many events of the month YYYYMM, in order of time."""
    first = datetime(int(name[:4]), int(name[4:]), 1, tzinfo=UTC)
    moments = sorted(chance.uniform(0, 28 * 86_400) for _ in range(number))
    return [event(chance, first + timedelta(seconds=seconds)) for seconds in moments]


def event(chance: Random, when: datetime) -> Document:
    kind = chance.choice(KINDS)
    return {
        "timestamp": when.isoformat(),
        "bot_id": BOT,
        "event_type": kind,
        "event_data": _data(chance, kind),
    }


def metrics(chance: Random, now: datetime, number: int) -> Document:
    """metrics.json: the counters since the start, and that many earlier ones. now: naive, as the bot's clock has it."""
    started = datetime(2025, 4, 2, 6, 30, tzinfo=UTC).timestamp() + chance.random()
    return {
        "current": {"start_time": started, **counters(chance), "active_chats": chance.randrange(200)},
        "history": [snapshot(chance, now - timedelta(hours=hour)) for hour in range(number, 0, -1)],
    }


def snapshot(chance: Random, when: datetime) -> Document:
    return {"timestamp": when.isoformat(), "metrics": counters(chance)}


def counters(chance: Random) -> dict[str, Any]:
    return {
        **{name: int(chance.expovariate(1 / 500)) for name in COUNTERS},
        "average_seconds": round(chance.uniform(0.2, 9), 3),
        "by_hour": [chance.randrange(50) for _ in range(6)],
    }


def _data(chance: Random, kind: str) -> dict[str, Any]:
    """What the bot wrote down of it; little of some kinds."""
    if kind == "error":
        return {"error": chance.choice(("timeout", "flood", "Нет ответа 🤷")), "retry": chance.random() < 0.5}
    if kind == "bot_started":
        return {}
    return {"chat_id": chance.randrange(10**8, 8 * 10**9), "length": chance.randrange(1, 900), "media": None}
