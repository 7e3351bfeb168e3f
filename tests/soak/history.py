"""What each process did, line by line in files of its own: a line is one write(), which outlives a killed process.

A write is noted before it begins and after it ends, a read when it ends. Times are of the clock that all processes of
the machine share and nobody sets, in nanoseconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

Key = int | str
Outcome = Literal["acknowledged", "refused", "unknown"]

SEGMENT = 64 << 10  # bytes of one file: below what a process may write whose disk is made full


class Seen(msgspec.Struct, array_like=True, frozen=True):
    """A record as somebody was given it. text: None where there was none; version: -1 where it was not told."""

    key: Key
    text: str | None
    version: int = -1


class Started(msgspec.Struct, array_like=True, tag="s", frozen=True):
    """A write that is about to be made."""

    token: str
    at: int
    kind: str
    component: str
    keys: list[Key]


class Ended(msgspec.Struct, array_like=True, tag="e", frozen=True):
    """seen: the records as written; of a delete, as they were before it, if that is known."""

    token: str
    at: int
    outcome: Outcome
    seen: list[Seen]
    error: str = ""


class Read(msgspec.Struct, array_like=True, tag="r", frozen=True):
    """stale: it was marked so. final: made when all had settled. error: why it failed."""

    began: int
    ended: int
    component: str
    seen: list[Seen]
    stale: bool = False
    final: bool = False
    error: str = ""


class Fault(msgspec.Struct, array_like=True, tag="f", frozen=True):
    at: int
    kind: str
    detail: str = ""


class Moved(msgspec.Struct, array_like=True, tag="m", frozen=True):
    """A step that a mover tried."""

    began: int
    ended: int
    component: str
    step: str
    outcome: str


class Stood(msgspec.Struct, array_like=True, tag="t", frozen=True):
    """A line of the moves' own history, read at the end."""

    at: int
    component: str
    came_from: str
    stage: str
    authority: str
    epoch: int
    kind: str


class Looked(msgspec.Struct, array_like=True, tag="p", frozen=True):
    """Somebody has read all rendered files. wrong: those that do not parse, and why."""

    at: int
    files: int
    wrong: list[str]


class Broken(msgspec.Struct, array_like=True, tag="b", frozen=True):
    """What must never be, as somebody saw it with his own eyes. component, key: of what record, if of one."""

    at: int
    what: str
    component: str = ""
    key: Key = ""


class Alarmed(msgspec.Struct, array_like=True, tag="a", frozen=True):
    """Somebody was told that a store is another's, or was restored from a backup, which none was."""

    at: int
    who: str
    what: str


class Mishap(msgspec.Struct, array_like=True, tag="x", frozen=True):
    """An error in the background, which faults bring with them."""

    at: int
    who: str
    error: str


Event = Started | Ended | Read | Fault | Moved | Stood | Looked | Broken | Alarmed | Mishap

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode

now = time.monotonic_ns


class Recorder:
    """Of one process and its main thread."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._segment = self._size = 0
        self._file = self._opened()

    def note(self, event: Event) -> None:
        line = _encode(event) + b"\n"
        if self._size + len(line) > SEGMENT:
            os.close(self._file)
            self._segment, self._size = self._segment + 1, 0
            self._file = self._opened()
        if os.write(self._file, line) != len(line):
            raise OSError(f"a line of the history of {self._name} was written in half")
        self._size += len(line)

    def _opened(self) -> int:
        path = self._folder / f"{self._name}.{self._segment}.jsonl"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def read(folder: Path) -> Iterator[Event]:
    """Of all processes, each one's in order. A last line that was cut short is nobody's."""
    for path in sorted(folder.glob("*.jsonl"), key=_order):
        for line in path.read_bytes().split(b"\n")[:-1]:
            yield _decode(line)


def _order(path: Path) -> tuple[str, int]:
    name, segment, _ = path.name.rsplit(".", 2)
    return name, int(segment)
