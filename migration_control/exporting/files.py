"""Which files a store's records make in a layout, and what each of them holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from legacy_json.contents import Content, ContentsOf, unwrapped, usual, with_member, write
from legacy_json.keys import BadKey, Key
from legacy_json.layouts import Collection, Home, Source
from legacy_json.places import Places
from legacy_json.rendering.style import Style
from migration_control import components
from migration_control.exporting.folder import Folder
from migration_control.exporting.origins import Exported, Origin

LeftOut = Callable[[str, Key, str], None]  # component, key, why
Done = Callable[[str], None]  # a record of the component is written


class File(NamedTuple):
    name: str
    homes: Sequence[Home]
    contents: ContentsOf


class Files:
    """Of one source. left_out, done: told of each record."""

    def __init__(self, origin: Origin, places: Places, source: Source, left_out: LeftOut, done: Done) -> None:
        self._origin, self._places, self._source = origin, places, source
        self._left_out, self._done = left_out, done

    def write(self, folder: Folder) -> None:
        """Raises FileUnwritable."""
        for pattern in self._source.patterns:
            homes = self._source.homes_in(pattern)
            if "*" in pattern and any(map(self._is_expected, homes)):
                folder.folder(pattern.rpartition("/")[0])  # its absence would be taken for a wrong mount
            for name, of, contents in self._many(homes) if "*" in pattern else self._one(pattern, homes):
                with folder.file(name) as stream:
                    write(stream, Style(), usual(of), of, contents)

    def _one(self, name: str, homes: list[Home]) -> Iterator[File]:
        if not any(self._is_expected(home) or self._has(home) for home in homes):
            return
        yield File(name, homes, lambda home: self._contents(home, self._mine(home)))

    def _many(self, homes: list[Home]) -> Iterator[File]:
        (home,) = homes  # no component lies in sections of many files beside another
        for name, records in groupby(self._mine(home), key=lambda record: home.layout.file_of(record.key)):
            yield self._file(name, homes, records)

    def _file(self, name: str, homes: list[Home], records: Iterable[Exported]) -> File:
        return File(name, homes, lambda home: self._contents(home, records))

    def _is_expected(self, home: Home) -> bool:
        """Whether a reader would miss the file."""
        return not home.layout.optional and home == self._places.homes_of(home.collection)[-1]

    def _has(self, home: Home) -> bool:
        return next(self._mine(home, tell=False), None) is not None

    def _mine(self, home: Home, *, tell: bool = True) -> Iterator[Exported]:
        """The records that lie there, in key order."""
        collection, layout = home.collection, home.layout
        component = components.get(collection.name)
        low, high = (None if layout.has_many_files else layout.span(layout.pattern, collection.key)) or (None, None)
        for record in self._origin.records(component, low, high):
            place = self._places.of(collection, record.key)
            if place.home != home:
                continue
            try:
                place.file_of(record.key)
            except BadKey as error:
                if tell:
                    self._left_out(collection.name, record.key, str(error))
                continue
            yield record

    def _contents(self, home: Home, records: Iterable[Exported]) -> Iterator[Content]:
        inside = [_Inside(self, child, member) for child, member in home.children]
        wrap = home.layout.wrap
        for record in records:
            document = record.document
            for each in inside:
                document = each.put_into(record.key, document)
            if wrap is not None:
                document = unwrapped(document, wrap)
            self._done(home.collection.name)
            yield Content(0, str(record.key), document)
        for each in inside:
            each.finish()

    def records_of(self, collection: Collection) -> Iterator[Exported]:
        return self._origin.records(components.get(collection.name))

    def placed(self, component: str) -> None:
        self._done(component)

    def orphan(self, component: str, key: Key) -> None:
        self._left_out(component, key, "the record that it lies in is not there")


class _Inside:
    """The records of a component that lie in another one's, which go by beside them in the same order."""

    def __init__(self, files: Files, collection: Collection, member: str) -> None:
        self._files, self._name, self._member = files, collection.name, member
        self._records = files.records_of(collection)
        self._next = next(self._records, None)

    def put_into(self, key: Key, document: bytes) -> bytes:
        self._pass_over(key)
        found = self._next
        if found is None or found.key != key:
            return document
        self._next = next(self._records, None)
        if not document.startswith(b"{"):
            self._files.orphan(self._name, key)
            return document
        self._files.placed(self._name)
        return with_member(document, self._member, found.document)

    def finish(self) -> None:
        self._pass_over(None)

    def _pass_over(self, key: Key | None) -> None:
        """Those before the key; all that are left, if there is none."""
        while self._next is not None and (key is None or self._next.key < key):  # type: ignore[operator]
            self._files.orphan(self._name, self._next.key)
            self._next = next(self._records, None)
