"""Production's tables and functions, each with one thing wrong in it."""

from __future__ import annotations

from typing import NamedTuple

from legacy_json.fences import Fence, FenceState, follows
from migration_control.stages import Store, agree, answers, fence_for
from tests.model.rules import Mistake, Rules


class Broken(NamedTuple):
    """shown_by: the configuration that finds it soonest."""

    shown_by: str
    rules: Rules


def _database_answers(closing: FenceState) -> Store | None:
    return Store.DATABASE if closing is FenceState.CLOSING else answers(closing)


BROKEN_TABLES = {
    "any fence may follow": Broken("readers", Rules(follows=lambda now, then: True)),
    "none may follow in the same epoch": Broken("readers", Rules(follows=lambda now, then: then.epoch > now.epoch)),
    "one may follow in an older epoch": Broken(
        "all four stages", Rules(follows=lambda now, then: then.epoch != now.epoch or then > now)
    ),
    "reopening keeps the epoch": Broken(
        "a mover dies with the database", Rules(reopened=lambda now: now._replace(state=FenceState.OPEN))
    ),
    "reopening leaves it closing": Broken("readers", Rules(reopened=lambda now: now._replace(epoch=now.epoch + 1))),
    "any version supersedes": Broken("imports and deletions", Rules(supersedes=lambda version, present: True)),
    "no version supersedes": Broken("imports and deletions", Rules(supersedes=lambda version, present: False)),
    "the database answers while closing": Broken("readers", Rules(answers=_database_answers)),
    "JSON answers while committing": Broken("readers", Rules(answers=lambda state: answers(state) or Store.JSON)),
    "the database answers while committing": Broken(
        "readers", Rules(answers=lambda state: answers(state) or Store.DATABASE)
    ),
    "row and fence always agree": Broken("two recoveries", Rules(agree=lambda authority, state: True)),
    "row and fence agree while closing": Broken(
        "two recoveries", Rules(agree=lambda authority, state: agree(authority, state) or state is FenceState.CLOSING)
    ),
    "row and fence agree while committing": Broken(
        "two recoveries",
        Rules(agree=lambda authority, state: agree(authority, state) or state is FenceState.COMMITTING),
    ),
    "every row's fence is open": Broken(
        "readers", Rules(fence_for=lambda row, epoch: Fence(FenceState.OPEN, epoch, row.mirrored))
    ),
    "no row's fence tells of the mirror": Broken(
        "readers", Rules(fence_for=lambda row, epoch: fence_for(row, epoch)._replace(mirrored=False))
    ),
    "a sealed fence may be followed": Broken(
        "closed, or promoted",
        Rules(follows=lambda now, then: follows(now._replace(state=FenceState.SEALING), then)).but(
            Mistake.PROMOTE_SEALED
        ),
    ),
    "a closed row's fence is as any": Broken(
        "closed", Rules(fence_for=lambda row, epoch, closed=False: fence_for(row, epoch))
    ),
    "a closed row agrees with any fence": Broken("closed", Rules(stands=lambda row, epoch, fence, closed=False: True)),
    "nobody answers while sealing": Broken(
        "closed, and read", Rules(answers=lambda state: Store.JSON if state is FenceState.SEALING else answers(state))
    ),
    "the next epoch is above the row's alone": Broken(
        "after a reopening", Rules(next_epoch=lambda row_epoch, fence: row_epoch + 1)
    ),
    "the next epoch is above the fence's alone": Broken(
        "readers", Rules(next_epoch=lambda row_epoch, fence: fence.epoch + 1)
    ),
    "the next epoch is the present one": Broken(
        "two recoveries", Rules(next_epoch=lambda row_epoch, fence: max(row_epoch, fence.epoch))
    ),
}
