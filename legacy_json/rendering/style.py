"""How a JSON file is formatted, found from its bytes, so that what we write looks like what the bot wrote."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

HEAD = 1 << 16  # bytes looked at for indentation and separators
CHUNK = 1 << 20  # bytes at a time looked through for characters beyond ASCII
BOM = b"\xef\xbb\xbf"
INDENT = "  "
WIDEST = 16  # characters of one level; more is no indentation that a program was asked for

_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*"|(?P<colon>[ ]*:[ ]*)|,(?P<comma>[ ]*)|(?P<line>\n)', re.DOTALL)
_FIRST = re.compile(rb"\s*[{\[](?P<space>\s*)(?P<next>[^\s]?)")
_ESCAPE = re.compile(rb"\\(?:u([dD][89abAB]..\\u[dD][c-fC-F]..|....)|[^u])", re.DOTALL)
_LONGEST_ESCAPE = 12  # a pair of surrogates


@dataclass(frozen=True, slots=True)
class Style:
    """The arguments that json.dump was given, and what its caller added. The default is the bots' own.

    indent: the text of one level; None is one line. comma, colon: json's separators. ascii: whatever
    lies beyond ASCII is escaped. newline: "\\n" or "\\r\\n". last_newline: one stands behind the document.
    """

    indent: str | None = INDENT
    comma: str = ","
    colon: str = ": "
    ascii: bool = False
    newline: str = "\n"
    bom: bool = False
    last_newline: bool = False

    def encoded(self) -> str:
        """As a short text, for `decoded`."""
        return msgspec.json.encode(self).decode()


# As in marker.py: not at first use, which may be in two threads at once.
_decode = msgspec.json.Decoder(Style).decode


def decoded(text: str) -> Style:
    """What `Style.encoded` made. Raises msgspec.DecodeError."""
    return _decode(text)


def detect(stream: BinaryIO) -> Style:
    """The style of a seekable JSON file: from its head, its end, and as much as shows how it writes non-ASCII.

    What the file does not show is as in the default. It need not be well formed.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    bom = head.startswith(BOM)
    text = head.removeprefix(BOM)
    indent, marks = _indent(text), _Marks(text)
    return Style(
        indent=indent,
        comma=marks.comma_after(indent),
        colon=marks.colon_beside(indent),
        ascii=_escapes(stream, len(BOM) if bom else 0),
        newline="\r\n" if b"\r\n" in head else "\n",
        bom=bom,
        last_newline=_ends_with_newline(stream),
    )


def _indent(text: bytes) -> str | None:
    first = _FIRST.match(text)
    if first is None or first["next"] in (b"", b"]", b"}"):
        return INDENT  # nothing is inside
    lines = first["space"].split(b"\n")
    if len(lines) == 1:
        # Lines further in are somebody's own layout, which no setting of json.dump makes.
        return INDENT if _Marks(text).lines else None
    found = lines[-1]
    return found.decode() if len(found) <= WIDEST and len(set(found)) <= 1 else INDENT


class _Marks:
    """The first comma and the first colon outside of texts, with the spaces around them, and whether lines end."""

    def __init__(self, text: bytes) -> None:
        self.comma: str | None = None
        self.colon: str | None = None
        self.lines = False
        for mark in _MARKS.finditer(text.rstrip()):
            if mark["colon"] is not None:
                self.colon = self.colon or _narrow(mark["colon"].decode())
            elif mark["comma"] is not None:
                if self.comma is None:
                    self.comma = _narrow("," + mark["comma"].decode())
            elif mark["line"] is not None:
                self.lines = True
            if self.comma and self.colon and self.lines:
                return

    def comma_after(self, indent: str | None) -> str:
        if self.comma is not None:
            return self.comma
        return "," if indent is not None or self.colon == ":" else ", "

    def colon_beside(self, indent: str | None) -> str:
        if self.colon is not None:
            return self.colon
        return ":" if indent is None and self.comma == "," else ": "


def _narrow(mark: str) -> str:
    """At most one space on either side."""
    return re.sub(" +", " ", mark)


def _escapes(stream: BinaryIO, start: int) -> bool:
    """Whether the first character beyond ASCII is written as an escape; False if there is none.

    A control character, and half of a pair of surrogates, is an escape in every style.
    """
    stream.seek(start)
    kept = b""
    while True:
        chunk = stream.read(CHUNK)
        data = kept + chunk
        if not data.isascii():
            return False
        kept = b""
        done = 0
        for escape in _ESCAPE.finditer(data):
            if chunk and escape.start() > len(data) - _LONGEST_ESCAPE:
                break
            done = escape.end()
            if _beyond_ascii(escape[1]):
                return True
        if not chunk:
            return False
        cut = data.find(b"\\", done)
        kept = data[cut:] if cut >= 0 else b""


def _beyond_ascii(digits: bytes | None) -> bool:
    if digits is None:
        return False
    if len(digits) > 4:
        return True
    try:
        code = int(digits, 16)
    except ValueError:
        return False
    return code >= 0x7F and not 0xD800 <= code <= 0xDFFF


def _ends_with_newline(stream: BinaryIO) -> bool:
    if not stream.seek(0, os.SEEK_END):
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"
