"""What a history must not show, looked for key by key."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from tests.soak.history import Key
from tests.soak.lives import NEVER, Life, Operation, Past, Pasts, Sight, lives


class Violation(NamedTuple):
    """kind: as in KINDS. tokens: of the writes concerned; at: about when."""

    kind: str
    component: str
    key: Key
    what: str
    tokens: tuple[str, ...] = ()
    at: int = 0


KINDS = {
    "lost": "an acknowledged write is not there at the end",
    "old": "a read gave less than what had been acknowledged, or read, before it began",
    "overwritten": "two writes made the same change of a record: one of them is gone",
    "twice": "one write was applied twice",
    "revived": "a record that was deleted is there without a new creation",
    "refused": "a write that was refused took effect",
    "nobody": "a change that nobody made",
    "half": "of two records of one write one changed",
    "version": "versions and changes contradict each other",
    "stores": "both stores differ when all has settled",
    "authority": "two authorities, or a history of moves that contradicts itself",
    "alarm": "a store was said to be another's, or restored from a backup, and none was",
    "file": "a rendered file does not parse",
}


def check(pasts: Pasts) -> Iterator[Violation]:
    placed: dict[str, dict[Key, bool]] = defaultdict(dict)  # by token: of each key whether it is there
    for past in pasts.values():
        yield from _Key(past).check(placed)
    yield from _halves(pasts, placed)


class _Key:
    def __init__(self, past: Past) -> None:
        self.past = past
        self.lives = lives(past)
        self.deletes = [o for o in past.operations.values() if o.deletes and o.may_have_happened]
        self.creates = [o for o in past.operations.values() if o.kind == "create" and o.outcome == "acknowledged"]

    def check(self, placed: dict[str, dict[Key, bool]]) -> Iterator[Violation]:
        whole = True
        for life in self.lives.values():
            yield from self._place(life)
            missing = [n for n in range(1, life.last + 1) if n not in life.places]
            whole = whole and not missing
            yield from self._unmade(life, missing)
        yield from self._tokens(placed, whole=whole)
        yield from self._versions()
        for life in self.lives.values():
            yield from self._old(life)
            yield from self._revived(life)
        yield from self._absent()

    def _violation(self, kind: str, what: str, *tokens: str, at: int = 0) -> Violation:
        return Violation(kind, self.past.component, self.past.key, what, tokens, at)

    # Which write made which change

    def _place(self, life: Life) -> Iterator[Violation]:
        for sight in life.sights:
            assert sight.state is not None
            for back, token in enumerate(reversed(sight.state.tail)):
                at = sight.state.changes - back
                other = life.places.setdefault(at, token)
                if other != token:
                    what = f"change {at} of {life.born} was made by {other}, and by {token}"
                    yield self._violation("overwritten", what, other, token, at=sight.ended)

    def _unmade(self, life: Life, missing: list[int]) -> Iterator[Violation]:
        """Changes that nobody has seen the maker of must be those of writes that ended unknown."""
        known = {token for life in self.lives.values() for token in life.places.values()}
        unknown = [o for o in self.past.operations.values() if o.outcome == "unknown" and o.token not in known]
        if len(missing) > len(unknown):
            yield self._violation("nobody", f"changes {missing} of {life.born} were made by nobody", life.born)

    def _tokens(self, placed: dict[str, dict[Key, bool]], *, whole: bool) -> Iterator[Violation]:
        where: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for life in self.lives.values():
            for at, token in life.places.items():
                where[token].append((life.born, at))
        for token, places in where.items():
            operation = self.past.operations.get(token)
            if operation is None:
                yield self._violation("nobody", f"{token}, which was not writing this, made change {places}", token)
            elif operation.outcome == "refused":
                what = f"{token} was refused ({operation.error}), and made change {places}"
                yield self._violation("refused", what, token, at=operation.ended)
            if len(places) > 1:
                yield self._violation("twice", f"{token} made the changes {places}", token)
        for token, operation in self.past.operations.items():
            if operation.kind == "pair":
                placed[token][self.past.key] = token in where or not whole

    def _versions(self) -> Iterator[Violation]:
        """One version has one state, and later ones have later states."""
        known: dict[int, Sight] = {}
        for sight in self.past.sights:
            if sight.state is None or sight.version < 0:
                continue
            other = known.setdefault(sight.version, sight)
            assert other.state is not None
            if other.state[:2] != sight.state[:2]:
                what = f"version {sight.version} was {other.state} and {sight.state}"
                yield self._violation("version", what, sight.state.tail[-1], other.state.tail[-1], at=sight.ended)
        counts: dict[str, int] = {}
        latest = ""
        for version in sorted(known):
            state = known[version].state
            assert state is not None
            back = state.changes < counts.get(state.born, 0)
            if back or (state.born in counts and latest != state.born):
                what = f"version {version} is {state}, after what came later"
                yield self._violation("version", what, state.tail[-1], at=known[version].ended)
            counts[state.born], latest = state.changes, state.born

    # What must have been seen

    def _old(self, life: Life) -> Iterator[Violation]:
        ends = [sight.ended for sight in life.sights]
        most = list(accumulate((s.state.changes for s in life.sights if s.state), max))
        for sight in life.sights:
            before = bisect_left(ends, sight.began)
            assert sight.state is not None
            if sight.stale or not before or sight.state.changes >= most[before - 1]:
                continue
            there = most[before - 1]
            lost = tuple(life.places.get(n, "?") for n in range(sight.state.changes + 1, there + 1))
            what = f"change {there} of {life.born} was there, and then only {sight.state}"
            yield self._violation("lost" if sight.final else "old", what, *lost, at=sight.began)

    def _revived(self, life: Life) -> Iterator[Violation]:
        over, why = self._end(life)
        for sight in life.sights:
            if sight.began > over and not sight.stale and sight.by is not why:
                assert sight.state is not None
                what = f"{life.born} was there again ({sight.state}) after {why.token if why else ''}"
                yield self._violation("revived", what, life.born, why.token if why else "", at=sight.began)
                return
        for delete in self.deletes:
            state = delete.state
            if delete.outcome == "acknowledged" and state and state.born == life.born and state.changes < life.last:
                lost = tuple(life.places.get(n, "?") for n in range(state.changes + 1, life.last + 1))
                what = f"{delete.token} deleted {state}, but there were {life.last} changes"
                yield self._violation("lost", what, delete.token, *lost, at=delete.began)

    def _end(self, life: Life) -> tuple[int, Operation | None]:
        """By when it is over for certain, and by which acknowledged write."""
        over, why = NEVER, None
        for other in (*self.deletes, *self.creates):
            if other.outcome != "acknowledged" or other.token == life.born or other.ended >= over:
                continue
            state = other.state
            exactly = other.deletes and state is not None and state.born == life.born
            if exactly or life.seen_by < other.began:
                over, why = other.ended, other
        return over, why

    def _absent(self) -> Iterator[Violation]:
        gone: list[tuple[int, int, Sight | None]] = [
            (s.began, s.ended, s) for s in self.past.sights if s.state is None and not s.stale
        ]
        gone += [(o.began, o.ended, None) for o in self.creates]
        if not gone:
            return
        for life in self.lives.values():
            might = self._might_have_ended(life)
            for began, ended, sight in gone:
                if life.seen_by < began and ended < might:
                    final = sight is not None and sight.final
                    what = f"{life.born} was there, and then nothing, but nobody had deleted it"
                    tokens = (life.born, life.places[life.last])
                    yield self._violation("lost" if final else "old", what, *tokens, at=began)
                    break

    def _might_have_ended(self, life: Life) -> int:
        """The first moment at which it may have been deleted; NEVER if nobody tried."""
        own = self.past.operations.get(life.born)
        born = own.began if own else 0
        tries = (
            delete.began
            for delete in self.deletes
            if delete.ended > born and (delete.state is None or delete.state.born == life.born)
        )
        return min(tries, default=NEVER)


def _halves(pasts: Pasts, placed: dict[str, dict[Key, bool]]) -> Iterator[Violation]:
    for past in pasts.values():
        for token, operation in past.operations.items():
            there = placed.get(token, {})
            if operation.kind == "pair" and operation.outcome == "unknown" and operation.keys[0] == past.key:
                missing = [key for key in operation.keys if not there.get(key)]
                if 0 < len(missing) < len(operation.keys):
                    what = f"{token} changed one of {operation.keys}, but not {missing[0]!r}"
                    yield Violation("half", past.component, past.key, what, (token,), operation.began)
