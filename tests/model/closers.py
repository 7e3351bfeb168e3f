"""Whoever ends a migration: the fence says that the row may be closed, then the row is, then the fence is sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legacy_json.fences import Fence, FenceState
from migration_control.stages import Stage
from tests.model.processes import DONE, At, Step
from tests.model.rules import Mistake, Rules
from tests.model.stores import advance, forget, may_speak, needs_mending
from tests.model.world import World


@dataclass(frozen=True)
class Locked(At):
    seen: Fence
    epoch: int


@dataclass(frozen=True)
class Sealing(At):
    """epoch: of the row, to come. seen: how the fence stands."""

    seen: Fence
    epoch: int


@dataclass(frozen=True)
class Closed(At):
    seen: Fence
    epoch: int


@dataclass(frozen=True)
class Closer:
    """Once: what it leaves when it dies is recovery's."""

    mortal: bool = True
    stands: bool = False

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        match at:
            case Locked(seen, epoch):
                yield from self._announce(me, world, seen, epoch, rules)
            case Sealing():
                yield from self._commit(me, world, at, rules)
            case Closed(seen, epoch):
                sealed = advance(world, seen, rules.fence_for(world.stage, epoch, closed=True), rules)
                yield sealed or world, DONE, "seals the fence" if sealed else "finds that the fence has moved on"
            case _:
                yield from self._lock(me, world, rules)

    def _lock(self, me: int, world: World, rules: Rules) -> Iterator[Step]:
        fit = world.stage.stage is Stage.DB_ONLY and world.authority and may_speak(world, rules)
        if not world.reachable or not fit or world.closed or needs_mending(world, rules):
            yield world, DONE, "finds nothing to close, or something to mend first"
            return
        locked = Locked(world.fence, rules.next_epoch(world.epoch, world.fence))
        if not rules.keep(Mistake.CLOSE_UNLOCKED):
            yield world, locked, "sees the row, and locks nothing"
        elif world.idle:
            yield world._replace(exclusive=me), locked, "locks the component to close it"

    def _announce(self, me: int, world: World, seen: Fence, epoch: int, rules: Rules) -> Iterator[Step]:
        sealing = Fence(FenceState.SEALING, epoch)
        if not rules.keep(Mistake.UNANNOUNCED):
            yield world, Sealing(seen, epoch), "leaves the fence for later"
            return
        announced = advance(world, seen, sealing, rules)
        if announced:
            yield announced, Sealing(sealing, epoch), "sets the fence sealing"
        else:
            yield world.release(me), DONE, "aborts: the fence has moved"

    def _commit(self, me: int, world: World, at: Sealing, rules: Rules) -> Iterator[Step]:
        if world.exclusive == me or (not rules.keep(Mistake.CLOSE_UNLOCKED) and world.reachable):
            closed = forget(world)._replace(epoch=at.epoch).release(me)
            yield closed, Closed(at.seen, at.epoch), f"commits the row: closed, epoch {at.epoch}"
        else:
            yield world.release(me), DONE, "cannot commit: its session is lost"
