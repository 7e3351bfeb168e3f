"""An import: a batch is read from the index, and applied some time later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration_control.stages import Store
from tests.model.processes import DONE, At, Passing, Step
from tests.model.rules import Mistake, Rules
from tests.model.stores import copy_to_database, may_speak
from tests.model.world import NOBODY, Changes, World, present, put
from tests.model.writers import Acknowledging, acknowledge


@dataclass(frozen=True)
class Read(At):
    changes: Changes


@dataclass(frozen=True)
class Applying(At):
    changes: Changes


@dataclass(frozen=True)
class TombstonesSeen(At):
    """versions: of what was there, rows and tombstones."""

    changes: Changes
    versions: tuple[int, ...]


@dataclass(frozen=True)
class Importer(Passing):
    """keys: its batch. Looking for tombstones and inserting are two statements, which the apply lock holds together."""

    keys: tuple[int, ...] = (0,)

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        match at:
            case Read(changes):
                yield from self._lock(me, world, changes, rules)
            case Applying(changes):
                versions = tuple(world.database[change.key].version for change in changes)
                yield world, TombstonesSeen(changes, versions), "looks for tombstones"
            case TombstonesSeen(changes, versions):
                yield from self._insert(me, world, changes, versions, rules)
            case Acknowledging(changes, to):
                yield from acknowledge(world, changes, to, rules)
            case _:
                changes = tuple(change for change in present(world.json) if change.key in self.keys)
                yield world, Read(changes) if changes else DONE, "reads a batch from the index"

    def _lock(self, me: int, world: World, changes: Changes, rules: Rules) -> Iterator[Step]:
        alone = rules.keep(Mistake.NO_APPLY_LOCK)
        if not world.reachable or not may_speak(world, rules) or world.authority is not Store.JSON:
            yield world, DONE, "finds that JSON is not the authority, or that there is no database"
        elif world.exclusive == NOBODY and (world.applying == NOBODY or not alone):
            locked = world._replace(shared=world.shared | {me}, applying=me if alone else world.applying)
            yield locked, Applying(changes), "locks the apply"

    def _insert(
        self, me: int, world: World, changes: Changes, versions: tuple[int, ...], rules: Rules
    ) -> Iterator[Step]:
        if me not in world.shared:
            yield world, DONE, "has lost its session"
            return
        # A statement meets a row that came meanwhile, and compares again; a tombstone it does not meet.
        rows = world.database
        blind = {
            change.key: rows[change.key]._replace(version=seen)
            for change, seen in zip(changes, versions, strict=True)
            if change.value is not None and rows[change.key].value is None
        }
        copied = copy_to_database(world._replace(database=put(rows, blind)), changes, rules)
        if copied:
            untouched = {key: rows[key] for key in blind if copied.database[key].value is None}
            copied = copied._replace(database=put(copied.database, untouched))
            yield copied.release(me), Acknowledging(changes, Store.DATABASE), "inserts"
        else:
            yield world.release(me), DONE, "is refused by the database"
