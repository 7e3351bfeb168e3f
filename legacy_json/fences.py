"""The fence: whether a component's JSON store takes writes, which each write asks under the store's lock."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import NamedTuple

from legacy_json.errors import FenceClosed


class FenceState(StrEnum):
    """OPEN: JSON is the authority. Within one epoch the state only advances."""

    OPEN = "open"
    CLOSING = "closing"
    COMMITTING = "committing"
    CLOSED = "closed"


class Fence(NamedTuple):
    state: FenceState
    epoch: int


def fence(connection: sqlite3.Connection, component: str) -> Fence:
    """Open at epoch 0 where no move has ever been."""
    row = connection.execute("SELECT state, epoch FROM fence WHERE component = ?", (component,)).fetchone()
    return Fence(FenceState(row[0]), row[1]) if row else Fence(FenceState.OPEN, 0)


def check_open(connection: sqlite3.Connection, component: str) -> None:
    """Inside a write. Raises FenceClosed."""
    found = fence(connection, component)
    if found.state is not FenceState.OPEN:
        raise FenceClosed(component, found.state, found.epoch)
