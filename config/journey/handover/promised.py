"""What the notes of all processes promise of each component's records."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from config.journey.handover.notes import Begun, Ended, Note
from legacy_json.keys import Key


@dataclass
class Promised:
    """Of one component. acknowledged: by token, the keys that each wrote; none of what was kept for the database.

    deleted: keys of acknowledged deletions; perhaps: of those that nobody knows the outcome of.
    """

    acknowledged: dict[str, list[Key]] = field(default_factory=dict)
    deleted: dict[Key, str] = field(default_factory=dict)
    perhaps: set[Key] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    @property
    def keys(self) -> list[Key]:
        """That anybody wrote to."""
        named = {key for keys in self.acknowledged.values() for key in keys}
        return sorted(named | self.deleted.keys() | self.perhaps, key=str)

    @property
    def count(self) -> int:
        """Of the writes that were acknowledged."""
        return len(self.acknowledged) + len(self.deleted)


class Promises:
    """By component, from the notes of all processes."""

    def __init__(self) -> None:
        self._open: dict[str, Begun] = {}
        self._components: dict[str, Promised] = defaultdict(Promised)

    def take(self, note: Note) -> None:
        if isinstance(note, Begun):
            self._open[note.token] = note
        elif isinstance(note, Ended):
            self._ended(self._open.pop(note.token), note)

    def _ended(self, begun: Begun, note: Ended) -> None:
        promised = self._components[begun.component]
        if note.outcome in ("acknowledged", "kept"):
            if begun.kind == "delete":
                promised.deleted[begun.keys[0]] = note.token
            else:
                promised.acknowledged[note.token] = list(note.keys)
        elif note.outcome == "refused":
            promised.refused.add(note.token)
        else:
            self._left_open(begun)

    @property
    def count(self) -> int:
        """Of the writes that were acknowledged so far."""
        return sum(promised.count for promised in self._components.values())

    def all(self) -> dict[str, Promised]:
        """Once no process goes on: what has not ended was cut off, and nobody knows what became of it."""
        for begun in self._open.values():
            self._left_open(begun)
        self._open.clear()
        return self._components

    def _left_open(self, begun: Begun) -> None:
        promised = self._components[begun.component]
        promised.unknown.add(begun.token)
        if begun.kind == "delete":
            promised.perhaps.update(begun.keys)
