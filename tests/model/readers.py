"""Readers. Each must see at least what had been accepted when it began."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legacy_json.fences import Fence, FenceState
from migration_control.stages import Store
from tests.model.processes import DONE, START, At, Passing, Step
from tests.model.rules import Mistake, Rules
from tests.model.world import Row, Rows, Truth, Value, World


@dataclass(frozen=True)
class Looked(At):
    """It knows where to read. began: what was accepted by then."""

    where: Store
    fence: Fence
    began: tuple[Truth, ...]


@dataclass(frozen=True)
class RecordRead(At):
    """It has the record, and does not know yet whether it may."""

    rows: Rows
    began: tuple[Truth, ...]


def look(world: World, rules: Rules) -> Iterator[Step]:
    """The fence says where a read goes; where it does not, the row does, for which nothing is locked."""
    where = rules.answers(world.fence.state)
    if world.fence.state is FenceState.CLOSING and not rules.keep(Mistake.CLOSING_READS_DB):
        where = Store.DATABASE
    if where is None and world.reachable:
        where = world.stage.reads
    if where is None:
        yield world, DONE, "is told that the database is away"
    else:
        yield world, Looked(where, world.fence, world.truth), f"finds the fence {world.fence.state}, so {where} answers"


@dataclass(frozen=True)
class Reader(Passing):
    """Of one record, unless several: then it makes sure that they are as of one moment, else begins anew."""

    several: bool = False

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        match at:
            case Looked(Store.DATABASE) if not world.reachable:
                yield world, DONE, "is told that the database is away"
            case Looked() if self.several and rules.keep(Mistake.LOOSE_READ) and not _still_answers(world, at, rules):
                yield world, START, "finds that the authority has moved"
            case Looked(where, _, began):
                rows = world.json if where is Store.JSON else world.database
                yield world._replace(wrong=fault(rows, began)), DONE, f"reads {where}"
            case _:
                yield from look(world, rules)


def _still_answers(world: World, at: Looked, rules: Rules) -> bool:
    """The index: fence and records in one snapshot. The database: row and records in one statement."""
    if at.where is Store.DATABASE:
        return world.authority is Store.DATABASE
    return world.fence == at.fence or rules.answers(world.fence.state) is Store.JSON


@dataclass(frozen=True)
class RemoteReader(Passing):
    """Without the files, so without the fence: row and record in one statement."""

    def steps(self, me: int, world: World, at: At, rules: Rules) -> Iterator[Step]:
        if isinstance(at, RecordRead):
            yield from self._answer(world, at.rows, at.began)
        elif not rules.keep(Mistake.RECORD_BEFORE_ROW):
            yield world, RecordRead(world.database, world.truth), "reads the record"
        else:
            yield from self._answer(world, world.database, world.truth)

    def _answer(self, world: World, rows: Rows, began: tuple[Truth, ...]) -> Iterator[Step]:
        if world.reachable and world.authority is Store.DATABASE:
            yield world._replace(wrong=fault(rows, began)), DONE, "finds that the database is the authority"
        else:
            yield world, DONE, "is refused: the files are elsewhere, or the database is"


def fault(rows: Rows, began: tuple[Truth, ...]) -> str:
    if any(_is_stale(row, true) for row, true in zip(rows, began, strict=True)):
        return f"read {[row.value for row in rows]} when {[true.value for true in began]} had been accepted"
    if len({_of_several(row.value) for row in rows}) > 1:
        return f"read {[row.value for row in rows]}, half of a change of several records"
    return ""


def _is_stale(row: Row, true: Truth) -> bool:
    return row.version < true.version or (row.version == true.version and row.value != true.value)


def _of_several(value: Value) -> frozenset[int | str]:
    return frozenset(mark for mark in value or () if isinstance(mark, int) and mark < 0)
