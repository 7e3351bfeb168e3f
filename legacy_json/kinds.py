"""The kinds of files that records lie in: where they stand, what their keys are, and which of two with one key wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from legacy_json.keys import BadKey, Key, KeyType, as_key
from legacy_json.positions import Known, is_positioned, numbered, position_of, span_of
from legacy_json.scan import Scanner
from legacy_json.stretch import Stretch

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

    def misfit(self, key: Key, kind: KeyType, document: Mapping[str, object]) -> str | None:
        """Why this document, once it stands in the file, would not be the record of that key; None if it would."""
        return None

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

    def misfit(self, key: Key, kind: KeyType, document: Mapping[str, object]) -> str | None:
        if self.key not in document:
            return f"has no {self.key}"
        named = document[self.key]
        try:
            same = as_key(named, kind, text_is_normal=False)[0] == key
        except BadKey:
            same = False
        return None if same else f"has the {self.key} {named!r}"

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
    ours: bool = False
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


def _expect(scanner: Scanner, char: str, section: str | None, kind: str) -> None:
    if scanner.peek() != char:
        scanner.fail(f"it is not {kind}" if section is None else f"{section!r} is not {kind}")
    scanner.section, scanner.count, scanner.key = section or "the file", 0, None
