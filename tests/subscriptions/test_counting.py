"""Figures of all subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from subscriptions import services
from tests.subscriptions.scene import ANN, NOW, Scene, days


def test_figures_are_the_same_in_every_stage(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migration_control.routing.records.PAGE", 2)
    scene.join(ANN - 1)  # has no subscription
    put: list[dict[str, Any]] = [
        {"tier": "free", "daily_requests": 4, "last_reset_date": NOW},
        {"tier": "premium", "expires_at": NOW + days(1), "daily_requests": 3, "last_reset_date": NOW - days(2)},
        {"tier": "pro", "expires_at": None, "daily_requests": 50, "last_reset_date": NOW},
        {"tier": "pro", "expires_at": NOW - days(1)},
        {"tier": "platinum"},
    ]
    for number, values in enumerate(put):
        scene.subscribe(ANN + number, **values)
    assert services.statistics(now=NOW) == {
        "total_users": 5,
        "free_users": 3,
        "premium_users": 1,
        "pro_users": 1,
        "active_users": 2,
        "daily_requests": 54,
    }


def test_of_nobody_all_figures_are_nought(scene: Scene) -> None:
    assert set(services.statistics(now=NOW).values()) == {0}
