"""How a component's records lie in the legacy files.

A layout is small, declared in the component's app, and names the file it is part of; several may
share one file, which is then read once. Each says which of two records with one key the bot
itself would use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from legacy_json.keys import Key as Key  # part of a declaration's vocabulary
from legacy_json.keys import KeyType
from legacy_json.scan import Scanner, Stretch

Entries = tuple[Sequence[object], Stretch]  # the keys as they were found, and the values
Wins = Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class ListOf:
    """`{"<section>": [record, ...]}`, each record carrying its key; the bot takes the first match.

    Without a section the whole file is the list.
    """

    file: str
    section: str | None
    key: str
    wins: ClassVar[Wins] = "first"
    text_keys: ClassVar[bool] = False

    def entries(self, scanner: Scanner) -> Iterator[Entries]:
        _expect(scanner, "[", self.section, "a list")
        name = self.key
        for stretch in scanner.elements():
            found = [value.get(name) if type(value) is dict else None for value in stretch.values]
            yield found, stretch
            scanner.count += len(found)
            scanner.key = found[-1]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """`{"<section>": {"<key>": record, ...}}`, or without a section the whole file; the last of two wins."""

    file: str
    section: str | None = None
    wins: ClassVar[Wins] = "last"
    text_keys: ClassVar[bool] = True

    def entries(self, scanner: Scanner) -> Iterator[Entries]:
        _expect(scanner, "{", self.section, "an object")
        for name in scanner.members():
            scanner.key = name
            yield [name], scanner.value()
            scanner.count += 1


@dataclass(frozen=True, slots=True)
class FolderOf:
    """`<folder>/<key>.json`, one record a file."""

    file: str
    section: ClassVar[None] = None
    wins: ClassVar[Wins] = "last"
    text_keys: ClassVar[bool] = True

    def entries(self, scanner: Scanner) -> Iterator[Entries]:
        yield [scanner.path.stem], scanner.value()


@dataclass(frozen=True, slots=True)
class SubObject:
    """`{..., "<name>": record}` inside another component's record, under that record's key."""

    of: str
    name: str


Container = ListOf | ObjectOf | FolderOf


@dataclass(frozen=True, slots=True)
class Collection:
    """What the store must know of a component.

    key: the type of its keys. unique: the names of its document that no two live records share.
    """

    name: str
    layout: Container | SubObject
    key: KeyType = int
    unique: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Home:
    """A collection that is a container of its source, and those inside its records, with their names there."""

    collection: Collection
    layout: Container
    children: tuple[tuple[Collection, str], ...]


def homes(collections: Sequence[Collection]) -> list[Home]:
    """The containers among the collections of one source, with what lies inside their records."""
    return [
        Home(
            collection,
            collection.layout,
            tuple(
                (c, c.layout.name)
                for c in collections
                if isinstance(c.layout, SubObject) and c.layout.of == collection.name
            ),
        )
        for collection in collections
        if not isinstance(collection.layout, SubObject)
    ]


def sources(collections: Sequence[Collection]) -> dict[str, list[Collection]]:
    """The files, each with the collections that lie in it, containers first."""
    files: dict[str, list[Collection]] = {}
    for home in homes(collections):
        files.setdefault(home.layout.file, []).append(home.collection)
    for home in homes(collections):
        files[home.layout.file] += [child for child, _ in home.children]
    return files


def _expect(scanner: Scanner, char: str, section: str | None, kind: str) -> None:
    if scanner.peek() != char:
        scanner.fail(f"it is not {kind}" if section is None else f"{section!r} is not {kind}")
    scanner.section, scanner.count, scanner.key = section or "the file", 0, None
