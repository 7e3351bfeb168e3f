"""A JSON file, one record at a time: bounded memory, and the place of every defect.

ijson gives neither bytes nor offsets, so this takes one value at a time from a sliding window with
the standard library's C scanner. Lists of plain records go several times faster through msgspec,
a window at a time. msgspec is as strict as json (tests/legacy_json/test_scan.py holds it to that),
but passes duplicate names over; a window in which it may have done so is scanned the first way.

The grammar is RFC 8259's, but for what the bots' own reader (json.load) accepts as well (NaN,
Infinity) and for a comma before a closing bracket between records, which is unambiguous.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from json.decoder import JSONDecodeError
from pathlib import Path
from typing import BinaryIO

import msgspec

from legacy_json.stretch import Defect as Defect
from legacy_json.stretch import Stretch as Stretch
from legacy_json.stretch import plain_elements, plain_members
from legacy_json.window import SIZE, Window

LONGEST_TOKEN = 64  # an error this near the window's end may only mean that the token goes on behind it
LONGEST_INTEGER = 4000  # digits; CPython refuses to convert much longer ones
SLOW = 100  # records taken singly before the fast way is tried again
CUTS = 8  # places tried for the end of the last whole record in a window
STREAMED = 4  # levels of a value that nobody asked for which are skipped member by member


class Scanner(Window):
    """Walks one file."""

    def __init__(self, stream: BinaryIO, path: Path, size: int = SIZE, *, fast: bool = True) -> None:
        self._defects: list[Defect] = []
        self._fast, self._slow = fast, 0
        self._ending = "},"  # of the records at hand
        self._decode = self._decoder_with(int)
        super().__init__(stream, path, size)

    def members(self) -> Iterator[str]:
        """The names of the object at hand; the caller takes each value before the next name."""
        self.take("{")
        while self.peek() != "}":
            yield self._name()
            self._comma("}")
        self.take("}")

    def pairs(self) -> Iterator[tuple[Sequence[str], Stretch]]:
        """The names and the values of the object at hand, where `key` is the last name seen."""
        self.take("{")
        while self.peek() != "}":
            swath = self._swath("}")
            if swath is None or swath.names is None:
                self.key = name = self._name()
                yield [name], self.value()
            else:
                yield swath.names, swath
            self._comma("}")
        self.take("}")

    def elements(self) -> Iterator[Stretch]:
        """The values of the list at hand."""
        self.take("[")
        while self.peek() != "]":
            yield self._swath("]") or self.value()
            self._comma("]")
        self.take("]")

    def _name(self) -> str:
        char = self.peek()
        if char != '"':
            self.fail("a member name was expected" if char else "the file ends where a member name was expected")
        name = self.value().values[0]
        assert isinstance(name, str)
        self.take(":")
        return name

    def value(self) -> Stretch:
        """The value at hand, decoded whole."""
        self.peek()
        self._defects = []
        decode = self._decode
        while True:
            try:
                value, end = decode(self.text, self.pos)
            except JSONDecodeError as error:
                self._retry(error.msg[0].lower() + error.msg[1:], error.pos)
            except RecursionError:
                self.fail("it is nested too deeply to be read")
            except ValueError:  # an integer with more digits than CPython converts
                decode = self._decoder_with(self._integer)
            else:
                # A number at the end of the window may go on behind it, also after its point or its exponent's sign.
                if end + 2 < len(self.text) or self.text[end - 1] in '}]"' or self._ended:
                    break
                self.more()
            self._defects = []
        raw = self.text[self.pos : end].encode()
        self.pos = end
        return Stretch([value], raw, tuple(self._defects))

    def skip(self, levels: int = STREAMED) -> None:
        """Step over the value at hand, however long; it must be JSON all the same."""
        char = self.peek() if levels else ""
        if char == "{":
            for _ in self.members():
                self.skip(levels - 1)
        elif char == "[":
            for _ in self.elements():
                pass
        else:
            self.value()

    def finish(self) -> None:
        """Nothing may follow the root."""
        char = self.peek()
        if char == "\0":
            self.fail("NUL bytes follow the end of the document, as after a loss of power")
        if char:
            self.fail("something follows the end of the document: a second document, or the rest of an older one")

    # The fast way

    def _swath(self, closing: str) -> Stretch | None:
        """As many whole records as the window holds; None where the slow way has to look first."""
        if self._slow or not self._fast:
            self._slow -= 1
            return None
        self._look_for_ending()
        if len(self.text) - self.pos < self.size // 2:
            self.more()
        for cut in self._cuts(closing):
            if cut < 0:
                return None
            data = self.text[self.pos : cut].encode()
            try:
                made = plain_members(data) if closing == "}" else plain_elements(data)
            except (ValueError, msgspec.MsgspecError, RecursionError):
                continue  # that brace closed no record; or a record is broken, and the slow way says where
            if made:
                self.pos = cut
                return made
            break
        self._slow = SLOW
        return None

    def _look_for_ending(self) -> None:
        """A record that begins a line most often ends on one that is indented alike; braces inside it are not."""
        if self.pos:
            line = self.text.rfind("\n", 0, self.pos)
            indent = self.text[line : self.pos] if line >= 0 else ""
            self._ending = "},"
            if indent and not indent.strip():
                self._ending = f"{indent}}},"

    def _cuts(self, closing: str) -> Iterator[int]:
        """Where the last whole record may end, the likeliest first; -1 where no record does."""
        brace = self._ending[:-1]
        last = self.text.rfind(brace, self.pos) + len(brace)
        if last >= self.pos + len(brace) and self.text[last : last + LONGEST_TOKEN].lstrip()[:1] == closing:
            yield last
        cut = len(self.text)
        for _ in range(CUTS):
            cut = self.text.rfind(self._ending, self.pos, cut)
            yield -1 if cut < 0 else cut + len(brace)

    # Places

    def _retry(self, reason: str, position: int) -> None:
        """More text, if the error may come from the window's end; else it is the file's."""
        unclosed = reason.startswith("unterminated string")
        if not (unclosed or position >= len(self.text) - LONGEST_TOKEN):
            self.fail(reason, position)
        if self.more():
            return
        if unclosed or position >= len(self.text.rstrip("\0 \t\r\n")):
            self.fail_broken_off(reason)
        self.fail(reason, position)

    def _comma(self, closing: str) -> None:
        if self.peek() != ",":
            if self.peek() != closing:
                self.take(closing)
            return
        self.pos += 1
        if self.peek() == closing:
            self.notes.append(("trailing-comma", f"a comma stands before {closing!r} at byte {self.offset()}"))

    # What the C scanner calls back for

    def _decoder_with(self, parse_int: Callable[[str], object]) -> Callable[[str, int], tuple[object, int]]:
        decoder = json.JSONDecoder(
            object_pairs_hook=self._pairs,
            parse_constant=self._constant,
            parse_float=self._float,
            # The C scanner knows int itself, and is quicker without a call.
            parse_int=None if parse_int is int else parse_int,
        )
        return decoder.raw_decode

    def _pairs(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) != len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in names if names.count(name) > 1})
            self._defects.append(("duplicate-name", ", ".join(twice)))
        return made

    def _constant(self, text: str) -> float:
        self._defects.append(("not-a-number", text))
        return float(text.replace("Infinity", "inf"))

    def _float(self, text: str) -> float:
        value = float(text)
        if math.isinf(value):
            self._defects.append(("number-too-large", text[:40]))
        return value

    def _integer(self, text: str) -> int | float:
        if len(text) <= LONGEST_INTEGER:
            return int(text)
        self._defects.append(("number-too-large", f"{text[:20]}... ({len(text)} digits)"))
        return -math.inf if text[0] == "-" else math.inf
