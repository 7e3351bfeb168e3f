"""Writers, and the copy of each write. None knows the stage: each write asks the fence, or the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legacy_json.fences import FenceState
from migration_control.stages import Store
from tests.model.operations import append
from tests.model.processes import DONE, At, Passing, Step
from tests.model.readers import Looked, look
from tests.model.rules import Mistake, Rules
from tests.model.stores import (
    Base,
    Operation,
    advance,
    copy_to_database,
    copy_to_json,
    may_speak,
    write,
)
from tests.model.world import NOBODY, Changes, World, confirmed


@dataclass(frozen=True)
class Trying(At):
    """base: what it was made from, of a save. keys: which are still to be written."""

    keys: tuple[int, ...]
    base: Base | None = None


@dataclass(frozen=True)
class Sharing(At):
    """In a transaction of the database that has seen it to be the authority."""

    keys: tuple[int, ...]
    base: Base | None


@dataclass(frozen=True)
class Copying(At):
    """The write is accepted, and its copy is to follow."""

    changes: Changes
    to: Store


@dataclass(frozen=True)
class Acknowledging(At):
    changes: Changes
    to: Store


@dataclass(frozen=True)
class Writer(Passing):
    """Tries both stores, in any order, until one takes it: what it believes decides nothing.

    saves: it writes back what it read before. no_database, no_files: it reaches one store only.
    """

    keys: tuple[int, ...] = (0,)
    operation: Operation = append
    saves: bool = False
    no_database: bool = False
    no_files: bool = False

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        match at:
            case Trying(keys, base):
                yield from self._try(me, world, keys, base, rules)
            case Sharing(keys, base):
                yield from self._write_database(me, world, keys, base, rules)
            case Copying(changes, to):
                yield from copy(world, changes, to, rules)
            case Acknowledging(changes, to):
                yield from acknowledge(world, changes, to, rules)
            case Looked(where):
                yield from self._keep(world, where)
            case _ if self.saves:
                yield from look(world, rules)
            case _:
                yield from self._try(me, world, self.keys, None, rules)

    def _try(self, me: int, world: World, keys: tuple[int, ...], base: Base | None, rules: Rules) -> Iterator[Step]:
        if not self.no_files:
            yield from self._write_json(me, world, keys, base, rules)
        if not self.no_database:
            yield from self._share(me, world, keys, base, rules)
        if self._is_refused(world):
            yield world, DONE, "is refused"

    def _is_refused(self, world: World) -> bool:
        """Without the one store it is, where with it it would go on trying."""
        if self.no_files and (not world.reachable or world.authority is not Store.DATABASE):
            return True
        away = self.no_database or not world.reachable
        return away and world.fence.state in (FenceState.COMMITTING, FenceState.CLOSED)

    def _write_json(
        self, me: int, world: World, keys: tuple[int, ...], base: Base | None, rules: Rules
    ) -> Iterator[Step]:
        if world.fence.state is FenceState.CLOSING and rules.keep(Mistake.NO_REOPEN):
            reopened = advance(world, world.fence, rules.reopened(world.fence), rules)
            if reopened:
                yield reopened, Trying(keys, base), "takes the closing for overdue: open"
        if world.fence.state is not FenceState.OPEN and rules.keep(Mistake.NO_FENCE):
            return
        now = keys if rules.keep(Mistake.COMMIT_EACH) else keys[:1]
        written = write(world, me, now, self.operation, base, rules, json=True)
        if written is None:
            yield world, DONE, "is refused: changed since, or taken"
        elif now != keys:
            yield written[0]._replace(truth=world.truth), Trying(keys[1:], base), "commits one of several"
        elif world.fence.mirrored:
            yield written[0], Copying(written[1], Store.DATABASE), "commits to JSON"
        else:
            yield written[0], DONE, "commits to JSON, unmirrored"

    def _share(self, me: int, world: World, keys: tuple[int, ...], base: Base | None, rules: Rules) -> Iterator[Step]:
        if not world.reachable or world.authority is not Store.DATABASE or not may_speak(world, rules):
            return
        if not rules.keep(Mistake.NO_SHARE):
            yield world, Sharing(keys, base), "sees the row, and locks nothing"
        elif world.exclusive == NOBODY:
            yield world._replace(shared=world.shared | {me}), Sharing(keys, base), "shares the component's lock"

    def _write_database(
        self, me: int, world: World, keys: tuple[int, ...], base: Base | None, rules: Rules
    ) -> Iterator[Step]:
        if rules.keep(Mistake.NO_SHARE) and me not in world.shared:
            yield world, Trying(keys, base), "has lost its session"
            return
        written = write(world, me, keys, self.operation, base, rules, json=False)
        if written is None:
            yield world.release(me), DONE, "is refused: changed since, or taken"
        elif world.stage.mirrored and not self.no_files:
            yield written[0].release(me), Copying(written[1], Store.JSON), "commits to the database"
        else:
            yield written[0].release(me), DONE, "commits to the database, unmirrored"

    def _keep(self, world: World, where: Store) -> Iterator[Step]:
        rows = world.json if where is Store.JSON else world.database
        found = tuple(rows[key] for key in self.keys)
        if all(row.value is not None for row in found):
            base = Base(tuple(row.value for row in found), tuple(row.version for row in found))
            yield world, Trying(self.keys, base), f"reads it from {where}"
        else:
            yield world, DONE, f"finds nothing in {where}"


def copy(world: World, changes: Changes, to: Store, rules: Rules) -> Iterator[Step]:
    """Towards the store that is not the authority; it may fail at any time, and the note stays."""
    yield world, DONE, "does not get to copy it"
    if not may_speak(world, rules):
        return
    if to is Store.DATABASE:
        free = world.reachable and NOBODY == world.exclusive == world.applying
        copied = copy_to_database(world, changes, rules) if free and world.authority is Store.JSON else None
    else:
        copied = copy_to_json(world, changes, rules)
    if copied:
        yield copied, Acknowledging(changes, to), f"copies it to {to}"
    elif to is Store.JSON and not rules.keep(Mistake.ACK_UNTAKEN):
        yield world, Acknowledging(changes, to), f"takes it for copied to {to}"


def acknowledge(world: World, changes: Changes, to: Store, rules: Rules) -> Iterator[Step]:
    """Late, or never."""
    yield world, DONE, "does not get to acknowledge it"
    later = not rules.keep(Mistake.ACK_LATER)
    if to is Store.DATABASE:
        known = confirmed(world.json, changes, any_version=later)
        yield world._replace(json=known), DONE, "marks it confirmed in the index"
    elif world.reachable:
        known = confirmed(world.database, changes, any_version=later)
        yield world._replace(database=known), DONE, "marks it confirmed in the database"
