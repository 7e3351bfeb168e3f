"""Gauges: a bot's present figures, a record that lies in metrics.json (`current`), or in data.json (`analytics`)."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from analytics.events import TYPE
from analytics.models import Event
from legacy_json.keys import shown
from migration_control import given
from migration_control.bots import Bot
from migration_control.given import BadInput
from migration_control.stores.changes import Changes

KEYS = {Bot.COMPANION: "metrics:current", Bot.FACEIT: "data:analytics"}
START = "start_time"  # of the companion bot's: since when it counts, in seconds since the epoch

Number = int | float


def gauges(bot: Bot = Bot.COMPANION) -> dict[str, Any]:
    """All of them by name, as they stand in the file: the bot's own may be of any kind."""
    found = Event.records.get(KEYS[bot])
    return dict(found.metrics) if found is not None and isinstance(found.metrics, dict) else {}


def set_gauge(name: str, value: Number, *, now: datetime, bot: Bot = Bot.COMPANION) -> None:
    """Raises BadInput."""
    number = _number(value)
    _change(name, bot, now, lambda before: number)


def count_up(name: str, by: Number = 1, *, now: datetime, bot: Bot = Bot.COMPANION) -> Number:
    """Atomically. Returns what it is by then; from what is no number it begins at 0. Raises BadInput."""
    number = _number(by)
    return _change(name, bot, now, lambda before: before + number if _is_number(before) else number)


def _change(name: str, bot: Bot, now: datetime, made: Any) -> Number:
    given.text("a gauge's name", name, most=TYPE)
    key = KEYS[bot]

    def change(changes: Changes[Event]) -> Number:
        record = changes.get(key) or changes.create(Event(id=key, metrics=_first(bot, now)))
        metrics = dict(record.metrics) if isinstance(record.metrics, dict) else {}
        metrics[name] = made(metrics.get(name))
        record.metrics = metrics
        number: Number = metrics[name]
        return number

    return Event.records.update_many([key], change)


def _first(bot: Bot, now: datetime) -> dict[str, Any]:
    return {START: now.timestamp()} if bot is Bot.COMPANION else {}


def _number(value: object) -> Number:
    if not _is_number(value):
        raise BadInput(f"{shown(value)} is no number that a gauge can have.", name="a gauge", value=shown(value))
    assert isinstance(value, int | float)
    return value


def _is_number(value: object) -> bool:
    """Of 64 bits, so that both stores and every reader have the same."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) < 2**63
