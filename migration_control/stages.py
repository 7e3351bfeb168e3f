"""The stages of a component and the steps between them: pure tables, which the model of the protocol explores too."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from legacy_json.fences import Fence, FenceState


class Stage(StrEnum):
    DISABLED = "disabled"
    DUAL_WRITE = "dual-write"
    DB_ONLY = "db-only"


class Store(StrEnum):
    JSON = "json"
    DATABASE = "database"

    @property
    def said(self) -> str:
        """As a sentence has it."""
        return "JSON" if self is Store.JSON else "the database"

    @property
    def other(self) -> Store:
        return Store.DATABASE if self is Store.JSON else Store.JSON


class StageRow(NamedTuple):
    """reads and authority always agree; mirrored: whether the other store is written at once."""

    stage: Stage
    reads: Store
    authority: Store
    mirrored: bool

    def __str__(self) -> str:
        return f"{self.stage} reading {self.reads}"


STAGES = (
    StageRow(Stage.DISABLED, Store.JSON, Store.JSON, mirrored=False),
    StageRow(Stage.DUAL_WRITE, Store.JSON, Store.JSON, mirrored=True),
    StageRow(Stage.DUAL_WRITE, Store.DATABASE, Store.DATABASE, mirrored=True),
    StageRow(Stage.DB_ONLY, Store.DATABASE, Store.DATABASE, mirrored=False),
)


class Kind(StrEnum):
    """What a step does."""

    MIRROR_ON = "mirror on"
    MIRROR_OFF = "mirror off"
    TO_DATABASE = "to the database"
    TO_JSON = "to JSON"


class Step(NamedTuple):
    before: StageRow
    after: StageRow

    @property
    def kind(self) -> Kind:
        if self.before.authority == self.after.authority:
            return Kind.MIRROR_ON if self.after.mirrored else Kind.MIRROR_OFF
        return Kind.TO_DATABASE if self.after.authority is Store.DATABASE else Kind.TO_JSON

    @property
    def forward(self) -> bool:
        return STAGES.index(self.after) > STAGES.index(self.before)


class NoSuchStage(ValueError):
    def __init__(self, stage: str, reads: str) -> None:
        rows = "; ".join(map(str, STAGES))
        super().__init__(f"There is no stage {stage} reading {reads}. There are: {rows}.")


def row(stage: str, reads: str | None = None) -> StageRow:
    """The row of that stage, which only dual-write has two of. Raises NoSuchStage."""
    found = [r for r in STAGES if r.stage == stage and reads in (None, r.reads)]
    if len(found) != 1:
        raise NoSuchStage(stage, reads or "from an unnamed store (say --reads json or --reads database)")
    return found[0]


def path(now: StageRow, wanted: StageRow) -> list[Step]:
    """One row at a time, either way."""
    start, end = STAGES.index(now), STAGES.index(wanted)
    way = range(start, end, 1 if end > start else -1)
    return [Step(STAGES[at], STAGES[at + (1 if end > start else -1)]) for at in way]


# Fence and row

_ANSWERS = {
    FenceState.OPEN: Store.JSON,
    FenceState.CLOSING: Store.JSON,  # its mover cannot have committed yet
    FenceState.CLOSED: Store.DATABASE,
    FenceState.SEALING: Store.DATABASE,  # whatever becomes of it
    FenceState.SEALED: Store.DATABASE,
}


def answers(state: FenceState) -> Store | None:
    """Who answers a read while the fence stands so; None: only the row knows."""
    return _ANSWERS.get(state)


def agree(authority: Store, state: FenceState) -> bool:
    """Whether no move was broken off between the two."""
    return state is (FenceState.OPEN if authority is Store.JSON else FenceState.CLOSED)


def contradiction(row: StageRow, row_epoch: int, fence: Fence, *, closed: bool = False) -> str:
    """Which of the two is older, index or database, where no crash leaves row and fence so; '' where one may.

    A move to the database passes `committing` before its row is committed, and the end of a migration `sealing`;
    everything else commits the row first. closed: the row says that its migration has ended.
    """
    if closed:
        return "index" if answers(fence.state) is not Store.DATABASE else ""
    if fence.state is FenceState.SEALED:
        return "database"
    if row.authority is Store.DATABASE:
        if fence.epoch > row_epoch and fence.state is not FenceState.SEALING:
            return "database"
        never_left = fence.state in (FenceState.OPEN, FenceState.CLOSING)
        return "index" if never_left else ""
    return "database" if fence.state is FenceState.CLOSED and fence.epoch > row_epoch else ""


def fence_for(row: StageRow, epoch: int, *, closed: bool = False) -> Fence:
    """How the fence stands when that row holds. closed: for good."""
    if closed:
        return Fence(FenceState.SEALED, epoch)
    return Fence(FenceState.OPEN if row.authority is Store.JSON else FenceState.CLOSED, epoch, row.mirrored)


def stands(row: StageRow, epoch: int, fence: Fence, *, closed: bool = False) -> bool:
    """Whether the fence says what the row does. A sealed one does at any epoch: nobody sets it any more."""
    return fence.state is FenceState.SEALED if closed else fence == fence_for(row, epoch)


def next_epoch(row_epoch: int, fence: Fence) -> int:
    """Of a move, and of a recovery: above both, so that nobody who knows an older one sets anything any more."""
    return max(row_epoch, fence.epoch) + 1
