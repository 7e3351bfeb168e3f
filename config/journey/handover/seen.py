"""What the handlers saw since somebody looked last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field

from config.journey.handover.notes import Begun, Ended, Note, Read


@dataclass
class Saw:
    """Of one component. refused: by the class of the error, for reads and writes; longest: seconds of one call."""

    reads: int = 0
    writes: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    kept: int = 0
    stale: int = 0
    longest: float = 0.0

    @property
    def operations(self) -> int:
        return self.reads + self.writes

    def __add__(self, other: Saw) -> Saw:
        return Saw(
            self.reads + other.reads,
            self.writes + other.writes,
            self.refused + other.refused,
            self.unknown + other.unknown,
            self.kept + other.kept,
            self.stale + other.stale,
            max(self.longest, other.longest),
        )

    def __str__(self) -> str:
        refusals = ", ".join(f"{count:,} {name}" for name, count in sorted(self.refused.items()))
        parts = [
            f"{self.operations:,} operations",
            f"{self.refused.total():,} refused{f' ({refusals})' if refusals else ''}",
            f"{self.stale:,} stale reads",
            f"longest wait {self.longest:.2f} s",
        ]
        parts += [f"{self.unknown:,} whose outcome nobody knows"] if self.unknown else []
        parts += [f"{self.kept:,} kept for the database"] if self.kept else []
        return ", ".join(parts)


@dataclass
class Seen:
    """By component. wrong: what no handler may see at all, in words."""

    components: dict[str, Saw] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def of(self, names: Container[str]) -> Saw:
        return sum((saw for name, saw in self.components.items() if name in names), Saw())

    @property
    def all(self) -> Saw:
        return sum(self.components.values(), Saw())


class Watcher:
    """Counts the notes, and keeps who wrote to what for its later ones."""

    def __init__(self) -> None:
        self._writing: dict[str, str] = {}  # the component of each write that has not ended
        self._seen = Seen()

    def take(self, note: Note) -> None:
        match note:
            case Begun():
                self._writing[note.token] = note.component
            case Read():
                self._read(self._of(note.component), note)
            case Ended():
                self._ended(self._of(self._writing.pop(note.token)), note)

    def seen(self) -> Seen:
        """Since the last time."""
        found, self._seen = self._seen, Seen()
        return found

    def _of(self, component: str) -> Saw:
        return self._seen.components.setdefault(component, Saw())

    def _read(self, saw: Saw, note: Read) -> None:
        saw.reads += 1
        saw.stale += note.stale
        saw.longest = max(saw.longest, note.seconds)
        if note.error:
            saw.refused[note.error] += 1
        if note.old:
            self._seen.wrong.append(f"A read of {note.component} lacked {note.old}, which had been acknowledged.")
        self._odd(note.component, note)

    def _ended(self, saw: Saw, note: Ended) -> None:
        saw.writes += 1
        saw.longest = max(saw.longest, note.seconds)
        saw.unknown += note.outcome == "unknown"
        saw.kept += note.outcome == "kept"
        if note.outcome == "refused":
            saw.refused[note.error] += 1
        self._odd(note.token, note)

    def _odd(self, what: str, note: Read | Ended) -> None:
        if note.undeclared:
            self._seen.wrong.append(f"{what} met an error that nobody declared: {note.error}: {note.undeclared}")
