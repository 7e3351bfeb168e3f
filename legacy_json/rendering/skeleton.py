"""One reading of a file that keeps what is not records: the order of its sections, and those that nobody declared.

The entries of the declared sections go by on the way, as they stand in the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import msgspec

from legacy_json import window
from legacy_json.errors import LegacyError
from legacy_json.scan import Scanner, Stretch
from legacy_json.window import SIZE

# How the entries of a section lie: elements of a list, members of an object, or the section is the only one.
Kind = Literal["list", "object", "value"]
_BRACKETS: dict[Kind, str] = {"list": "[", "object": "{"}


class SectionTooLarge(LegacyError):
    """A section that nobody declared would have to be kept in memory."""

    def __init__(self, path: Path, name: str, size: int) -> None:
        self.path, self.name, self.size = path, name, size
        super().__init__(
            f"{path}: what is no record in it, up to {name!r}, takes {size} bytes, more than"
            f" {window.LONGEST_VALUE >> 20} MiB. The file stays the bot's; declare a component for this section,"
            " or move it to a file of its own."
        )


class Section(NamedTuple):
    """A member of the root, in file order.

    spelled: its name with the quotation marks. raw: the bytes of its value, or None where records stand.
    """

    name: str
    spelled: bytes
    raw: bytes | None


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A file without its records.

    root: what the document is. sections: of a root that is an object of sections; None where the
    root itself is what holds the entries, or the only one.
    """

    root: Kind
    sections: tuple[Section, ...] | None

    def encoded(self) -> bytes:
        """For `decoded`."""
        return msgspec.msgpack.encode((self.root, self.sections and [_packed(each) for each in self.sections]))


def decoded(data: bytes) -> Skeleton:
    """What `Skeleton.encoded` made. Raises msgspec.DecodeError."""
    root, sections = msgspec.msgpack.decode(data, type=tuple[Kind, list[tuple[bytes, bytes, bytes | None]] | None])
    return Skeleton(root, None if sections is None else tuple(_unpacked(*each) for each in sections))


class Entry(NamedTuple):
    """A record as it stands in the file.

    section: the name of the section it lies in, None for the root. ordinal: its place there, from 0.
    spelled: the member's name with its quotation marks, if the section is an object; name: the same, read.
    """

    section: str | None
    ordinal: int
    name: str | None
    spelled: bytes | None
    raw: bytes


class Dissection:
    """Reads one file. Iterate over it to its end, then ask for the `skeleton`.

    stream: the file, seekable, unbuffered or at its start. containers: how the entries of each declared
    section lie; the key None stands for the root, and is then the only one. Raises SourceUnreadable, SectionTooLarge.
    """

    def __init__(
        self, stream: BinaryIO, path: Path, containers: Mapping[str | None, Kind], *, size: int = SIZE
    ) -> None:
        self._stream, self._path, self._containers = stream, path, containers
        self._scanner = _Speller(stream, path, size)
        self._sections: list[Section] = []
        self._kept = 0  # bytes of sections
        self._whole = False

    def __iter__(self) -> Iterator[Entry]:
        scanner = self._scanner
        if None in self._containers:
            yield from self._entries(None, self._containers[None])
        else:
            if scanner.peek() != "{":
                scanner.fail("it is not an object")
            yield from self._sectioned()
        scanner.finish()
        self._whole = True

    @property
    def skeleton(self) -> Skeleton:
        """Once the file has been read to its end."""
        assert self._whole
        if None in self._containers:
            return Skeleton(self._containers[None], None)
        return Skeleton("object", tuple(self._sections))

    @property
    def notes(self) -> list[tuple[str, str]]:
        """Defects of the file itself, over which it could be read, as (code, detail)."""
        return self._scanner.notes

    def _sectioned(self) -> Iterator[Entry]:
        scanner = self._scanner
        seen: set[str] = set()
        for name in scanner.members():
            spelled = scanner.last.raw(0)
            kind = self._containers.get(name)
            if kind is None:
                self._sections.append(Section(name, spelled, self._skipped(name)))
                continue
            if name in seen:
                scanner.fail(f"{name!r} stands there twice; the bot would read the second and forget the first")
            seen.add(name)
            self._sections.append(Section(name, spelled, None))
            yield from self._entries(name, kind)

    def _skipped(self, name: str) -> bytes:
        """The bytes of the value at hand, which is read over."""
        scanner = self._scanner
        scanner.peek()
        start = scanner.offset()
        scanner.skip()
        size = scanner.offset() - start
        self._kept += size
        if self._kept > window.LONGEST_VALUE:
            raise SectionTooLarge(self._path, name, self._kept)
        return self._at(start, size)

    def _at(self, start: int, size: int) -> bytes:
        """Bytes of the file, wherever the scanner is."""
        here = self._stream.tell()
        try:
            self._stream.seek(start)
            data = self._stream.read(size)
            while len(data) < size and (more := self._stream.read(size - len(data))):
                data += more
            return data
        finally:
            self._stream.seek(here, os.SEEK_SET)

    def _entries(self, section: str | None, kind: Kind) -> Iterator[Entry]:
        scanner = self._scanner
        bracket = _BRACKETS.get(kind)
        if bracket is None:
            yield Entry(section, 0, None, None, scanner.value().raw(0))
            return
        if scanner.peek() != bracket:
            scanner.fail(f"{'it' if section is None else repr(section)} is not {_said(kind)}")
        yield from self._members(section) if kind == "object" else self._elements(section)

    def _members(self, section: str | None) -> Iterator[Entry]:
        scanner = self._scanner
        for ordinal, name in enumerate(scanner.members()):
            spelled = scanner.last.raw(0)
            yield Entry(section, ordinal, name, spelled, scanner.value().raw(0))

    def _elements(self, section: str | None) -> Iterator[Entry]:
        ordinal = 0
        for stretch in self._scanner.elements():
            for number in range(len(stretch.values)):
                yield Entry(section, ordinal, None, None, stretch.raw(number))
                ordinal += 1


class _Speller(Scanner):
    """A scanner that keeps the value read last: right after a name, that name as it is spelled."""

    last: Stretch

    def value(self) -> Stretch:
        self.last = super().value()
        return self.last


def _said(kind: Kind) -> str:
    return {"list": "a list", "object": "an object", "value": "a value"}[kind]


def _packed(section: Section) -> tuple[bytes, bytes, bytes | None]:
    # A name may hold half of a pair of surrogates.
    return section.name.encode("utf-8", "surrogatepass"), section.spelled, section.raw


def _unpacked(name: bytes, spelled: bytes, raw: bytes | None) -> Section:
    return Section(name.decode("utf-8", "surrogatepass"), spelled, raw)
