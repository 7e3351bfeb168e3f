"""A bot's file read a second time, by the standard library's json alone: nothing of our own reader takes part."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

CHUNK = 1 << 20  # characters; a record that is longer makes the window grow
LONGEST_INTEGER = 4000  # digits; CPython refuses to convert much longer ones
_space = re.compile(r"[ \t\r\n]*").match


class Unlike(ValueError):
    """The file is not what was imported from."""


# Each raises ValueError, OSError; a section that is not there has nothing in it.


def records(path: Path, section: str | None) -> Iterator[object]:
    """The elements of the list `section` of the file's object, or of the file itself."""
    for text in _sections(path, section):
        yield from text.elements()


def members(path: Path, section: str | None) -> Iterator[tuple[str, object]]:
    """The members of the object `section` of the file's object, or of the file itself; a name may come twice."""
    for text in _sections(path, section):
        for name in text.names():
            yield name, text.value()


def values(path: Path, section: str | None) -> Iterator[object]:
    """The value of that section, or of the file: none or one."""
    for text in _sections(path, section):
        yield text.value()


def _sections(path: Path, section: str | None) -> Iterator[_Text]:
    """The text at the value of that name in the file's object, which the caller takes; or at the file's own."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        text = _Text(stream)
        if section is None:
            yield text
            return
        for name in text.names():
            if name == section:
                yield text
            else:
                text.value()


class _Text:
    """A window on the file, and a place in it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._text, self._at = stream, "", 0
        self._decode = json.JSONDecoder(parse_int=_integer).raw_decode

    def names(self) -> Iterator[str]:
        """Of the object at hand; the caller takes each value before the next name."""
        self._take("{")
        while self._peek() != "}":
            name = self.value()
            self._take(":")
            yield str(name)
            self._pass_comma()
        self._take("}")

    def elements(self) -> Iterator[object]:
        self._take("[")
        while self._peek() != "]":
            yield self.value()
            self._pass_comma()
        self._take("]")

    def value(self) -> object:
        self._peek()
        while True:
            try:
                found, end = self._decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            # A number at the window's end may go on behind it.
            if end < len(self._text) or not self._more():
                self._at = end
                return found

    def _peek(self) -> str:
        while True:
            self._at = _space(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing as well
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _take(self, char: str) -> None:
        if self._peek() != char:
            raise Unlike(f"{char} was expected, and {self._peek() or 'the end'!r} found")
        self._at += 1

    def _pass_comma(self) -> None:
        if self._peek() == ",":
            self._at += 1

    def _more(self) -> bool:
        kept = self._text[self._at :]
        added = self._stream.read(max(CHUNK, len(kept)))
        self._text, self._at = kept + added, 0
        return bool(added)


def _integer(text: str) -> int | float:
    if len(text) <= LONGEST_INTEGER:
        return int(text)
    return -math.inf if text.startswith("-") else math.inf
