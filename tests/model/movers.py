"""Movers and recovery. A mover that stalls, or whose session is lost, goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legacy_json.fences import Fence, FenceState
from migration_control.stages import Kind, StageRow, Step, path
from tests.model import processes
from tests.model.processes import DONE, START, At
from tests.model.rules import Mistake, Rules
from tests.model.stores import advance, copy_to_database, copy_to_json, may_speak, needs_mending
from tests.model.world import Changes, World, confirmed, present

Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Between(At):
    """These steps are still to be made."""

    steps: Steps


@dataclass(frozen=True)
class Locked(At):
    """The first step has begun. seen: the fence under the component's lock. epoch: the one to come."""

    steps: Steps
    seen: Fence
    epoch: int


@dataclass(frozen=True)
class Closing(At):
    """remainder: what the database still lacked when the fence was set closing."""

    steps: Steps
    seen: Fence
    remainder: Changes


@dataclass(frozen=True)
class Committing(At):
    """To the database: the fence says so, or with JSON: the index has the remainder."""

    steps: Steps
    seen: Fence
    epoch: int
    remainder: Changes


@dataclass(frozen=True)
class Committed(At):
    """The row is; the fence is still what it was when seen."""

    steps: Steps
    seen: Fence
    epoch: int


@dataclass(frozen=True)
class Mover:
    """Makes the steps to that row which there are when it begins, unless somebody else has made them."""

    wanted: StageRow
    mortal: bool = True
    stands: bool = False

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[processes.Step]:
        match at:
            case Between(steps):
                yield from self._lock(me, world, steps, rules)
            case Locked(steps, _, _):
                yield from self._prepare(me, world, at, steps[0].kind, rules)
            case Closing():
                yield from self._announce(me, world, at, rules)
            case Committing():
                yield from self._commit(me, world, at, rules)
            case Committed(steps, seen, epoch):
                changed = advance(world, seen, rules.fence_for(steps[0].after, epoch), rules)
                rest = Between(steps[1:]) if steps[1:] else DONE
                yield changed or world, rest, "sets the fence" if changed else "finds that the fence has moved on"
            case _:
                yield from self._lock(me, world, tuple(path(world.stage, self.wanted)), rules)

    def _lock(self, me: int, world: World, steps: Steps, rules: Rules) -> Iterator[processes.Step]:
        fit = steps and world.stage == steps[0].before and world.authority and may_speak(world, rules)
        if world.closed and rules.keep(Mistake.MOVE_CLOSED):
            yield world, DONE, "finds that the migration is closed"
        elif not world.reachable or not fit or needs_mending(world, rules):
            yield world, DONE, "finds nothing to move, or something to mend first"
        elif world.idle:
            epoch = rules.next_epoch(world.epoch, world.fence)
            locked = Locked(steps, world.fence, epoch)
            yield world._replace(exclusive=me), locked, f"locks the component: {steps[0].kind}"

    def _prepare(self, me: int, world: World, at: Locked, kind: Kind, rules: Rules) -> Iterator[processes.Step]:
        if kind is Kind.TO_DATABASE:
            yield from self._close(me, world, at, rules)
        elif kind is Kind.TO_JSON:
            yield from self._drain(me, world, at, rules)
        else:
            yield from self._commit(me, world, Committing(at.steps, at.seen, at.epoch, ()), rules)

    # To the database

    def _close(self, me: int, world: World, at: Locked, rules: Rules) -> Iterator[processes.Step]:
        closing = Fence(FenceState.CLOSING, at.epoch, at.seen.mirrored)
        remainder = present(world.json)
        if not rules.keep(Mistake.DB_FIRST):
            yield world, Committing(at.steps, at.seen, at.epoch, remainder), "leaves the fence for later"
            return
        closed = advance(world, at.seen, closing, rules)
        if closed:
            yield closed, Closing(at.steps, closing, remainder), "sets the fence closing"
        else:
            yield world.release(me), DONE, "aborts: the fence has moved"

    def _announce(self, me: int, world: World, at: Closing, rules: Rules) -> Iterator[processes.Step]:
        committing = at.seen._replace(state=FenceState.COMMITTING)
        announced = advance(world, at.seen, committing, rules)
        if not rules.keep(Mistake.EARLY_COMMIT):
            announced = world._replace(fence=committing)
        if announced:
            at_last = Committing(at.steps, committing, committing.epoch, at.remainder)
            yield announced, at_last, "sets the fence committing"
        else:
            yield world.release(me), DONE, "aborts: its closing was reopened"

    # To JSON

    def _drain(self, me: int, world: World, at: Locked, rules: Rules) -> Iterator[processes.Step]:
        remainder = present(world.database)
        drained = copy_to_json(world, remainder, rules) if world.exclusive == me else None
        if drained:
            yield drained, Committing(at.steps, at.seen, at.epoch, remainder), "copies the remainder to JSON"
        else:
            yield world.release(me), DONE, "aborts: its session is lost, or the fence has moved"

    def _commit(self, me: int, world: World, at: Committing, rules: Rules) -> Iterator[processes.Step]:
        """Lock, remainder and row are one transaction."""
        step, copied = at.steps[0], None
        if world.exclusive == me:
            done = world._replace(database=confirmed(world.database, at.remainder))
            copied = copy_to_database(world, at.remainder, rules) if step.kind is Kind.TO_DATABASE else done
        if copied:
            moved = copied._replace(stage=step.after, epoch=at.epoch).release(me)
            yield moved, Committed(at.steps, at.seen, at.epoch), f"commits the row: {step.kind}, epoch {at.epoch}"
        else:
            yield world.release(me), DONE, "cannot commit: its session is lost, or a record is in the way"


@dataclass(frozen=True)
class Raised(At):
    then: Fence


@dataclass(frozen=True)
class Recovery:
    """Always somewhere: whoever finds fence and row disagreeing. After its death there is another."""

    mortal: bool = True
    stands: bool = True

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[processes.Step]:
        if isinstance(at, Raised):
            changed = advance(world, world.fence, at.then, rules)
            if not rules.keep(Mistake.COPY_ROW):
                changed = world._replace(fence=at.then)
            yield changed or world, START, f"sets the fence {at.then.state}" if changed else "comes too late"
        elif world.closed:
            epoch = max(world.epoch, world.fence.epoch)
            sealed = advance(world, world.fence, rules.fence_for(world.stage, epoch, closed=True), rules)
            if world.reachable and sealed and sealed != world:
                yield sealed, START, "seals the fence"
        elif world.idle and world.authority and may_speak(world, rules) and needs_mending(world, rules):
            epoch = rules.next_epoch(world.epoch, world.fence) if rules.keep(Mistake.COPY_ROW) else world.epoch
            then = rules.fence_for(world.stage, epoch)
            yield world._replace(epoch=epoch), Raised(then), f"raises the row to epoch {epoch}"
