"""What the entries of one section have in common, gathered one at a time in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from legacy_json.inspection.keying import Keying
from legacy_json.inspection.kinds import kind
from legacy_json.inspection.places import Defect, Defects, Place
from legacy_json.scan import Defect as Found

GROUPS = 50  # sets of keys that are told apart
NAMES = 200  # members that are looked at; what has more of them is a map, not a record
RARE = 20  # one value in so many is odd
UNSTORABLE = {"text with NUL", "text with lone surrogate", "integer over 64 bits", "not a number"}
DATES = {"local date", "date with zone", "date only", "time only", "14-digit date"}


class Profile:
    """One section. named: its entries' keys are the names that they stand under."""

    def __init__(self, section: str | None, *, named: bool) -> None:
        self.section, self.named = section, named
        self.entries = 0
        self.groups: Counter[frozenset[str]] = Counter()  # by the names of their members
        self.more_groups = 0
        self.inside: dict[str, set[str]] = {}  # names inside the objects that are members
        self._values: dict[str, Defect] = {}  # the entries themselves, by kind
        self._members: dict[str, dict[str, Defect]] = {}  # by name, by kind
        self._defects = Defects()
        self.keying = Keying(section, self._defects, named=named)

    @property
    def objects(self) -> int:
        return self._values["object"].count if "object" in self._values else 0

    def kinds(self, member: str) -> dict[str, int]:
        """How often the member is of each kind, the commonest first."""
        found = {name: seen.count for name, seen in self._members[member].items()}
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def members(self) -> list[str]:
        return list(self._members)

    def add(self, value: object, name: str | None, place: Place, found: Sequence[Found] = ()) -> None:
        """The next entry; name: that it stands under. found: what the scanner had to say."""
        self.entries += 1
        _count(self._values, "not-an-object", kind(value), f"the entry is no object: {kind(value)}", place)
        for code, detail in found:
            self._defects.tell(code, detail, place)
        if isinstance(value, dict):
            self._group(value)
            for member, inner in list(value.items())[:NAMES]:
                self._look(member, inner, place)
        if self.named:
            self.keying.add(name, place)
        elif isinstance(value, dict):
            self.keying.add(value, place)

    def tell(self, code: str, detail: str, place: Place) -> None:
        """A defect that is not an entry's own."""
        self._defects.tell(code, detail, place)

    def finish(self) -> list[Defect]:
        """No entry follows. All its defects."""
        self.keying.finish()
        strangers = [seen for name, seen in self._values.items() if name != "object" and self.objects]
        odd = [
            seen
            for member, kinds in self._members.items()
            for name, seen in kinds.items()
            if self._is_odd(member, name)
        ]
        return self._defects.sorted() + strangers + odd

    def _group(self, value: dict[str, Any]) -> None:
        names = frozenset(value) if len(value) <= NAMES else None
        if names is not None and (names in self.groups or len(self.groups) < GROUPS):
            self.groups[names] += 1
        else:
            self.more_groups += 1

    def _look(self, member: str, value: object, place: Place) -> None:
        kinds = self._members.get(member)
        if kinds is None:
            if len(self._members) >= NAMES:
                return
            kinds = self._members[member] = {}
        found = kind(value)
        code = "unstorable-value" if found in UNSTORABLE else "odd-value"
        _count(kinds, code, found, f"{member} is {found}", place)
        if isinstance(value, dict):
            inside = self.inside.setdefault(member, set())
            if len(inside) <= NAMES:
                inside.update(list(value)[:NAMES])

    def _is_odd(self, member: str, found: str) -> bool:
        """A kind that hardly any record has there, or that a database cannot hold."""
        if found in UNSTORABLE:
            return True
        kinds = self.kinds(member)
        usual = next((name for name in kinds if name != "null"), "null")
        if found in {"null", usual} or (usual == "text" and found in DATES | {"number as text"}):
            return False
        return kinds[found] * RARE <= kinds[usual]


def _count(kinds: dict[str, Defect], code: str, found: str, detail: str, place: Place) -> None:
    seen = kinds.get(found)
    if seen is None:
        seen = kinds[found] = Defect(code, detail)
    seen.add(place)
