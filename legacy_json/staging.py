"""The entries of one source, sorted into records, findings and duplicates before anything is decided about them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from legacy_json.keys import LARGEST, SMALLEST, BadKey, Key, as_key
from legacy_json.layouts import Collection, Home
from legacy_json.records import Finding, Outcome, Phase, State
from legacy_json.scan import Stretch
from legacy_json.scratch import Scratch
from legacy_json.shelves import VALUES, Beaten
from legacy_json.texts import holdable

MANY = 200  # findings kept back until the second thread is given them
RAW_LIMIT = 1 << 20  # bytes of one entry kept with a finding

_LIVE = State.LIVE.value
_encode = msgspec.json.Encoder().encode
_unique = (str, int, float)
_unwritable = (UnicodeEncodeError, OverflowError, RecursionError)


class Pile:
    """A collection's entries on their way into the scratch database."""

    __slots__ = ("children", "collection", "entries", "lookups", "name", "unique", "values", "wins")

    def __init__(self, collection: Collection, home: Home) -> None:
        self.collection, self.name, self.unique = collection, collection.name, collection.unique
        self.wins = home.layout.wins
        self.children: list[tuple[Pile, str]] = []  # what lies inside its records, by its name there
        self.entries = 0  # counted here, apart from every row
        self.values: list[object] = []  # flat: key, state, odd, document, ordinal
        self.lookups: list[object] = []  # flat: name, value, key, ordinal

    def put(self, key: Key, value: dict[str, object], ordinal: int, *, odd: bool) -> None:
        """A live record."""
        for name in self.unique:
            held = value.get(name)
            if isinstance(held, _unique) and held != "" and not isinstance(held, bool):
                self.lookups += (name, as_lookup(held), key, ordinal)
        try:
            document = json.dumps(value).encode() if odd else _encode(value)
        except _unwritable:  # a lone surrogate
            odd, document = True, json.dumps(value).encode()
        self.values += (key, _LIVE, odd, document, ordinal)

    def put_quarantined(self, key: Key, raw: bytes, ordinal: int) -> None:
        """A key whose entry is no record."""
        self.values += (key, State.QUARANTINED.value, 1, raw, ordinal)

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


