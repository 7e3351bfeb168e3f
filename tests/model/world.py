"""What there is at one moment: two stores, the fence, the component's row, the locks, and what ought to be true."""

from __future__ import annotations

from typing import NamedTuple

from legacy_json.fences import Fence, FenceState
from legacy_json.records import NEVER
from migration_control.stages import StageRow, Store

NOBODY = -1

# A record is who wrote it, in order; who wrote several at once marks them with a negative number. The first of a
# record with a unique value is that value. None: it is not there.
Value = tuple[int | str, ...] | None


class Row(NamedTuple):
    """noted: the other store has not confirmed this version. Without a value it is a tombstone, or NEVER was."""

    value: Value
    version: int
    noted: bool = False


class Change(NamedTuple):
    """One record on its way to the other store."""

    key: int
    value: Value
    version: int


class Truth(NamedTuple):
    """What the accepted writes of a record leave behind."""

    value: Value
    version: int


Rows = tuple[Row, ...]
Changes = tuple[Change, ...]


class World(NamedTuple):
    json: Rows
    database: Rows
    fence: Fence
    stage: StageRow  # the component's row, with its epoch
    epoch: int
    truth: tuple[Truth, ...]

    exclusive: int = NOBODY  # who holds the component's lock
    shared: frozenset[int] = frozenset()
    applying: int = NOBODY  # who holds the apply lock exclusively

    deaths: int = 0  # still allowed
    losses: int = 0  # of a mover's database session, still allowed
    wrong: str = ""  # what a reader saw that it must not see

    closed: bool = False  # the migration, for good, as the row says
    drawn: int = 0  # once it is: the highest version that was ever given

    reachable: bool = True  # the database
    store: int = 0  # id of the index
    paired: int = 0  # id that the database has for it
    orphaned: bool = False  # the database is nobody's authority
    astray: frozenset[int | str] = frozenset()  # accepted, and no part of the truth since JSON was promoted
    conflicts: frozenset[int | str] = frozenset()  # kept for staff

    @property
    def idle(self) -> bool:
        """Whether the component's exclusive lock is to be had."""
        return self.reachable and self.exclusive == NOBODY and not self.shared

    @property
    def authority(self) -> Store | None:
        """As a transaction in the database sees it."""
        return None if self.orphaned else self.stage.authority

    def release(self, me: int) -> World:
        return self._replace(
            exclusive=NOBODY if self.exclusive == me else self.exclusive,
            applying=NOBODY if self.applying == me else self.applying,
            shared=self.shared - {me},
        )


def beginning(stage: StageRow, *values: Value, copied: bool = True) -> World:
    """Nothing has happened yet. copied: the other store has all of it, too."""
    whole = tuple(Row(value, 0, noted=not copied) for value in values)
    to_json = stage.authority is Store.JSON
    state = FenceState.OPEN if to_json else FenceState.CLOSED
    return World(
        json=whole,
        database=whole if copied else tuple(Row(None, NEVER) for _ in values),
        fence=Fence(state, 0, stage.mirrored),
        stage=stage,
        epoch=0,
        truth=tuple(Truth(value, 0) for value in values),
    )


def put(rows: Rows, new: dict[int, Row]) -> Rows:
    return tuple(new.get(key, row) for key, row in enumerate(rows))


def present(rows: Rows) -> Changes:
    """What the other store lacks, as it is now."""
    return tuple(Change(key, row.value, row.version) for key, row in enumerate(rows) if row.noted)


def confirmed(rows: Rows, changes: Changes, *, any_version: bool = False) -> Rows:
    """The other store has these; what has changed since stays noted."""
    known = {
        change.key: rows[change.key]._replace(noted=False)
        for change in changes
        if any_version or rows[change.key].version == change.version
    }
    return put(rows, known)
