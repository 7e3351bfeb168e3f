"""An index from a backup of a moment ago, before the numbers of copies could show it (scenario 49)."""

from __future__ import annotations

import shutil

import pytest

from accounts.models import User
from migration_control import pairing
from migration_control.mirroring import acknowledging, draining_to_database
from tests.migration_control.moving.ground import DUAL_JSON, Ground


def count_up(user: User) -> None:
    user.total_requests += 1


@pytest.fixture
def restored(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """Two writes were copied, and not acknowledged, when the index was put back to what it was before them."""
    ground.move(DUAL_JSON)
    ground.records.create(User(user_id=1))
    acknowledging.flush()
    monkeypatch.setattr(acknowledging, "note", lambda *_: None)
    path = ground.index.path
    ground.index.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ground.index.close()
    backup = path.with_suffix(".backup")
    shutil.copy2(path, backup)
    for _ in range(2):
        ground.records.update(1, count_up)
    ground.index.close()
    shutil.copy2(backup, path)
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    return ground


def test_scenario_49_a_copy_that_meets_a_newer_row_tells_and_acknowledges_nothing(
    restored: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    pairing.check("users", restored.index)
    restored.records.update(1, count_up)
    assert "the database has newer versions of 1 records" in caplog.text
    assert restored.index.count_pending("users") == 1
    assert restored.in_database(1).total_requests == 2


def test_scenario_49_the_drain_stops_at_it(restored: Ground) -> None:
    restored.records.update(1, count_up)
    with pytest.raises(pairing.StoresDisagree, match="a backup"):
        draining_to_database.drain(restored.users, restored.index)
    assert restored.index.count_pending("users") == 1
