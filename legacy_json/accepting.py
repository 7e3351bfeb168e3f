"""Records of the database, taken over by the index while the database is the authority.

Each only if it is newer than what the index has; may be repeated and reordered. Nothing of it waits for the database,
which had it first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from legacy_json import effects
from legacy_json.documents import decoded, written
from legacy_json.effects import Effect
from legacy_json.errors import LegacyError
from legacy_json.fences import Fence, FenceState, fence, heard
from legacy_json.filing import Spot
from legacy_json.index import Index
from legacy_json.keys import Key, below
from legacy_json.layouts import Collection
from legacy_json.places import Places
from legacy_json.records import Record, State, supersedes
from legacy_json.unique import Lookups, Marked
from legacy_json.writing import Change, Writer


class JsonIsTheAuthority(LegacyError):
    """Nothing is copied to the authority."""

    def __init__(self, component: str, now: Fence) -> None:
        super().__init__(
            f"JSON is the authority for {component} (its fence is {now.state}, epoch {now.epoch}): nothing was copied"
            " to it."
        )


class Accepted(NamedTuple):
    """document: None of a tombstone. effects: some that were applied to it, which count whether it is newer or not."""

    key: Key
    version: int
    document: Mapping[str, object] | None
    duplicate: bool
    effects: Sequence[Effect] = ()


class PassedOver(NamedTuple):
    """Keys of copies that are not newer. older: the index has a newer version; different: the same one, which says
    something else.
    """

    older: list[Key]
    different: list[Key]


def accept(index: Index, places: Places, collection: Collection, copies: Sequence[Accepted]) -> PassedOver:
    """One commit of all that is newer.

    Raises JsonIsTheAuthority, ValueTaken (by a record that is not among them), Unholdable, NotItsKey, NotOurs,
    StoreBusy, IndexUnwritable.
    """
    with index.write(shown=False) as (connection, last):
        acceptor = _Acceptor(index, connection, places, last + 1)
        if sum([acceptor.accept(collection, copy) for copy in copies]):
            acceptor.finish()
            heard(connection, collection.name)
    return acceptor.passed_over


def accept_effects(index: Index, places: Places, collection: Collection, taken: Sequence[Effect]) -> None:
    """Effects that changed no record. Raises JsonIsTheAuthority, StoreBusy, IndexUnwritable."""
    with index.write(shown=False) as (connection, last):
        _Acceptor(index, connection, places, last + 1).accept_effects(collection, taken)


@dataclass(slots=True)
class _Copied(Change):
    duplicate: bool


class _Acceptor(Writer):
    """A writer with versions that were given elsewhere, and with no say of its own."""

    def __init__(self, index: Index, connection: sqlite3.Connection, places: Places, counter: int) -> None:
        super().__init__(index, connection, places, counter)
        self.passed_over = PassedOver([], [])

    def accept(self, collection: Collection, copy: Accepted) -> bool:
        self.accept_effects(collection, copy.effects)
        before = self._present.row(collection, copy.key)
        if below(copy.key, self._index.floor(collection.name)):
            return False
        if before is not None and not supersedes(copy.version, before.version):
            self._pass_over(copy, before)
            return False
        self._changes[collection.name, copy.key] = _Copied(
            collection, copy.key, before, copy.document, copy.version, copy.duplicate
        )
        return True

    def _pass_over(self, copy: Accepted, before: Record) -> None:
        if copy.version < before.version:
            self.passed_over.older.append(copy.key)
        elif not _is_same(copy, before):
            self.passed_over.different.append(copy.key)

    def accept_effects(self, collection: Collection, taken: Sequence[Effect]) -> None:
        self._check(collection)
        effects.accept(self._connection, collection.name, taken)

    def _check(self, collection: Collection) -> None:
        if collection.name not in self.fences:
            now = fence(self._connection, collection.name)
            # Not while committing either: a read that was sent to JSON before could meet half of an update of several.
            if now.state is not FenceState.CLOSED:
                raise JsonIsTheAuthority(collection.name, now)
            self.fences[collection.name] = now

    def _is_none(self, change: Change) -> bool:
        return False  # a tombstone's version counts also where nothing was

    def _spot(self, change: Change) -> Spot:
        if change.document is None and not change.was_there:
            return (0, 0) if change.before is None else (change.before.file, change.before.ordinal)
        return super()._spot(change)

    def _is_duplicate(self, change: Change, lookups: Lookups, spot: Spot) -> bool:
        del lookups, spot
        return isinstance(change, _Copied) and change.duplicate and change.document is not None

    def _wait(self, component: str, key: Key, confirmed: int) -> None:
        del confirmed
        self._connection.execute("DELETE FROM pending WHERE component = ? AND key = ?", (component, key))

    def _relieve(self, found: Marked) -> None:
        """Whether it is a duplicate the database says."""


def _is_same(copy: Accepted, before: Record) -> bool:
    if copy.document is None or before.state != State.LIVE:
        return copy.document is None and before.state != State.LIVE
    theirs: object = json.loads(written(copy.document)[1])
    return decoded(before.document, odd=bool(before.odd)) == theirs