class Staging:
    """Takes the entries of each home in file order, and finds keys, sub-objects and duplicates among them."""

    def __init__(self, scratch: Scratch, source: str, homes: Sequence[Home]) -> None:
        self.scratch, self.source, self.homes = scratch, source, homes
        self.place = source  # the file at hand, for findings
        self._findings: list[Finding] = []
        self._piles: dict[str, Pile] = {}
        for home in homes:
            pile = self._piles[home.collection.name] = Pile(home.collection, home)
            for child, name in home.children:
                self._piles[child.name] = Pile(child, home)
                pile.children.append((self._piles[child.name], name))
        self._beaten: set[str] = set()  # components with duplicates
        self._writer = ThreadPoolExecutor(1, "staging")
        self._writing: Future[None] = self._writer.submit(scratch.open_thread)

    @property
    def entries(self) -> dict[str, int]:
        return {name: pile.entries for name, pile in self._piles.items()}

    def take(self, home: Home, found: Sequence[object], stretch: Stretch) -> None:
        """The next entries of this home, with their keys as they were found."""
        pile = self._piles[home.collection.name]
        ordinal, pile.entries = pile.entries, pile.entries + len(found)
        if stretch.defects or home.collection.key is not int:
            for number, key in enumerate(found):
                self._sort(home, key, stretch, number, ordinal + number)
        else:
            for number, (key, value) in enumerate(zip(found, stretch.values, strict=True)):
                if type(key) is int and type(value) is dict and SMALLEST <= key <= LARGEST:
                    self._keep(pile, key, value, ordinal + number, odd=False)
                else:
                    self._sort(home, key, stretch, number, ordinal + number)
        if len(pile.values) >= VALUES or len(self._findings) >= MANY:
            self._hand_over()

    def note(self, home: Home, code: str, detail: str) -> None:
        """A defect of the file itself, over which it could be read."""
        self._findings.append(
            Finding(home.collection.name, None, self.place, None, Phase.READING, Outcome.REPAIRED, code, detail, None)
        )

    def finish(self) -> None:
        """Everything is in: settle what depends on the whole."""
        self._hand_over(all=True)
        self._writing.result()
        for home in self.homes:
            parent = home.collection.name
            if parent not in self._beaten:
                continue
            for child, _ in home.children:
                self._lost(child.name, self.scratch.drop_orphans(child.name, parent))
                self.scratch.drop_lookups_of_beaten(child.name)
            self.scratch.drop_lookups_of_beaten(parent)

    def close(self) -> None:
        """Stop the second thread; it must not use the connection after its owner has gone on."""
        self._writer.submit(self.scratch.close_thread)
        self._writer.shutdown(wait=True)

    # Sorting

    def _sort(self, home: Home, found: object, stretch: Stretch, number: int, ordinal: int) -> None:
        """An entry that is not plain."""
        of, value = home.collection, stretch.values[number]
        key: Key | None = None

        def tell(outcome: Outcome, code: str, detail: str) -> None:
            self._find(of, key, ordinal, outcome, code, detail, stretch.raw(number))

        try:
            key, repaired = as_key(found, of.key, text_is_normal=home.layout.text_keys)
        except BadKey as error:
            if isinstance(value, dict):
                tell(Outcome.QUARANTINED, "no-key", str(error))
                self._give_up_children(home, value, ordinal)
            else:
                tell(Outcome.QUARANTINED, "not-an-object", "it is not an object")
            return
        if repaired:
            tell(Outcome.REPAIRED, "key-repaired", repaired)
        for code, detail in stretch.defects:
            tell(*_told(code, detail))
        if isinstance(value, dict):
            self._keep(self._piles[of.name], key, value, ordinal, odd=bool(stretch.defects))
        else:
            tell(Outcome.QUARANTINED, "not-an-object", "it is not an object")
            self._piles[of.name].put_quarantined(key, stretch.raw(number), ordinal)

    def _keep(self, pile: Pile, key: Key, value: dict[str, object], ordinal: int, *, odd: bool) -> None:
        for child, name in pile.children:
            inner = value.get(name)
            if inner is None:
                continue
            del value[name]
            child.entries += 1
            if type(inner) is dict:
                child.put(key, inner, ordinal, odd=odd)
            else:
                raw = json.dumps(inner).encode()
                detail = f"{name!r} is not an object"
                self._find(child.collection, key, ordinal, Outcome.QUARANTINED, "not-an-object", detail, raw)
                child.put_quarantined(key, raw, ordinal)
        pile.put(key, value, ordinal, odd=odd)

    def _give_up_children(self, home: Home, value: dict[str, object], ordinal: int) -> None:
        for child, name in home.children:
            inner = value.get(name)
            if inner is not None:
                self._piles[child.name].entries += 1
                detail = f"the record that it lies in, of {home.collection.name}, has no usable key"
                raw = json.dumps(inner).encode()
                self._find(child, None, ordinal, Outcome.QUARANTINED, "no-key", detail, raw)

    def _find(
        self, of: Collection, key: Key | None, ordinal: int, outcome: Outcome, code: str, detail: str, raw: bytes
    ) -> None:
        place = (of.name, key, self.place, ordinal)
        self._findings.append(Finding(*place, Phase.READING, outcome, code, detail, raw[:RAW_LIMIT]))

    # Storing, by the second thread

    def _hand_over(self, *, all: bool = False) -> None:
        self._writing.result()
        taken = [pile.taken(all=all) for pile in self._piles.values()]
        findings, self._findings = self._findings, []
        self._writing = self._writer.submit(self._store, taken, findings)

    def _store(self, taken: Sequence[Taken], findings: Sequence[Finding]) -> None:
        self.scratch.add_findings(findings)
        for pile, values, lookups in taken:
            self._lost(pile.name, self.scratch.add(pile.name, pile.wins, values))
            self.scratch.add_lookups(pile.name, lookups)

    def _lost(self, component: str, beaten: Sequence[Beaten]) -> None:
        """Entries beside the live one. What was quarantined before has its finding already."""
        if not beaten:
            return
        self._beaten.add(component)
        self.scratch.add_findings(
            Finding(
                component, entry.key, self.source, entry.ordinal, Phase.READING, Outcome.QUARANTINED, "duplicate-key",
                f"entry {entry.winner} has the same key, and is the one that the bot reads", entry.document[:RAW_LIMIT],
            )
            for entry in beaten
            if entry.state is State.LIVE
        )  # fmt: skip


def as_lookup(held: str | int | float) -> str:
    """A unique value as the database will have it: the mapping makes texts of numbers too."""
    return holdable(str(held))[0]


def _told(code: str, detail: str) -> tuple[Outcome, str, str]:
    if code == "duplicate-name":
        text = f"{detail} stands there more than once; the last one counts, as the bot reads it"
        return Outcome.REPAIRED, code, text
    return Outcome.REPORTED, code, f"{detail} is not a number that JSON or a database knows"
