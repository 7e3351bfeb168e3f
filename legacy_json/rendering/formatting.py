"""One value, or a run of them, as json.dump would write it at its place in a file.

msgspec indents some twenty times faster than the standard library. It leaves texts and numbers as it finds them,
and spells some floats otherwise than Python; a value that may hold one of these is taken apart token by token.
tests/legacy_json/rendering/test_formatting.py holds both ways to json.dumps.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii

import msgspec

from legacy_json.rendering.style import Style

# Floats that msgspec spells otherwise than Python: 1e16, 1e-7. Measured: a pattern that begins with one letter is
# searched for ten times faster than one that names all that may stand before a number.
_EXPONENT = re.compile(rb"e(?<=[0-9]e)[-+]?[0-9]{1,3}(?:[,\]}]|$)")
_SMALL = b"0.0000"  # 0.00001, likewise
# json.dumps escapes what msgspec leaves as it is, but for the control characters.
_ESCAPED = re.compile(rb"\\u(?!00[01])")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_INDENTED = re.compile(rb"\n +")
_HANDLER = "switchyard.json-escape"


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return encode_basestring_ascii(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_HANDLER, _escape)


class Formatter:
    """Formats compact documents, as the index keeps them, in one style."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.comma = style.comma.encode()  # between two entries, before the line's end if there is one
        self.colon = style.colon.encode()
        self._width = _width(style)

    def line(self, depth: int) -> bytes:
        """What stands before an entry or a closing bracket at this depth."""
        return self._line(depth).encode()

    def name(self, name: str) -> bytes:
        """A member's name, with its quotation marks."""
        return self._encoded(json.dumps(name, ensure_ascii=False))

    def value(self, document: bytes, depth: int) -> bytes:
        """A value in an entry at this depth."""
        fast = self._fast(document)
        return self._slow(document, depth) if fast is None else fast.replace(b"\n", self.line(depth))

    def elements(self, documents: Sequence[bytes], depth: int) -> bytes:
        """Elements of a list at this depth, with what stands between them, but not around."""
        if len(documents) > 1:
            fast = self._fast(b"[%b]" % b",".join(documents))
            if fast is not None:
                return self._bare(fast, depth)
        return (self.comma + self.line(depth)).join([self.value(document, depth) for document in documents])

    def members(self, members: Sequence[tuple[str, bytes]], depth: int) -> bytes:
        """Members of an object at this depth, likewise."""
        named = [(self.name(name), document) for name, document in members]
        if len(named) > 1:
            fast = self._fast(b"{%b}" % b",".join([b"%b:%b" % member for member in named]))
            if fast is not None:
                return self._bare(fast, depth)
        between = self.comma + self.line(depth)
        return between.join([name + self.colon + self.value(document, depth) for name, document in named])

    def _line(self, depth: int) -> str:
        return "" if self.style.indent is None else self.style.newline + self.style.indent * depth

    def _encoded(self, text: str) -> bytes:
        if not self.style.ascii:
            return text.encode("utf-8", "backslashreplace")  # half of a pair of surrogates has no UTF-8
        return text.encode("ascii", _HANDLER).replace(b"\x7f", b"\\u007f")

    # The fast way

    def _fast(self, document: bytes) -> bytes | None:
        """Indented with line feeds, from the margin on; None if that would not be what json.dump writes."""
        if self._width is None or _is_unusual(document):
            return None
        try:
            made = msgspec.json.format(document, indent=self._width)
        except (msgspec.DecodeError, RecursionError):  # not a number, or very deep
            return None
        if self.style.indent is not None and self.style.indent[0] == "\t":
            made = _INDENTED.sub(self._tabs, made)
        if self.style.ascii and not (made.isascii() and b"\x7f" not in made):
            made = self._encoded(made.decode())
        return made

    def _tabs(self, match: re.Match[bytes]) -> bytes:
        assert self.style.indent is not None
        return b"\n" + self.style.indent.encode() * (len(match[0]) - 1)

    def _bare(self, container: bytes, depth: int) -> bytes:
        """What stands between the container's brackets."""
        if self.style.indent is None:
            return container[1:-1]
        return container[2 + len(self.style.indent) : -2].replace(b"\n", self.line(depth - 1))

    # The slow way

    def _slow(self, document: bytes, depth: int) -> bytes:
        comma, colon = self.style.comma, self.style.colon
        made: list[str] = []
        opened = False
        for mark in _TOKEN.findall(document.decode()):
            if mark in "]}":
                depth -= 1
                made.append(mark if opened else self._line(depth) + mark)
                opened = False
                continue
            if opened:
                made.append(self._line(depth))
            opened = mark in "[{"
            if opened:
                depth += 1
                made.append(mark)
            elif mark == ",":
                made.append(comma + self._line(depth))
            else:
                made.append(colon if mark == ":" else _scalar(mark))
        return self._encoded("".join(made))


def _is_unusual(document: bytes) -> bool:
    """Whether it may hold what json.dump would spell otherwise. A text that looks so is only formatted the slow way."""
    if _SMALL in document or (b"\\u" in document and _ESCAPED.search(document)):
        return True
    return _EXPONENT.search(document) is not None


def _scalar(token: str) -> str:
    if token[0] == '"':
        return json.dumps(json.loads(token), ensure_ascii=False) if "\\u" in token else token
    if token[-1].isdigit() and not token.lstrip("-").isdigit():
        number = float(token)
        return token if math.isinf(number) else repr(number)
    return token


def _width(style: Style) -> int | None:
    """What msgspec calls the style; None if it has no name for it."""
    separators = (style.comma, style.colon)
    if style.indent is None:
        return {(", ", ": "): 0, (",", ":"): -1}.get(separators)
    if separators != (",", ": ") or not style.indent:
        return None
    return len(style.indent) if style.indent[0] == " " else 1
