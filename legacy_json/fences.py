"""The fence: whether a component's JSON store takes writes, which each write asks under the store's lock.

Its epoch never falls, and within one epoch its state only advances. A move closes it in two steps, so that whoever
finds it half closed knows whether the move may have been committed: not while it is closing, perhaps while committing.
The end of a migration seals it: nothing follows then, and JSON never takes a write again.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from legacy_json import mover_lock
from legacy_json.clocks import NO_DEADLINE, Deadline
from legacy_json.errors import FenceClosed, NewerRelease


class FenceState(StrEnum):
    """In the order in which a component passes through them. OPEN: JSON is the authority. SEALING: the migration is
    about to end, and may have; SEALED: it has.
    """

    OPEN = "open"
    CLOSING = "closing"
    COMMITTING = "committing"
    CLOSED = "closed"
    SEALING = "sealing"
    SEALED = "sealed"


FOR_GOOD = (FenceState.SEALING, FenceState.SEALED)  # JSON is not made the authority, not even if the database is lost

_ORDER = list(FenceState)

_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"  # for staff to read; nothing is decided by it


class Fence(NamedTuple):
    """mirrored: whether the other store is written at once. A hint that saves a look at the database, no more."""

    state: FenceState
    epoch: int
    mirrored: bool = False


NEVER_MOVED = Fence(FenceState.OPEN, 0)


def follows(now: Fence, then: Fence) -> bool:
    """Whether the fence may go from the one to the other."""
    if now.state is FenceState.SEALED:
        return False
    if then.epoch != now.epoch:
        return then.epoch > now.epoch
    return _ORDER.index(then.state) > _ORDER.index(now.state)


def reopened(now: Fence) -> Fence:
    """An overdue closing, at an epoch with which its mover cannot commit any more."""
    return Fence(FenceState.OPEN, now.epoch + 1, now.mirrored)


def fence(connection: sqlite3.Connection, component: str) -> Fence:
    """Open at epoch 0 where no move has ever been. Raises NewerRelease."""
    row = connection.execute("SELECT state, epoch, mirrored FROM fence WHERE component = ?", (component,)).fetchone()
    return Fence(_state(component, row[0]), row[1], bool(row[2])) if row else NEVER_MOVED


def _state(component: str, text: str) -> FenceState:
    try:
        return FenceState(text)
    except ValueError:
        raise NewerRelease(f"The fence of {component} is {text!r}") from None


def advance(
    connection: sqlite3.Connection, component: str, expected: Fence, then: Fence, until: Deadline | None = None
) -> bool:
    """Inside a write: set the fence if it is still as expected and may go there. Says whether it did.

    until: of a closing, when anybody may reopen it although its mover seems to live.
    """
    if fence(connection, component) != expected or not follows(expected, then):
        return False
    connection.execute(
        "INSERT INTO fence (component, state, epoch, mirrored, boot, until, since)"  # noqa: S608
        f" VALUES (?, ?, ?, ?, ?, ?, {_NOW}) ON CONFLICT (component) DO UPDATE SET state = excluded.state,"
        " epoch = excluded.epoch, mirrored = excluded.mirrored, boot = excluded.boot, until = excluded.until,"
        " since = excluded.since",
        (component, then.state, then.epoch, then.mirrored, *(until or NO_DEADLINE)),
    )
    return True


def heard(connection: sqlite3.Connection, component: str) -> None:
    """Inside a write: a copy of the database's was taken."""
    connection.execute(f"UPDATE fence SET heard = {_NOW} WHERE component = ?", (component,))  # noqa: S608


def known(connection: sqlite3.Connection, component: str) -> tuple[str, str]:
    """When the fence was set last, and when the last copy from the database was taken: ISO texts, '' for never."""
    row = connection.execute("SELECT since, heard FROM fence WHERE component = ?", (component,)).fetchone()
    return (row[0], row[1]) if row else ("", "")


def check_open(connection: sqlite3.Connection, component: str, index: Path) -> Fence:
    """Inside a write of that index: the fence, open. An overdue closing is reopened. Raises FenceClosed."""
    found = fence(connection, component)
    if (
        found.state is FenceState.CLOSING
        and is_overdue(connection, component, index)
        and advance(connection, component, found, reopened(found))
    ):
        found = reopened(found)
    if found.state is not FenceState.OPEN:
        raise FenceClosed(component, found.state, found.epoch)
    return found


def is_overdue(connection: sqlite3.Connection, component: str, index: Path) -> bool:
    """Of a closing: whether its mover is gone, or its time is up. To be wrong here is safe: the mover looks again."""
    row = connection.execute("SELECT boot, until FROM fence WHERE component = ?", (component,)).fetchone()
    return row is not None and (Deadline(*row).passed or mover_lock.is_free(index, component))
