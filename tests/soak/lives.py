"""One key's lives: from a creation to a deletion each, with what was seen of them and by when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.soak.history import Ended, Key, Read, Seen, Started
from tests.soak.states import State, parse

NEVER = 1 << 62  # nanoseconds: no soak lasts so long


@dataclass(frozen=True, slots=True)
class Operation:
    """A write as it concerns one key. ended: NEVER for one whose end nobody knows. seen: as in Ended."""

    token: str
    kind: str
    began: int
    ended: int
    outcome: str
    error: str = ""
    seen: Seen | None = None
    keys: tuple[Key, ...] = ()

    @property
    def deletes(self) -> bool:
        return self.kind == "delete"

    @property
    def may_have_happened(self) -> bool:
        return self.outcome != "refused"

    @property
    def state(self) -> State | None:
        return None if self.seen is None or self.seen.text is None else parse(self.seen.text)


@dataclass(frozen=True, slots=True)
class Sight:
    """Somebody was given the record, or None of it. by: the write whose own result it is, if it is one's."""

    began: int
    ended: int
    state: State | None
    version: int
    stale: bool = False
    final: bool = False
    by: Operation | None = None


@dataclass(slots=True)
class Past:
    """All that is known of one key."""

    component: str
    key: Key
    operations: dict[str, Operation] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)


@dataclass(slots=True)
class Life:
    """sights: in the order of their ends. places: who made the n-th change."""

    born: str
    sights: list[Sight] = field(default_factory=list)
    places: dict[int, str] = field(default_factory=dict)

    @property
    def seen_by(self) -> int:
        """When it was there for certain."""
        return self.sights[0].ended

    @property
    def last(self) -> int:
        return max(self.places)


class Pasts(dict[tuple[str, Key], Past]):
    """By component and key, filled from the histories of all processes."""

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, Started] = {}

    def __missing__(self, at: tuple[str, Key]) -> Past:
        self[at] = Past(*at)
        return self[at]

    def started(self, event: Started) -> None:
        self._open[event.token] = event

    def ended(self, event: Ended) -> None:
        self._add(self._open.pop(event.token), event)

    def unfinished(self) -> int:
        """Whose process was killed: what became of it nobody knows. Returns how many."""
        for event in self._open.values():
            self._add(event, None)
        return len(self._open)

    def read(self, event: Read) -> None:
        for seen in event.seen:
            state = None if seen.text is None else parse(seen.text)
            sight = Sight(event.began, event.ended, state, seen.version, event.stale, event.final)
            self[event.component, seen.key].sights.append(sight)

    def _add(self, start: Started, end: Ended | None) -> None:
        found = {seen.key: seen for seen in end.seen} if end else {}
        for key in start.keys:
            operation = Operation(
                start.token,
                start.kind,
                start.at,
                end.at if end and end.outcome != "unknown" else NEVER,
                _outcome(start, end, found, key),
                end.error if end else "killed",
                found.get(key),
                tuple(start.keys),
            )
            past = self[start.component, key]
            past.operations[start.token] = operation
            past.sights += _sights(operation)


def _outcome(start: Started, end: Ended | None, found: dict[Key, Seen], key: Key) -> str:
    if end is None:
        return "unknown"
    if start.kind == "several" and key not in found:
        return "refused"  # a statement that found no such row
    if start.kind == "delete" and end.error == "" and end.outcome == "acknowledged" and end.seen == []:
        return "acknowledged"
    return end.outcome


def _sights(operation: Operation) -> Iterable[Sight]:
    if operation.seen is not None and operation.outcome == "acknowledged":
        state = operation.state
        yield Sight(operation.began, operation.ended, state, operation.seen.version, by=operation)
    elif operation.error == "NotThere" and operation.outcome == "refused" and len(operation.keys) == 1:
        yield Sight(operation.began, operation.ended, None, -1)


def lives(past: Past) -> dict[str, Life]:
    """By the token of the creation."""
    found: dict[str, Life] = {}
    for sight in sorted((sight for sight in past.sights if sight.state), key=lambda sight: sight.ended):
        assert sight.state is not None
        found.setdefault(sight.state.born, Life(sight.state.born)).sights.append(sight)
    return found
