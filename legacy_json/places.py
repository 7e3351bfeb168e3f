"""Where a record lies, or will lie: its source and its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from legacy_json.keys import BadKey, Key
from legacy_json.layouts import Collection, Home, SequenceOf, Source, sources
from legacy_json.positions import DIGITS, is_positioned

LONGEST_NAME = 200  # bytes; systems take 255, and a draft's name is longer than its file's


@dataclass(frozen=True)
class Place:
    """parent: the collection inside whose record this one's lie, if any."""

    source: Source
    home: Home
    parent: Collection | None

    def file_of(self, key: Key) -> str:
        """Raises BadKey for one that the files could not be read back with."""
        layout = self.home.layout
        try:
            name = layout.file_of(key)
        except ValueError as error:
            raise BadKey(str(error)) from error
        if isinstance(layout, SequenceOf) and not is_positioned(key):
            raise BadKey(f"{key!r} does not end in a position of {DIGITS} digits")
        if layout.has_many_files and not _is_plain(Path(name).name, layout.stem(name)):
            raise BadKey(f"no file of {layout.pattern} can be named {name!r}")
        return name


def _is_plain(name: str, stem: str) -> bool:
    """Whether a reader of the folder finds it there, and a renderer can write another beside it."""
    return bool(stem) and "/" not in stem and not name.startswith(".") and len(name.encode()) <= LONGEST_NAME


class Places:
    """Of every collection of an installation."""

    def __init__(self, collections: Sequence[Collection]) -> None:
        self.sources = sources(collections)
        self._places: dict[str, list[Place]] = {}
        for source in self.sources.values():
            for home in source.homes:
                self._add(home.collection, Place(source, home, None))
                for child, _ in home.children:
                    self._add(child, Place(source, home, home.collection))

    def _add(self, collection: Collection, place: Place) -> None:
        self._places.setdefault(collection.name, []).append(place)

    def of(self, collection: Collection, key: Key) -> Place:
        """Where a new record of that key goes: where the key says, or into the newest of the layouts."""
        places = self._places[collection.name]
        general = [place for place in places if place.home.layout.takes_any] or places
        return next((place for place in places if place.home.layout.names(key)), general[-1])

    def homes_of(self, collection: Collection) -> list[Home]:
        """None of what lies inside other records."""
        return [place.home for place in self._places[collection.name] if place.parent is None]

    def sources_of(self, collection: Collection) -> list[Source]:
        return list(dict.fromkeys(place.source for place in self._places[collection.name]))
