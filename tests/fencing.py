"""A fence that is not open, as a move leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from legacy_json import fences, mover_lock
from legacy_json.clocks import Deadline
from legacy_json.fences import NEVER_MOVED, Fence, FenceState
from legacy_json.index import Index

LONG = 3600.0  # seconds


@contextmanager
def fenced(index: Index, component: str, state: str, epoch: int) -> Iterator[None]:
    """While the mover is at work and has time left: nobody may reopen it."""
    with mover_lock.moving(index.path, component):
        with index.write() as (connection, _):
            then = Fence(FenceState(state), epoch)
            assert fences.advance(connection, component, NEVER_MOVED, then, Deadline.after(LONG))
        yield
