"""The file lock of a component's mover: free as soon as the mover is gone, however it went."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from legacy_json.lock import held

WAIT = 5.0  # seconds for the mover before


def path(index: Path, component: str) -> Path:
    return index.with_name(f"{index.name}.{component}.mover")


@contextmanager
def moving(index: Path, component: str, seconds: float = WAIT) -> Iterator[None]:
    """Be the component's mover on this host. Raises StoreBusy, IndexUnwritable."""
    with held(path(index, component), seconds):
        yield


def is_free(index: Path, component: str) -> bool:
    """Whether there is no mover on this host. Never waits."""
    try:
        descriptor = os.open(path(index, component), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
