"""The tables of the protocol, as staff read them; what follows from them the model explores."""

from __future__ import annotations

import itertools

import pytest

from legacy_json.fences import Fence, FenceState
from migration_control.stages import STAGES, Kind, Stage, StageRow, Step, contradiction, fence_for, path

DISABLED, DUAL_JSON, DUAL_DATABASE, DB_ONLY = STAGES


def test_what_is_read_is_the_authority() -> None:
    assert [row.reads for row in STAGES] == [row.authority for row in STAGES]


def test_only_dual_write_is_mirrored() -> None:
    assert [row.mirrored for row in STAGES] == [row.stage is Stage.DUAL_WRITE for row in STAGES]


@pytest.mark.parametrize("end", STAGES, ids=str)
@pytest.mark.parametrize("start", STAGES, ids=str)
def test_a_way_goes_one_row_at_a_time(start: StageRow, end: StageRow) -> None:
    rows = [start, *(step.after for step in path(start, end))]
    assert rows[-1] == end
    assert all(abs(STAGES.index(a) - STAGES.index(b)) == 1 for a, b in itertools.pairwise(rows))


def test_each_step_has_its_kind() -> None:
    forward = [Step(before, after).kind for before, after in itertools.pairwise(STAGES)]
    back = [Step(before, after).kind for after, before in itertools.pairwise(STAGES)]
    assert forward == [Kind.MIRROR_ON, Kind.TO_DATABASE, Kind.MIRROR_OFF]
    assert back == [Kind.MIRROR_OFF, Kind.TO_JSON, Kind.MIRROR_ON]


@pytest.mark.parametrize(
    ("row", "fence", "older"),
    [
        (DB_ONLY, Fence(FenceState.OPEN, 1), "index"),
        (DUAL_DATABASE, Fence(FenceState.CLOSING, 4), "index"),
        (DUAL_DATABASE, Fence(FenceState.OPEN, 7), "database"),
        (DUAL_DATABASE, Fence(FenceState.CLOSED, 6), "database"),
        (DUAL_JSON, Fence(FenceState.CLOSED, 6), "database"),
        # What crashes leave.
        (DUAL_DATABASE, Fence(FenceState.COMMITTING, 5), ""),
        (DB_ONLY, Fence(FenceState.CLOSED, 4), ""),
        (DUAL_JSON, Fence(FenceState.CLOSED, 4), ""),
        (DUAL_JSON, Fence(FenceState.CLOSING, 6), ""),
        (DUAL_JSON, Fence(FenceState.COMMITTING, 6), ""),
        (DUAL_JSON, Fence(FenceState.OPEN, 7), ""),
    ],
)
def test_row_and_fence_that_no_crash_leaves_so_tell_which_side_is_older(
    row: StageRow, fence: Fence, older: str
) -> None:
    """The row is at epoch 5."""
    assert contradiction(row, 5, fence) == older


@pytest.mark.parametrize("row", STAGES, ids=str)
def test_the_fence_of_a_row_contradicts_it_in_nothing(row: StageRow) -> None:
    assert contradiction(row, 5, fence_for(row, 5)) == ""
