"""An older index under a process that runs: it was JSON's then, and would be served, and written."""

from __future__ import annotations

import sqlite3
import time
from types import SimpleNamespace

import pytest

from legacy_json import connections
from legacy_json.errors import IndexUnusable
from migration_control import store
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground
from tests.migration_control.moving.test_closing import SHARING, close
from tests.migration_control.protocol import acts


@pytest.mark.parametrize("closed", [False, True], ids=["db-only", "closed"])
def test_an_older_index_is_noticed_by_the_process_that_has_it_open(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, *, closed: bool
) -> None:
    acts.create(1)
    store.renderer().flush()
    backup = sqlite3.connect(":memory:")
    ground.index.connection().backup(backup)
    ground.put(DUAL_DATABASE, *SHARING)
    acts.count(1, 3)
    ground.put(DB_ONLY, *SHARING)
    store.renderer().flush()
    if closed:
        close(*SHARING)
    acts.count(1, 4)
    later = time.monotonic() + connections.LOOK_SECONDS
    there = sqlite3.connect(ground.index.path)
    backup.backup(there)
    there.close()
    monkeypatch.setattr(connections, "time", SimpleNamespace(monotonic=lambda: later))
    for act in (lambda: ground.records.get(1), lambda: acts.count(1, 1)):
        with pytest.raises(IndexUnusable, match="from a backup"):
            act()
    assert ground.in_database(1).total_requests == 7
