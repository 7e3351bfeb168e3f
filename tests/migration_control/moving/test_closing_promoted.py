"""The database is lost after a component was closed: the others in its files go on in JSON, and in those files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from legacy_json import marker
from legacy_json.conflicts import open_conflicts
from legacy_json.fences import FenceState
from migration_control import components, store
from migration_control.moving import promotion
from migration_control.moving.rows import By
from subscriptions.models import Subscription
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, DUAL_JSON, Ground
from tests.migration_control.moving.test_closing import SHARING, close
from tests.migration_control.protocol import acts

BY = By("ann", "the disk died")


@pytest.fixture
def promoted(ground: Ground) -> Ground:
    """users is closed, with a change that JSON never had; JSON is promoted for subscriptions and analytics."""
    ground.put(DUAL_DATABASE, *SHARING)
    acts.create(1)
    Subscription.records.create(Subscription(user_id=1))
    acts.count(1, 2)
    ground.put(DB_ONLY, *SHARING)
    store.renderer().flush()
    close("users")
    acts.count(1, 5)
    promotion.promote(BY, although_it_answers=True)
    assert (ground.fence("users").state, ground.fence("analytics").state) == (FenceState.SEALED, FenceState.OPEN)
    return ground


def refer() -> None:
    def count_up(subscription: Subscription) -> None:
        subscription.referrals_count += 1

    Subscription.records.update(1, count_up)


def shown() -> Any:
    (user,) = json.loads((store.root() / "data.json").read_text())["users"]
    return user


def test_the_others_are_rendered_beside_the_last_part_of_the_closed_one(promoted: Ground) -> None:
    assert "data.json" in marker.read(store.root()).closed
    refer()
    assert store.renderer().flush() == 1
    assert (shown()["total_requests"], shown()["subscription"]["referrals_count"]) == (2, 1)
    assert "data.json" not in marker.read(store.root()).closed
    assert promoted.fence("users").state is FenceState.SEALED
    refer()
    assert store.renderer().tick() == 1
    assert shown()["subscription"]["referrals_count"] == 2


def test_edits_of_such_a_file_are_looked_for(promoted: Ground) -> None:
    refer()
    store.renderer().flush()
    document = json.loads((store.root() / "data.json").read_text())
    document["users"][0]["subscription"]["referrals_count"] = 70
    (store.root() / "data.json").write_text(json.dumps(document))
    store.renderer().flush(edits=True)
    (conflict,) = open_conflicts(promoted.index)
    assert (conflict.component, conflict.key) == ("subscriptions", 1)
    assert shown()["subscription"]["referrals_count"] == 1


def test_files_are_done_with_again_once_nobody_in_them_is_written(promoted: Ground) -> None:
    for name in ("subscriptions", "analytics"):
        promotion.settle(components.get(name), BY)
    for row, rendered in ((DUAL_JSON, True), (DUAL_DATABASE, True), (DB_ONLY, False)):
        promoted.put(row, "subscriptions", "analytics")
        promoted.index.connection().execute("UPDATE file SET changed = rendered + 1 WHERE name = 'data.json'")
        assert (store.renderer().flush("data.json") == 1) is rendered, row
