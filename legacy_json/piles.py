"""A collection's entries on their way from the reader to the scratch database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from legacy_json.documents import encoded
from legacy_json.keys import Key, below
from legacy_json.layouts import Collection, Wins
from legacy_json.records import State
from legacy_json.shelves import VALUES, WIDTH
from legacy_json.unique import lookups_of

_LIVE = State.LIVE.value


class Pile:
    """A collection's entries on their way into the scratch database."""

    __slots__ = ("children", "collection", "counts", "floor", "looked_up", "lookups", "name", "values", "wins")

    def __init__(self, collection: Collection, wins: Wins, floor: Key | None) -> None:
        self.collection, self.name, self.wins, self.floor = collection, collection.name, wins, floor
        self.looked_up = bool(collection.unique or collection.lookups)
        self.children: list[tuple[Pile, str]] = []  # what lies inside its records, by its name there
        self.counts: dict[int, int] = {}  # by file; counted here, apart from every row
        self.values: list[object] = []  # flat: key, state, odd, document, file, ordinal
        self.lookups: list[object] = []  # flat: name, value, key, file, ordinal

    def put(self, key: Key, value: dict[str, object], file: int, ordinal: int, *, odd: bool) -> None:
        """A live record, unless it lies below the floor."""
        if self.floor is not None and self.is_pruned(key):
            self.put_pruned(key, file, ordinal)
            return
        for name, held in lookups_of(self.collection, value) if self.looked_up else ():
            self.lookups += (name, held, key, file, ordinal)
        odd, document = encoded(value, odd=odd)
        self.values += (key, _LIVE, odd, document, file, ordinal)

    def put_all(self, keys: Sequence[Key], documents: Sequence[bytes], file: int, ordinal: int) -> None:
        """Live records that stand side by side, of a collection that needs no look at any of them."""
        count = len(keys)
        flat: list[object] = [_LIVE] * (WIDTH * count)
        # By columns: a fifth of the time that a loop takes.
        flat[::WIDTH] = keys
        flat[2::WIDTH] = [False] * count
        flat[3::WIDTH] = documents
        flat[4::WIDTH] = [file] * count
        flat[5::WIDTH] = range(ordinal, ordinal + count)
        self.values += flat

    def takes_all(self, keys: Sequence[object], *, ascending: bool) -> bool:
        """Whether the records of these keys are as good as documents."""
        if self.looked_up or self.children:
            return False
        return self.floor is None or (ascending and not self.is_pruned(str(keys[0])))

    def is_pruned(self, key: Key) -> bool:
        """Whether it lies below the floor."""
        return below(key, self.floor)

    def put_pruned(self, key: Key, file: int, ordinal: int) -> None:
        """A key of which nothing is kept, whatever its entry is."""
        self.values += (key, State.PRUNED.value, 0, b"", file, ordinal)

    def put_quarantined(self, key: Key, raw: bytes, file: int, ordinal: int) -> None:
        """A key whose entry is no record."""
        self.values += (key, State.QUARANTINED.value, 1, raw, file, ordinal)

    def taken(self, *, all: bool) -> Taken:
        """What it holds, which it then no longer does; else only as much as fills whole statements."""
        cut, cut_lookups = len(self.values), len(self.lookups)
        if not all:
            cut, cut_lookups = cut - cut % VALUES, cut_lookups - cut_lookups % VALUES
        taken = Taken(self, self.values[:cut], self.lookups[:cut_lookups])
        self.values, self.lookups = self.values[cut:], self.lookups[cut_lookups:]
        return taken


class Taken(NamedTuple):
    pile: Pile
    values: list[object]
    lookups: list[object]
