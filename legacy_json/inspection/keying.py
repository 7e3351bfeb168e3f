"""Which member of a section's records is their key, and of which type; then what is wrong with each key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from legacy_json.inspection.kinds import kind
from legacy_json.inspection.places import Defects, Place
from legacy_json.keys import BadKey, Key, KeyType, as_key

SAMPLE = 100  # entries before a key is chosen
REMEMBERED = 1_000_000  # keys among which duplicates are looked for


class Keying:
    """Looks at one key after the other. named: keys are names of an object or of files, not members of records."""

    def __init__(self, section: str | None, defects: Defects, *, named: bool) -> None:
        self.name: str | None = None
        self.type: KeyType = int
        self._section, self._defects, self._named = section, defects, named
        self._early: list[tuple[Any, Place]] | None = []
        self._seen: set[Key] = set()

    def add(self, found: Any, place: Place) -> None:
        """The next key, or the record that it is a member of."""
        if self._early is None:
            self._check(found, place)
            return
        self._early.append((found, place))
        if len(self._early) >= SAMPLE:
            self.finish()

    def finish(self) -> None:
        """Choose from what there is."""
        if self._early is None:
            return
        early, self._early = self._early, None
        if not self._named:
            self.name = _chosen([record for record, _ in early], self._section)
        self.type = _type_of([self._key(found) for found, _ in early])
        for found, place in early:
            self._check(found, place)

    def _key(self, found: Any) -> object:
        return found if self._named else found.get(self.name)

    def _check(self, found: Any, place: Place) -> None:
        if self.name is None and not self._named:
            return
        try:
            key, repaired = as_key(self._key(found), self.type, text_is_normal=self._named)
        except BadKey as error:
            self._defects.tell("no-key", str(error), place)
            return
        if repaired:
            self._defects.tell("key-repaired", f"its key is written as {kind(self._key(found))}", place)
        if key in self._seen:
            self._defects.tell("duplicate-key", "an earlier entry has the same key", place)
        elif len(self._seen) < REMEMBERED:
            self._seen.add(key)


def _chosen(early: Sequence[dict[str, Any]], section: str | None) -> str | None:
    """The name that reads like a key, and whose values are nearly all there, and nearly all different."""
    names = dict.fromkeys(name for record in early for name in record)
    for name in sorted(names, key=lambda name: _rank(name, section)):
        held = [str(record[name]) for record in early if isinstance(record.get(name), str | int | float)]
        if len(held) >= 0.8 * len(early) and len(set(held)) >= 0.8 * len(held):
            return name
    return None


def _rank(name: str, section: str | None) -> int:
    """Low for what reads like a key."""
    own = f"{(section or '').removesuffix('s')}_id"
    likely = [own, "id", "_id", "uuid", "key"]
    if name in likely:
        return likely.index(name)
    return len(likely) if name.endswith("_id") else len(likely) + 1


def _type_of(keys: Sequence[object]) -> KeyType:
    """int if most of them can be whole numbers."""
    whole = sum(map(_is_whole, keys))
    return int if 2 * whole >= len(keys) else str


def _is_whole(key: object) -> bool:
    try:
        as_key(key, int, text_is_normal=True)
    except BadKey:
        return False
    return True
