"""How a component's records lie in the legacy files.

A layout is small, declared in the component's app, and names the file, or the pattern of files, that
it is part of; several may share a file, which is then read once. Each says which of two records
with one key the bot itself would use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from legacy_json.keys import BadKey, KeyType, as_key
from legacy_json.keys import Key as Key  # part of a declaration's vocabulary
from legacy_json.positions import Known, is_positioned, numbered, position_of, span_of
from legacy_json.scan import Scanner, Stretch

Entries = tuple[Sequence[object], Stretch]  # the keys as they were found, and the values
Wins = Literal["first", "last"]


class Layout:
    """One kind of file, with one `*` in its name at most.

    section: the member of the file's root that holds the records; None: the root itself. wrap: records are
    values of any kind, and a document is {wrap: value}. optional: that there never was such a file is
    no error. ours: no bot ever wrote it. text_keys: keys are names, so a number as text is no defect.
    """

    file: str
    section: str | None
    wrap: str | None
    optional: bool = False
    ours: bool = False
    wins: Wins = "last"
    text_keys: bool = True

    @property
    def takes_any(self) -> bool:
        """Whether new records of any key may go here."""
        return True

    @property
    def pattern(self) -> str:
        return self.file

    @property
    def has_many_files(self) -> bool:
        return "*" in self.pattern

    def stem(self, file: str) -> str:
        """What tells this file from the others of its pattern."""
        if not self.has_many_files:
            return Path(file).stem
        before, _, after = self.pattern.partition("*")
        return file[len(before) : len(file) - len(after)]

    def file_of(self, key: Key) -> str:
        """The file in which the record of that key lies, or would lie."""
        return self.pattern.replace("*", self._stem_of(key))

    def span(self, file: str, kind: KeyType) -> tuple[Key, Key] | None:
        """The first and the last key that records of this file may have; None if it may be any."""
        return None

    def names(self, key: Key) -> bool:
        """Whether the key itself says that its record lies here, and nowhere else."""
        return False

    def entries(self, scanner: Scanner, file: str, known: Known) -> Iterator[Entries]:
        """Every entry of the open file, in its order."""
        raise NotImplementedError

    def _stem_of(self, key: Key) -> str:
        return str(key)


@dataclass(frozen=True)
class ListOf(Layout):
    """`{"<section>": [record, ...]}`, each record carrying its key; the bot takes the first match.

    Without a section the whole file is the list.
    """

    file: str
    section: str | None
    key: str
    optional: bool = False
    wrap = None
    wins = "first"
    text_keys = False

    def entries(self, scanner: Scanner, file: str, known: Known) -> Iterator[Entries]:
        _expect(scanner, "[", self.section, "a list")
        name = self.key
        for stretch in scanner.elements():
            found = [value.get(name) if type(value) is dict else None for value in stretch.values]
            yield found, stretch
            scanner.count += len(found)
            scanner.key = found[-1]


@dataclass(frozen=True)
class ObjectOf(Layout):
    """`{"<section>": {"<key>": record, ...}}`, or without a section the whole file; the last of two wins."""

    file: str
    section: str | None = None
    wrap: str | None = None
    optional: bool = False
    ours: bool = False

    def entries(self, scanner: Scanner, file: str, known: Known) -> Iterator[Entries]:
        _expect(scanner, "{", self.section, "an object")
        for names, stretch in scanner.pairs():
            yield names, stretch
            scanner.count += len(names)
            scanner.key = names[-1]


@dataclass(frozen=True)
class FolderOf(Layout):
    """`<file>/<key>.json`, one record a file."""

    file: str
    optional: bool = False
    section = None
    wrap = None

    @property
    def pattern(self) -> str:
        return f"{self.file}/*.json"

    def span(self, file: str, kind: KeyType) -> tuple[Key, Key] | None:
        try:
            key, _ = as_key(self.stem(file), kind, text_is_normal=True)
        except BadKey:
            return ("", "") if kind is str else (0, -1)  # no record comes from it
        return key, key

    def entries(self, scanner: Scanner, file: str, known: Known) -> Iterator[Entries]:
        yield [self.stem(file)], scanner.value()


@dataclass(frozen=True)
class SequenceOf(Layout):
    """`[record, ...]` in each file, or in a section of it, where records have no key but their position.

    The key is "<stem>:<position>", with the position in ten digits.
    """

    file: str
    section: str | None = None
    optional: bool = False
    wrap = None

    def span(self, file: str, kind: KeyType) -> tuple[Key, Key] | None:
        return span_of(self.stem(file))

    def entries(self, scanner: Scanner, file: str, known: Known) -> Iterator[Entries]:
        _expect(scanner, "[", self.section, "a list")
        for keys, stretch in numbered(scanner.elements(), self.stem(file), known):
            yield keys, stretch
            scanner.count += len(keys)
            scanner.key = keys[-1]

    @property
    def takes_any(self) -> bool:
        return self.has_many_files

    def names(self, key: Key) -> bool:
        return not self.has_many_files and str(key).startswith(f"{Path(self.file).stem}:") and is_positioned(key)

    def _stem_of(self, key: Key) -> str:
        return position_of(key)[0]


@dataclass(frozen=True)
class SingleOf(Layout):
    """`{"<section>": value}`: one record, whose key is "<stem>:<section>"."""

    file: str
    section: str
    wrap: str
    optional: bool = False

    def span(self, file: str, kind: KeyType) -> tuple[Key, Key] | None:
        return self.key_in(file), self.key_in(file)

    @property
    def takes_any(self) -> bool:
        return False

    def names(self, key: Key) -> bool:
        return key == self.key_in(self.file)

    def key_in(self, file: str) -> str:
        return f"{self.stem(file)}:{self.section}"

    def entries(self, scanner: Scanner, file: str, known: Known) -> Iterator[Entries]:
        scanner.peek()
        scanner.section, scanner.count, scanner.key = self.section, 0, None
        yield [self.key_in(file)], scanner.value()

    def _stem_of(self, key: Key) -> str:
        return str(key).rpartition(":")[0]


@dataclass(frozen=True)
class SubObject:
    """`{..., "<name>": record}` inside another component's record, under that record's key."""

    of: str
    name: str


@dataclass(frozen=True)
class Generations:
    """Several layouts of one component, the oldest first, read together: of two records with one key the newest wins.

    New records go to the newest. Only the newest has to exist, and not even that where an older one does.
    """

    layouts: tuple[Layout, ...]


Declared = Layout | SubObject | Generations


@dataclass(frozen=True)
class Collection:
    """What the store must know of a component.

    key: the type of its keys. unique: the names of its document that no two live records share;
    lookups: others that records are looked up by.
    """

    name: str
    layouts: tuple[Declared, ...]
    key: KeyType = int
    unique: tuple[str, ...] = ()
    lookups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Home:
    """One layout of a collection, and what lies inside its records, with its name there."""

    collection: Collection
    layout: Layout
    children: tuple[tuple[Collection, str], ...] = ()


@dataclass(frozen=True)
class Source:
    """What is read together, and has one owner: the homes that share files, in the order of reading."""

    name: str
    homes: tuple[Home, ...]

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Containers first."""
        found = dict.fromkeys(home.collection for home in self.homes)
        found |= dict.fromkeys(child for home in self.homes for child, _ in home.children)
        return tuple(found)

    @property
    def patterns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(home.layout.pattern for home in self.homes))

    @property
    def ours(self) -> bool:
        """Whether no bot ever wrote it."""
        return all(home.layout.ours for home in self.homes)

    def pattern_of(self, name: str) -> str | None:
        """Of which of the patterns a file is; None if of none."""
        return next((pattern for pattern in self.patterns if fits(name, pattern)), None)

    def homes_in(self, pattern: str) -> list[Home]:
        return [home for home in self.homes if home.layout.pattern == pattern]


