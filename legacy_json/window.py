"""A window of decoded text that slides over a file, and knows the byte offset of each of its places."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import BinaryIO, NoReturn

from legacy_json.errors import SourceUnreadable

SIZE = 1 << 16  # bytes decoded at a time; measured: what fits the processor's cache is read twice as fast
LONGEST_VALUE = 16 << 20  # characters; a quotation mark that never closes must not pull the whole file into memory

_space = re.compile(r"[ \t\n\r]*").match


class Window:
    """`text` from `pos` on is what nobody has taken yet. Errors are SourceUnreadable.

    decoded: bytes of the file up to the end of the text.
    """

    def __init__(self, stream: BinaryIO, path: Path, size: int = SIZE) -> None:
        self.path = path
        self.text, self.pos = "", 0
        self.notes: list[tuple[str, str]] = []  # defects of the file itself, as (code, detail)
        # Where we are, for messages: the list or object at hand, its entries so far, and the last key seen.
        self.section: str | None = None
        self.count = 0
        self.key: object = None
        self._stream, self.size = stream, size
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.decoded = 0
        self._ended = False
        self._begin()

    def peek(self) -> str:
        """The next character that is not white space; "" at the end of the file."""
        while True:
            match = _space(self.text, self.pos)
            assert match is not None  # the pattern also matches nothing
            self.pos = match.end()
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self.more():
                return ""

    def take(self, char: str) -> None:
        """Step over this character, which has to be the next one."""
        found = self.peek()
        if found != char:
            stands = f"{found!r} stands there" if found else "the file ends there"
            self.fail(f"{char!r} was expected, {stands}")
        self.pos += 1

    def more(self) -> bool:
        """Drop what was taken, add the next piece. False at the end of the file."""
        if self._ended:
            return False
        if self.pos:
            self.text, self.pos = self.text[self.pos :], 0
        if len(self.text) > LONGEST_VALUE:
            self.fail(f"one value is longer than {LONGEST_VALUE >> 20} MiB; is a quotation mark missing?")
        # Doubling keeps a long value linear: it is scanned again from its start each time.
        piece = self._stream.read(max(self.size, len(self.text)))
        kept = self._decoder.getstate()[0]
        try:
            self.text += self._decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            self._undecodable(kept + piece, error)
        self.decoded += len(kept) + len(piece) - len(self._decoder.getstate()[0])
        self._ended = not piece
        return bool(piece)

    def offset(self, position: int | None = None) -> int:
        """The byte of the file at which this place of the text, or the next character, lies."""
        rest = self.text[self.pos if position is None else position :]
        return self.decoded - len(rest.encode())

    def fail(self, reason: str, position: int | None = None) -> NoReturn:
        """Raise SourceUnreadable for this place of the text, or for the next character."""
        raise SourceUnreadable(self.path, reason, offset=self.offset(position), key=self._near())

    def fail_broken_off(self, reason: str) -> NoReturn:
        """Raise SourceUnreadable for a value that goes on at the end of the file."""
        said = f"it breaks off in the middle of a record ({reason})"
        raise SourceUnreadable(self.path, said, offset=self.decoded, key=self._near())

    def _near(self) -> str | None:
        if self.section is None:
            return None
        last = "" if self.key is None else f", the last key read being {str(self.key)[:60]!r}"
        return f"entry {self.count} of {self.section!r}{last}"

    def _begin(self) -> None:
        self.more()
        if self.text.startswith("\ufeff"):
            self.notes.append(("byte-order-mark", "a byte order mark stands in front"))
            self.pos = 1
        first = self.peek()
        if not first:
            self.fail("it is blank")
        if first == "\0":
            self.fail("it is filled with NUL bytes, as after a loss of power")
        if "\0" in self.text[:2]:
            self.fail("it is UTF-16, not UTF-8")

    def _undecodable(self, data: bytes, error: UnicodeDecodeError) -> NoReturn:
        start = self.decoded
        if start == 0 and data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise SourceUnreadable(self.path, "it is UTF-16, not UTF-8", offset=0)
        if error.end >= len(data) and error.reason == "unexpected end of data":
            said = "it breaks off in the middle of a character"
            raise SourceUnreadable(self.path, said, offset=start + error.start, key=self._near())
        said = f"it is not UTF-8 ({error.reason})"
        raise SourceUnreadable(self.path, said, offset=start + error.start, key=self._near())
