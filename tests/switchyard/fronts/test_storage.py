"""StorageAdapter: the storage calls, in every stage, whatever backend it was built with."""

from __future__ import annotations

import logging

import pytest
from pytest_django import Settings

from accounts.models import User
from migration_control.stages import STAGES, StageRow
from switchyard.fronts import StorageAdapter, StorageBackend
from switchyard.legacy import UserData
from tests.switchyard.conftest import InStage, Run

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)


@every_stage
def test_the_storage_calls_are_the_same_in_every_stage(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    adapter = StorageAdapter(backend=StorageBackend.DUAL, user_service=object(), subscription_service=None)
    run(adapter.save_user(UserData(user_id=7, faceit_nickname="seven")))
    assert run(adapter.get_user(7)).faceit_nickname == "seven"
    assert run(adapter.can_make_request(7)) is True
    assert run(adapter.can_make_request(8)) is False
    assert run(adapter.upgrade_subscription(8, "premium")) is False
    assert User.records.get(8) is None


@every_stage
def test_health_names_who_answers(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    found = run(StorageAdapter().health_check())
    assert found["status"] == "healthy"
    assert found["stores"]["users"] == stage.authority


def test_another_backend_is_told_and_changes_nothing(
    in_stage: InStage, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    in_stage(STAGES[0])
    settings.STORAGE_BACKEND = "dual"
    with caplog.at_level(logging.WARNING):
        info = StorageAdapter(backend="postgresql").get_backend_info()
    assert (info["backend"], info["given"]) == ("dual", "postgresql")
    assert "STORAGE_BACKEND=dual" in info["difference"]
    assert info["difference"] in caplog.text
    assert StorageAdapter().get_backend_info()["difference"] is None
    with pytest.raises(ValueError, match="mongodb"):
        StorageAdapter(backend="mongodb")
