"""A database that is lost, JSON promoted without it, and the database come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legacy_json.fences import FOR_GOOD, Fence, FenceState
from migration_control.stages import Stage, Store, row
from tests.model.processes import DONE, START, At, Passing, Step
from tests.model.rules import Mistake, Rules
from tests.model.stores import FAR, advance
from tests.model.world import NOBODY, Row, Truth, World


@dataclass(frozen=True)
class Down(At):
    pass


@dataclass(frozen=True)
class Outage(Passing):
    """Sessions end, and with them their locks. It may be for ever."""

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        if at == START:
            gone = world._replace(reachable=False, exclusive=NOBODY, shared=frozenset(), applying=NOBODY)
            yield gone, Down(), "the database is lost"
        else:
            yield world, DONE, "for good"
            yield world._replace(reachable=True), DONE, "the database comes back"


@dataclass(frozen=True)
class Promotion(Passing):
    """Staff give the database up; that it answers others still does not stop them. One commit of the index."""

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        yield world, DONE, "is not asked for"
        if world.fence.state is FenceState.OPEN:
            return
        if world.fence.state in FOR_GOOD and rules.keep(Mistake.PROMOTE_SEALED):
            return
        far = FAR if rules.keep(Mistake.NEAR) else 1
        json = tuple(Row(found.value, found.version + far, noted=True) for found in world.json)
        lost = {mark for true in world.truth for mark in true.value or ()}
        kept = {mark for found in world.json for mark in found.value or ()}
        yield (
            world._replace(
                json=json,
                fence=Fence(FenceState.OPEN, world.fence.epoch + FAR),
                store=world.store + 1,
                truth=tuple(Truth(found.value, found.version) for found in json),
                astray=world.astray | (lost - kept),
            ),
            DONE,
            "JSON is promoted",
        )


@dataclass(frozen=True)
class Orphaned(At):
    """The database is nobody's authority."""


@dataclass(frozen=True)
class Collected(At):
    """What it alone has is with the conflicts."""


@dataclass(frozen=True)
class Repaired(At):
    then: Fence


@dataclass(frozen=True)
class Settling:
    """Whoever finds a database that knows another store: it becomes JSON's follower again."""

    mortal: bool = True
    stands: bool = True

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        match at:
            case Orphaned():
                yield self._collected(world, rules), Collected(), "keeps what only the database has as conflicts"
            case Collected():
                yield from self._pair(world, rules)
            case Repaired(then):
                yield advance(world, world.fence, then, rules) or world, START, "sets the fence"
            case _ if world.store != world.paired and world.idle and rules.keep(Mistake.NO_STORE_ID):
                yield world._replace(orphaned=True), Orphaned(), "makes the database nobody's authority"

    def _collected(self, world: World, rules: Rules) -> World:
        if not rules.keep(Mistake.NO_CONFLICTS):
            return world
        found = {mark for ours in world.database if ours.noted for mark in ours.value or ()}
        return world._replace(conflicts=world.conflicts | found)

    def _pair(self, world: World, rules: Rules) -> Iterator[Step]:
        if not world.reachable:
            yield world, START, "the database is away again"
        elif world.idle:
            stage, epoch = row(Stage.DISABLED, Store.JSON), rules.next_epoch(world.epoch, world.fence)
            paired = world._replace(
                paired=world.store,
                orphaned=False,
                stage=stage,
                epoch=epoch,
                database=tuple(found._replace(noted=False) for found in world.database),
            )
            yield paired, Repaired(rules.fence_for(stage, epoch)), f"pairs the stores, epoch {epoch}"
