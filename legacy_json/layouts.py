"""How a component's records lie in the legacy files.

A layout is small, declared in the component's app, and names the file, or the pattern of files, that
it is part of; several may share a file, which is then read once. Each says which of two records
with one key the bot itself would use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from legacy_json.keys import Key, KeyType
from legacy_json.kinds import Entries, FolderOf, Layout, ListOf, ObjectOf, SequenceOf, SingleOf, Wins

__all__ = [
    "Collection", "Declared", "Entries", "FolderOf", "Generations", "Home", "Key", "Layout", "ListOf", "ObjectOf",
    "SequenceOf", "SingleOf", "Source", "SubObject", "Wins", "fits", "in_another_folder", "layouts_in", "sources",
    "within",
]  # fmt: skip


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

    def is_older(self, one: str, other: str) -> bool:
        """Whether files of the one pattern are an older generation of those of the other."""
        return any(
            one in (patterns := [layout.pattern for layout in declared.layouts])
            and other in patterns[patterns.index(one) + 1 :]
            and other != one
            for home in self.homes
            for declared in home.collection.layouts
            if isinstance(declared, Generations)
        )

    def homes_in(self, pattern: str) -> list[Home]:
        return [home for home in self.homes if home.layout.pattern == pattern]


def fits(name: str, pattern: str) -> bool:
    """Whether a file of this name belongs to the pattern."""
    before, star, after = pattern.partition("*")
    if not star:
        return name == pattern
    rest = name.removeprefix(before)
    return name.startswith(before) and rest.endswith(after) and "/" not in rest.removesuffix(after)


def in_another_folder(name: str, pattern: str) -> bool:
    """Whether a file of this name would belong to the pattern, if its declared folder lay elsewhere."""
    parts, wanted = name.split("/"), pattern.split("/")
    tails = ((parts[-count:], wanted[-count:]) for count in range(1, min(len(parts), len(wanted)) + 1))
    return any(not end[0].startswith("*") and fits("/".join(one), "/".join(end)) for one, end in tails)


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
