"""A whole file from its parts, one piece at a time: memory is bounded by the largest record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from legacy_json.rendering.formatting import Formatter
from legacy_json.rendering.style import BOM, Style

BATCH = 1 << 15  # bytes of documents formatted at once
CHUNK = 1 << 18  # bytes written at once
DIGEST = 32  # bytes

_Item = TypeVar("_Item")
_Plain = TypeVar("_Plain")


class Verbatim(NamedTuple):
    """Bytes that go into the file as they are: a section that nobody declared, an entry that is no record."""

    raw: bytes


class Member(NamedTuple):
    """A member whose value is one document, or verbatim. name: Verbatim is as spelled, with its quotation marks."""

    name: str | Verbatim
    value: bytes | Verbatim


@dataclass(frozen=True, slots=True)
class ListMember:
    """A member that is a list of these."""

    name: str | Verbatim
    entries: Iterable[bytes | Verbatim]


@dataclass(frozen=True, slots=True)
class ObjectMember:
    """A member that is an object of these."""

    name: str | Verbatim
    entries: Iterable[Member]


class Written(NamedTuple):
    """length: in bytes. digest: blake2b, 32 bytes."""

    length: int
    digest: bytes


class Stream(Protocol):
    def write(self, data: bytes, /) -> object: ...


class Sink:
    """Gathers small pieces into large writes, counted and digested."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._gathered = 0
        self._length = 0
        self._digest = hashlib.blake2b(digest_size=DIGEST)

    def put(self, *pieces: bytes) -> None:
        self._pieces += pieces
        self._gathered += sum(map(len, pieces))
        if self._gathered >= CHUNK:
            self._flush()

    def finish(self) -> Written:
        self._flush()
        return Written(self._length, self._digest.digest())

    def _flush(self) -> None:
        data = b"".join(self._pieces)
        self._pieces, self._gathered = [], 0
        self._length += len(data)
        self._digest.update(data)
        self._stream.write(data)


def write_object(stream: Stream, style: Style, members: Iterable[Member | ListMember | ObjectMember]) -> Written:
    """A file whose root is an object: of sections, of entries, or of both."""
    return _Composer(stream, style).file(lambda composer: composer.object(members, 0))


def write_list(stream: Stream, style: Style, entries: Iterable[bytes | Verbatim]) -> Written:
    """A file whose root is a list."""
    return _Composer(stream, style).file(lambda composer: composer.list(entries, 0))


def write_value(stream: Stream, style: Style, value: bytes | Verbatim) -> Written:
    """A file that is one document."""
    return _Composer(stream, style).file(lambda composer: composer.value(value, 0))


class _Composer:
    def __init__(self, stream: Stream, style: Style) -> None:
        self.style, self.sink, self.formatter = style, Sink(stream), Formatter(style)

    def file(self, root: Callable[[_Composer], None]) -> Written:
        if self.style.bom:
            self.sink.put(BOM)
        root(self)
        if self.style.last_newline:
            self.sink.put(self.style.newline.encode())
        return self.sink.finish()

    def value(self, value: bytes | Verbatim, depth: int) -> None:
        self.sink.put(value.raw if isinstance(value, Verbatim) else self.formatter.value(value, depth))

    def list(self, entries: Iterable[bytes | Verbatim], depth: int) -> None:
        container = _Container(self, b"[]", depth)
        for run in _runs(entries, _plain_element):
            container.next()
            if isinstance(run, _Run):
                self.sink.put(self.formatter.elements(run.items, depth + 1))
            else:
                self.value(run, depth + 1)
        container.close()

    def object(self, members: Iterable[Member | ListMember | ObjectMember], depth: int) -> None:
        container = _Container(self, b"{}", depth)
        for run in _runs(members, _plain_member):
            container.next()
            if isinstance(run, _Run):
                self.sink.put(self.formatter.members(run.items, depth + 1))
            else:
                self._member(run, depth + 1)
        container.close()

    def _member(self, member: Member | ListMember | ObjectMember, depth: int) -> None:
        name = member.name
        self.sink.put(name.raw if isinstance(name, Verbatim) else self.formatter.name(name), self.formatter.colon)
        if isinstance(member, ListMember):
            self.list(member.entries, depth)
        elif isinstance(member, ObjectMember):
            self.object(member.entries, depth)
        else:
            self.value(member.value, depth)


class _Container:
    """The brackets of a list or an object, and what stands between its entries."""

    def __init__(self, composer: _Composer, brackets: bytes, depth: int) -> None:
        self._put, self._brackets, self._empty = composer.sink.put, brackets, True
        formatter = composer.formatter
        self._between = formatter.comma + formatter.line(depth + 1)
        self._first, self._last = brackets[:1] + formatter.line(depth + 1), formatter.line(depth) + brackets[1:]

    def next(self) -> None:
        """Before each entry, or run of entries."""
        self._put(self._first if self._empty else self._between)
        self._empty = False

    def close(self) -> None:
        self._put(self._brackets if self._empty else self._last)


class _Run(Generic[_Plain]):
    """Entries side by side that are formatted at once."""

    def __init__(self) -> None:
        self.items: list[_Plain] = []
        self.size = 0


def _runs(
    items: Iterable[_Item], plain: Callable[[_Item], tuple[_Plain, int] | None]
) -> Iterator[_Item | _Run[_Plain]]:
    """The items in order, those that are plain gathered into runs. plain: the item as it is formatted, and its size."""
    run: _Run[_Plain] = _Run()
    for item in items:
        found = plain(item)
        if found is not None:
            run.items.append(found[0])
            run.size += found[1]
        if run.items and (found is None or run.size >= BATCH):
            yield run
            run = _Run()
        if found is None:
            yield item
    if run.items:
        yield run


def _plain_element(entry: bytes | Verbatim) -> tuple[bytes, int] | None:
    return None if isinstance(entry, Verbatim) else (entry, len(entry))


def _plain_member(member: Member | ListMember | ObjectMember) -> tuple[tuple[str, bytes], int] | None:
    if isinstance(member, Member) and isinstance(member.name, str) and isinstance(member.value, bytes):
        return (member.name, member.value), len(member.name) + len(member.value)
    return None
