"""The entries of one source, sorted into records, findings and duplicates before anything is decided about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from legacy_json.keys import LARGEST, SMALLEST, BadKey, Key, are_plain, are_whole, as_key, as_numbers, encodes
from legacy_json.layouts import Collection, Home, SequenceOf, Source
from legacy_json.piles import Pile, Taken
from legacy_json.records import DUPLICATE_KEY, SUPERSEDED, Finding, Outcome, Phase, State
from legacy_json.scan import Stretch
from legacy_json.scratch import Scratch
from legacy_json.shelves import VALUES, Beaten

MANY = 200  # findings kept back until the second thread is given them
MUCH = 8 << 20  # bytes of entries kept back
RAW_LIMIT = 1 << 20  # bytes of one entry kept with a finding


class Staging:
    """Takes the entries of each home in file order, and finds keys, sub-objects and duplicates among them."""

    def __init__(self, scratch: Scratch, source: Source) -> None:
        self.scratch = scratch
        self._source, self._homes = source, source.homes
        self._names = {file.id: file.name for file in scratch.files}
        self._file = 0
        self._next: dict[int, int] = {}  # by the home's id: to hash a declaration takes longer than a small file
        self._findings: list[Finding] = []
        self._bytes = 0  # of entries that were not handed over yet
        self._piles: dict[str, Pile] = {}
        for home in source.homes:
            pile = self._pile(home.collection, home)
            pile.children = [(self._pile(child, home), name) for child, name in home.children]
        self._beaten: set[str] = set()  # components with duplicates
        self._writer = ThreadPoolExecutor(1, "staging")
        self._writing: Future[None] = self._writer.submit(scratch.open_thread)

    @property
    def counts(self) -> dict[str, dict[int, int]]:
        """How many entries each component has in each file."""
        return {name: pile.counts for name, pile in self._piles.items()}

    def begin(self, file: int) -> None:
        """What is taken from now on lies in this file."""
        self._file = file
        self._next = {}

    def take(self, home: Home, found: Sequence[object], stretch: Stretch) -> None:
        """The next entries of this home, with their keys as they were found."""
        pile, file = self._piles[home.collection.name], self._file
        ordinal = self._next.get(id(home), 0)
        self._next[id(home)] = ordinal + len(found)
        pile.counts[file] = pile.counts.get(file, 0) + len(found)
        if home.layout.text_keys and home.collection.key is int:
            found = as_numbers(found)
        wrap = home.layout.wrap
        values = stretch.values if wrap is None else [{wrap: value} for value in stretch.values]
        if stretch.defects or not _plain_keys(home, found):
            for number, (key, value) in enumerate(zip(found, values, strict=True)):
                self._sort(home, key, value, stretch, number, ordinal + number)
        elif (documents := _documents(home, pile, found, stretch)) is not None:
            pile.put_all(found, documents, file, ordinal)  # type: ignore[arg-type]
        else:
            texts = home.collection.key is str
            for number, (key, value) in enumerate(zip(found, values, strict=True)):
                whole = type(key) is int and SMALLEST <= key <= LARGEST and not texts
                if type(value) is dict and (whole or (texts and type(key) is str)):
                    self._keep(pile, key, value, ordinal + number, odd=False)  # type: ignore[arg-type]
                else:
                    self._sort(home, key, value, stretch, number, ordinal + number)
        self._bytes += stretch.size
        if len(pile.values) >= VALUES or len(self._findings) >= MANY or self._bytes >= MUCH:
            self._hand_over(all=self._bytes >= MUCH)

    def note(self, home: Home, code: str, detail: str) -> None:
        """A defect of the file itself, over which it could be read."""
        place = (home.collection.name, None, self._names[self._file], None)
        self._findings.append(Finding(*place, Phase.READING, Outcome.REPAIRED, code, detail, None))

    def finish(self) -> None:
        """Everything is in: settle what depends on the whole."""
        self._hand_over(all=True)
        self._writing.result()
        for home in self._homes:
            parent = home.collection.name
            if parent not in self._beaten:
                continue
            for child, _ in home.children:
                self._lost(child.name, self.scratch.drop_orphans(child.name, parent))
                self.scratch.drop_lookups_of_beaten(child.name)
            self.scratch.drop_lookups_of_beaten(parent)

    def lose_to(self, files: Iterable[int]) -> None:
        """After the end: records from these files of another source keep the keys that they have."""
        for component in self._piles:
            self._lost(component, self.scratch.drop_taken(component, files))
            self.scratch.drop_lookups_of_beaten(component)

    def close(self) -> None:
        """Stop the second thread; it must not use the connection after its owner has gone on."""
        self._writer.submit(self.scratch.close_thread)
        self._writer.shutdown(wait=True)

    def _pile(self, collection: Collection, home: Home) -> Pile:
        if collection.name not in self._piles:
            floor = self.scratch.floor(collection.name)
            self._piles[collection.name] = Pile(collection, home.layout.wins, floor)
        return self._piles[collection.name]

    # Sorting

    def _sort(self, home: Home, found: object, value: object, stretch: Stretch, number: int, ordinal: int) -> None:
        """An entry that is not plain."""
        of = home.collection
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
        pruned = self._piles[of.name].is_pruned(key)
        if repaired and not pruned:
            tell(Outcome.REPAIRED, "key-repaired", repaired)
        for code, detail in stretch.defects if not pruned else ():
            tell(*_told(code, detail))
        if pruned and not isinstance(value, dict):
            self._piles[of.name].put_pruned(key, self._file, ordinal)
        elif isinstance(value, dict):
            self._keep(self._piles[of.name], key, value, ordinal, odd=bool(stretch.defects))
        else:
            tell(Outcome.QUARANTINED, "not-an-object", "it is not an object")
            self._piles[of.name].put_quarantined(key, stretch.raw(number), self._file, ordinal)

    def _keep(self, pile: Pile, key: Key, value: dict[str, object], ordinal: int, *, odd: bool) -> None:
        for child, name in pile.children:
            inner = value.get(name)
            if inner is None:
                continue
            del value[name]
            child.counts[self._file] = child.counts.get(self._file, 0) + 1
            if type(inner) is dict:
                child.put(key, inner, self._file, ordinal, odd=odd)
            elif child.is_pruned(key):
                child.put_pruned(key, self._file, ordinal)
            else:
                raw = json.dumps(inner).encode()
                detail = f"{name!r} is not an object"
                self._find(child.collection, key, ordinal, Outcome.QUARANTINED, "not-an-object", detail, raw)
                child.put_quarantined(key, raw, self._file, ordinal)
        pile.put(key, value, self._file, ordinal, odd=odd)

    def _give_up_children(self, home: Home, value: dict[str, object], ordinal: int) -> None:
        for child, name in home.children:
            inner = value.get(name)
            if inner is not None:
                counts = self._piles[child.name].counts
                counts[self._file] = counts.get(self._file, 0) + 1
                detail = f"the record that it lies in, of {home.collection.name}, has no usable key"
                raw = json.dumps(inner).encode()
                self._find(child, None, ordinal, Outcome.QUARANTINED, "no-key", detail, raw)

    def _find(
        self, of: Collection, key: Key | None, ordinal: int, outcome: Outcome, code: str, detail: str, raw: bytes
    ) -> None:
        place = (of.name, key, self._names[self._file], ordinal)
        self._findings.append(Finding(*place, Phase.READING, outcome, code, detail, raw[:RAW_LIMIT]))

    # Storing, by the second thread

    def _hand_over(self, *, all: bool = False) -> None:
        self._writing.result()
        self._bytes = 0
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
        patterns = {file.id: file.pattern for file in self.scratch.files}
        for entry in beaten:
            if entry.state is State.QUARANTINED:
                continue
            outcome, code = Outcome.QUARANTINED, DUPLICATE_KEY
            if self._source.is_older(patterns[entry.file], patterns.get(entry.winner[0], "")):
                outcome, code = Outcome.REPORTED, SUPERSEDED
            detail = f"{self._told(entry)} has the same key, and is the one that the bot reads"
            place = (component, entry.key, self._names[entry.file], entry.ordinal)
            found = Finding(*place, Phase.READING, outcome, code, detail, entry.document[:RAW_LIMIT])
            self.scratch.add_findings([found])

    def _told(self, entry: Beaten) -> str:
        file, ordinal = entry.winner
        return f"entry {ordinal}" if file == entry.file else f"{self.scratch.index.file_name(file)}"


def _plain_keys(home: Home, found: Sequence[object]) -> bool:
    """Whether keys need no look each: numbers, or names that any database takes."""
    if home.collection.key is int:
        return True
    return encodes(str(found[0])) if _made_keys(home) and found else are_plain(found)


def _documents(home: Home, pile: Pile, found: Sequence[object], stretch: Stretch) -> list[bytes] | None:
    """Of entries with plain keys that are all good records as they stand; None if each needs a look."""
    made, wrap = _made_keys(home), home.layout.wrap
    if not pile.takes_all(found, ascending=made) or (wrap is None and set(map(type, stretch.values)) != {dict}):
        return None
    if home.collection.key is int and not are_whole(found):
        return None
    documents = stretch.documents
    if wrap is None or documents is None:
        return documents
    return [b'{"%b":%b}' % (wrap.encode(), document) for document in documents]


def _made_keys(home: Home) -> bool:
    """Whether the layout makes them, in ascending order."""
    return home.collection.key is str and isinstance(home.layout, SequenceOf)


def _told(code: str, detail: str) -> tuple[Outcome, str, str]:
    if code == "duplicate-name":
        text = f"{detail} stands there more than once; the last one counts, as the bot reads it"
        return Outcome.REPAIRED, code, text
    return Outcome.REPORTED, code, f"{detail} is not a number that JSON or a database knows"
