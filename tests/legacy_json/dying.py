"""Work that is killed in the middle of a commit."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from legacy_json.index import Index


def work_and_die(commits: int, work: Callable[[], object]) -> None:
    """Be killed by our own hand in the middle of the commit after that many."""
    original = Index.write
    done = 0

    @contextmanager
    def write(self: Index, seconds: float = 30, *, shown: bool = True) -> Iterator[tuple[sqlite3.Connection, int]]:
        nonlocal done
        with original(self, seconds, shown=shown) as opened:
            yield opened
            if done == commits:
                os.kill(os.getpid(), signal.SIGKILL)
        done += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Index, "write", write)
        work()
