"""What the handlers' processes note of each call: before it begins, and again once it has its answer.

A line each, written at once and by nobody else, so that a process that is killed has noted all that it was told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

Outcome = Literal["acknowledged", "kept", "refused", "unknown"]
Kind = Literal["person", "message", "language", "payment"]


class Begun(msgspec.Struct, array_like=True, tag="b", frozen=True):
    """A write. keys: of the records that are to change; none of one that is appended."""

    token: str
    kind: str
    component: str
    keys: list[int | str]


class Ended(msgspec.Struct, array_like=True, tag="e", frozen=True):
    """keys: that it changed. error: the class of what it raised, and what it said if nobody declared that one."""

    token: str
    outcome: Outcome
    seconds: float
    keys: list[int | str] = []
    error: str = ""
    undeclared: str = ""


class Read(msgspec.Struct, array_like=True, tag="r", frozen=True):
    """stale: said to be so. old: it lacked what had been acknowledged before, and did not say so."""

    component: str
    seconds: float
    stale: bool = False
    old: str = ""
    error: str = ""
    undeclared: str = ""


class Answered(msgspec.Struct, array_like=True, tag="a", frozen=True):
    """By the example bot, to somebody who did something. what: the message, the language or the charge."""

    kind: Kind
    person: int
    what: str
    outcome: Outcome
    seconds: float


Note = Begun | Ended | Read | Answered

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Note).decode


class Notebook:
    """Of one process."""

    def __init__(self, folder: Path, number: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(folder / f"{number}.jsonl", flags, 0o600)

    def note(self, note: Note) -> None:
        line = _encode(note) + b"\n"
        if os.write(self._file, line) != len(line):
            raise OSError("a note was written in half")


class Notes:
    """Of all processes, as far as they have come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at: dict[Path, int] = {}

    def new(self) -> Iterator[Note]:
        """Each once, those of one process in their order. A line that is cut short is left for the next time."""
        for path in sorted(self._folder.glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._at.get(path, 0))
                for line in file:
                    if line.endswith(b"\n"):
                        self._at[path] = self._at.get(path, 0) + len(line)
                        yield _decode(line)
