"""A deadline that another process understands, and a set clock cannot move: on the clock that counts since the boot."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Deadline(NamedTuple):
    """boot: which start of the machine; until: seconds since then, those of sleep included."""

    boot: str
    until: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(boot(), _seconds() + seconds)

    @property
    def passed(self) -> bool:
        """True also after another start: whoever set it is gone."""
        return self.boot != boot() or _seconds() >= self.until


NO_DEADLINE = Deadline("", 0.0)


@lru_cache(1)
def boot() -> str:
    """The same for every process of this start of the machine."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:  # macOS: the moment of the start, to the minute, since the clock that tells it is adjusted
        return str(round((time.time() - _seconds()) / 60))


def _seconds() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