def fits(name: str, pattern: str) -> bool:
    """Whether a file of this name belongs to the pattern."""
    before, star, after = pattern.partition("*")
    if not star:
        return name == pattern
    rest = name.removeprefix(before)
    return name.startswith(before) and rest.endswith(after) and "/" not in rest.removesuffix(after)


def layouts_in(declared: Declared) -> tuple[Layout | SubObject, ...]:
    """Those that are read together; of a single one itself."""
    return declared.layouts if isinstance(declared, Generations) else (declared,)


def within(declared: Declared, folder: str) -> Declared:
    """The same layout in a subfolder."""
    if isinstance(declared, Generations):
        return Generations(tuple(_moved(layout, folder) for layout in declared.layouts))
    return declared if isinstance(declared, SubObject) else _moved(declared, folder)


def _moved(layout: Layout, folder: str) -> Layout:
    moved: Layout = replace(layout, file=f"{folder}/{layout.file}")  # type: ignore[type-var]
    return moved


def sources(collections: Sequence[Collection]) -> dict[str, Source]:
    """By name: every source that these collections lie in."""
    groups: list[list[Home]] = []
    for collection in collections:
        for declared in collection.layouts:
            layouts = [layout for layout in layouts_in(declared) if isinstance(layout, Layout)]
            if layouts:
                _join(groups, [_home(collection, layout, collections) for layout in layouts])
    found = [Source(" + ".join(dict.fromkeys(h.layout.pattern for h in group)), tuple(group)) for group in groups]
    return {source.name: source for source in found}


def _home(collection: Collection, layout: Layout, collections: Sequence[Collection]) -> Home:
    children = tuple(
        (other, inner.name)
        for other in collections
        for inner in other.layouts
        if isinstance(inner, SubObject) and inner.of == collection.name
    )
    return Home(collection, layout, children)


def _join(groups: list[list[Home]], homes: list[Home]) -> None:
    """Add homes to the group that they share a file with, joining groups as need be."""
    patterns = {home.layout.pattern for home in homes}
    shared = [group for group in groups if patterns & {home.layout.pattern for home in group}]
    for group in shared:
        groups.remove(group)
    groups.append([home for group in shared for home in group] + homes)


def _expect(scanner: Scanner, char: str, section: str | None, kind: str) -> None:
    if scanner.peek() != char:
        scanner.fail(f"it is not {kind}" if section is None else f"{section!r} is not {kind}")
    scanner.section, scanner.count, scanner.key = section or "the file", 0, None
