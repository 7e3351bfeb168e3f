"""What the records of one section have in common, gathered one record at a time in bounded memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from legacy_json.keys import BadKey, Key, KeyType, as_key
from legacy_json.kinds import kind

GENERATIONS = 40  # groups of records with the same keys that are kept apart
NAMES = 200  # keys that are looked at; an object with more of them is a map, not a record
EXAMPLES = 10  # places kept of each defect
KEYS = 1_000_000  # among so many entries duplicates of keys are looked for
SAMPLE = 50  # entries before a key is chosen
DEFECTIVE = {"text with NUL", "text with lone surrogate", "integer over 64 bits"}


@dataclass(frozen=True, slots=True)
class Defect:
    """code and detail, with the places of the first few: (entry or None, byte or None)."""

    code: str
    detail: str
    places: tuple[tuple[int | None, int | None], ...]
    count: int


@dataclass(slots=True)
class Places:
    count: int = 0
    first: list[tuple[int | None, int | None]] = field(default_factory=list)

    def add(self, entry: int | None, byte: int | None) -> None:
        self.count += 1
        if len(self.first) < EXAMPLES:
            self.first.append((entry, byte))


class Profile:
    """One section. keyed: its entries' keys are names of the object, or of files, around them."""

    def __init__(self, name: str | None, *, keyed: bool) -> None:
        self.name, self.keyed = name, keyed
        self.entries = self.objects = 0
        self.generations: Counter[frozenset[str]] = Counter()
        self.kinds: dict[str, Counter[str]] = {}
        self.first_of_kind: dict[tuple[str, str], tuple[int, int | None]] = {}
        self.inner: dict[str, set[str]] = {}  # names inside the objects inside the records
        self.values: Counter[str] = Counter()  # kinds of the entries themselves
        self.key_name: str | None = None
        self.key_type: KeyType = int
        self._defects: dict[tuple[str, str], Places] = {}
        self._seen: set[Key] = set()
        self._early: list[tuple[object, int, int | None]] = []  # entries from before the key was chosen

    def add(self, value: object, key: object, entry: int, byte: int | None) -> None:
        """The next entry; key: the name that it stands under, if it does."""
        self.entries += 1
        self.values[kind(value)] += 1
        if not isinstance(value, dict):
            self.tell("not-an-object", kind(value), entry, byte)
            if self.keyed:
                self._look_at_key(key, entry, byte)
            return
        self.objects += 1
        names = frozenset(value) if len(value) <= NAMES else frozenset({f"(more than {NAMES} keys)"})
        if names in self.generations or len(self.generations) < GENERATIONS:
            self.generations[names] += 1
        else:
            self.generations[frozenset({"(other sets of keys)"})] += 1
        for name, inner in list(value.items())[:NAMES]:
            self._look_at(name, inner, entry, byte)
        if self.keyed:
            self._look_at_key(key, entry, byte)
        else:
            self._look_for_key(value, entry, byte)

    def tell(self, code: str, detail: str, entry: int | None, byte: int | None) -> None:
        """A defect at this place."""
        self._defects.setdefault((code, detail), Places()).add(entry, byte)

    def finish(self) -> None:
        """No entry follows."""
        if self.keyed:
            self._check_early()
        elif self.key_name is None:
            self._choose_key()

    def defects(self) -> list[Defect]:
        """Those told, and keys of odd kinds, by code."""
        found = dict(self._defects)
        for (name, odd), (entry, byte) in self.first_of_kind.items():
            if self.is_odd(name, odd):
                code = "unstorable-value" if odd in DEFECTIVE or odd == "not a number" else "odd-value"
                found[(code, f"{name}: {odd}")] = Places(self.kinds[name][odd], [(entry, byte)])
        return [Defect(code, detail, tuple(p.first), p.count) for (code, detail), p in sorted(found.items())]

    def is_odd(self, name: str, found: str) -> bool:
        """A kind that hardly any record has there, or that a database cannot hold."""
        kinds = self.kinds[name]
        if found in DEFECTIVE or found == "not a number":
            return True
        rest = sum(kinds.values()) - kinds["null"]
        texts = {"text", "number as text", "14-digit date", "time only", "date only", "local date", "date with zone"}
        commonest = kinds.most_common(1)[0][0] if kinds else found
        if found in {"null", "object"} or (commonest == "text" and found in texts):
            return False
        return rest >= 20 and kinds[found] * 20 <= rest

    # Keys

    def _look_for_key(self, value: dict[str, object], entry: int, byte: int | None) -> None:
        if self.key_name is None:
            self._early.append((value, entry, byte))
            if len(self._early) >= SAMPLE:
                self._choose_key()
        else:
            self._look_at_key(value.get(self.key_name), entry, byte)

    def _choose_key(self) -> None:
        """The name that reads like a key and whose values are whole and all different, or nearly."""
        early = [value for value, _, _ in self._early if isinstance(value, dict)]
        ranked = sorted(
            {name for value in early for name in list(value)[:NAMES]},
            key=lambda name: (*_key_rank(name, self.name), _position(early, name)),
        )
        for name in ranked:
            held = [value[name] for value in early if isinstance(value.get(name), str | int | float)]
            if held and len(held) >= 0.8 * len(early) and len(set(map(str, held))) >= 0.8 * len(held):
                self.key_name = name
                break
        if self.key_name is not None:
            self.key_type = _key_type([value.get(self.key_name) for value in early])
            for value, entry, byte in self._early:
                assert isinstance(value, dict)
                self._check_key(value.get(self.key_name), entry, byte)
        self._early.clear()

    def _look_at_key(self, found: object, entry: int, byte: int | None) -> None:
        if self.keyed and self._early is not None and self.entries <= SAMPLE:
            self._early.append((found, entry, byte))
            return
        self._check_early()
        self._check_key(found, entry, byte)

    def _check_early(self) -> None:
        if self.keyed and self._early:
            self.key_type = _key_type([found for found, _, _ in self._early])
            for found, entry, byte in self._early:
                self._check_key(found, entry, byte)
            self._early.clear()

    def _check_key(self, found: object, entry: int, byte: int | None) -> None:
        try:
            key, repaired = as_key(found, self.key_type, text_is_normal=self.keyed)
        except BadKey as error:
            self.tell("no-key", str(error), entry, byte)
            return
        if repaired:
            self.tell("key-repaired", kind(found), entry, byte)
        if key in self._seen:
            self.tell("duplicate-key", "an earlier entry has the same key", entry, byte)
        elif len(self._seen) < KEYS:
            self._seen.add(key)

    def _look_at(self, name: str, value: object, entry: int, byte: int | None) -> None:
        if name not in self.kinds and len(self.kinds) >= NAMES:
            return
        found = kind(value)
        self.kinds.setdefault(name, Counter())[found] += 1
        self.first_of_kind.setdefault((name, found), (entry, byte))
        if isinstance(value, dict):
            inside = self.inner.setdefault(name, set())
            if len(inside) < NAMES:
                inside.update(list(value)[:NAMES])


def _key_rank(name: str, section: str | None) -> tuple[bool, bool, bool]:
    """Sorted: <section without s>_id, then id, then something_id, then anything."""
    singular = (section or "").removesuffix("s")
    return name != f"{singular}_id", name != "id", not name.endswith("_id")


def _position(early: Sequence[dict[str, object]], name: str) -> int:
    return min(list(value).index(name) for value in early if name in value)


def _key_type(found: Sequence[object]) -> KeyType:
    """int if most of them can be whole numbers."""
    whole = 0
    for value in found:
        try:
            as_key(value, int, text_is_normal=True)
        except BadKey:
            continue
        whole += 1
    return int if 2 * whole >= len(found) else str


def shown_document(value: object) -> str:
    """A value in one line of JSON, cut at eighty characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
