"""How many operations each process has completed, in memory that all of them map and no killed one takes along."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

SLOTS = 4096  # processes; more of them share slots, and some of their operations are not counted
_NUMBER = struct.Struct("=q")


def make(path: Path) -> None:
    path.write_bytes(bytes(SLOTS * _NUMBER.size))


class Counter:
    """One process's."""

    def __init__(self, path: Path, number: int) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._at = number % SLOTS * _NUMBER.size
        self._count = 0

    def add(self) -> None:
        self._count += 1
        _NUMBER.pack_into(self._map, self._at, self._count)


def total(path: Path) -> int:
    return sum(number for (number,) in _NUMBER.iter_unpack(path.read_bytes()))
