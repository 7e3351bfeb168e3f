"""What the database is told of what was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_json.records import NEVER, State
from tests.legacy_json.ours import (
    USERS,
    Ours,
    opened,
    refusal,
)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    yield from opened(tmp_path)


def synced(ours: Ours, key: int) -> int:
    query = "SELECT synced FROM pending WHERE component = 'users' AND key = ?"
    (found,) = ours.index.connection().execute(query, (key,)).fetchone()
    return int(found)


def test_what_was_written_waits_from_the_version_that_the_database_has(ours: Ours) -> None:
    ours.replace(USERS, 1, n=1)
    ours.replace(USERS, 1, n=2)
    ours.create(USERS, 5)
    ours.delete(USERS, 2)
    assert ours.pending(USERS) == {1: 2, 2: 1, 5: 0}
    assert [synced(ours, key) for key in (1, 2, 5)] == [0, 0, NEVER]
    ours.confirm(USERS)
    assert ours.pending(USERS) == {}
    ours.create(USERS, 2)
    assert (ours.pending(USERS), synced(ours, 2)) == ({2: 2}, 1)


def test_a_write_between_handing_out_and_acknowledging_is_not_forgotten(ours: Ours) -> None:
    ours.replace(USERS, 1, n=1)
    ours.replace(USERS, 2, n=1)
    batch = ours.index.pending("users", None, 100)
    ours.replace(USERS, 1, n=2)
    ours.create(USERS, 0)
    assert ours.index.acknowledge(batch)
    assert ours.pending(USERS) == {0: 0, 1: 2}


def test_a_delete_between_handing_out_and_acknowledging_is_not_forgotten(ours: Ours) -> None:
    ours.create(USERS, 5)
    batch = ours.index.record("users", 5)
    ours.delete(USERS, 5)
    assert ours.index.acknowledge(batch, [refusal(USERS, 5, "data.json")])
    assert ours.pending(USERS) == {5: 1}
    assert ours.record(USERS, 5).state == State.DELETED


def test_an_acknowledgement_of_before_an_undo_is_ignored(ours: Ours) -> None:
    ours.replace(USERS, 1, n=1)
    batch = ours.index.pending("users", None, 100)
    ours.index.forget("users", [1])
    assert not ours.index.acknowledge(batch)
    assert (ours.pending(USERS), synced(ours, 1)) == ({1: 1}, NEVER)
    ours.replace(USERS, 1, n=2)
    assert synced(ours, 1) == NEVER
