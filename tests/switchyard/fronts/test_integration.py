"""The companion bot's store and manager, in every stage."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from analytics.recording import Recorder
from conversations.models import Profile
from migration_control.stages import STAGES, StageRow
from switchyard.fronts import (
    DatabaseIntegrationManager,
    HybridDataStore,
    create_database_adapter,
    get_cache_stats,
    get_health_status,
    hybrid,
    init_database_integration,
    integration,
    shutdown_database_integration,
)
from switchyard.legacy import Profile as LegacyProfile
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON
from tests.switchyard.conftest import InStage, Run


@pytest.fixture(autouse=True)
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's own would keep its connection for good."""
    mine = Recorder(100, 0.1)
    for module in (hybrid, integration):
        monkeypatch.setattr(module, "recorder", lambda: mine)
    yield
    mine.close(20)


every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)


@every_stage
def test_profiles(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    store = HybridDataStore("whatever", pool_size=20)
    assert run(store.get_user_profile(5)) is None
    assert run(store.update_user_activity(5)) is False
    assert run(store.save_user_profile(5, {"name": "Vera", "summary": {"1": "one"}})) is True
    assert run(store.save_user_profile(5, {"chat_id": 5, "summary": {"2": "two"}})) is True
    assert run(store.update_user_activity(5)) is True
    found = run(store.get_user_profile(5))
    assert (found["name"], found["message_count"], found["summary"]) == ("Vera", 1, {"1": "one", "2": "two"})


@every_stage
def test_what_no_profile_can_be_stores_nothing(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    store = HybridDataStore()
    bad: list[tuple[Any, dict[str, Any]]] = [
        (5, {"name": 7}),
        (5, {"nonsense": 1}),
        (5, {"chat_id": 6}),
        (True, {"name": "x"}),
        (1 << 70, {"name": "x"}),
        (5, {"name": "\0"}),
    ]
    for chat_id, data in bad:
        assert run(store.save_user_profile(chat_id, data)) is False
    assert list(Profile.records.iterate()) == []


@every_stage
def test_configuration(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    store = HybridDataStore()
    assert run(store.get_bot_configuration("model", "none")) == "none"
    assert run(store.save_bot_configuration("model", {"name": "x"})) is True
    assert run(store.get_bot_configuration("model")) == {"name": "x"}
    assert run(store.save_bot_configuration("", 1)) is False


@every_stage
def test_health_and_figures(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    store = HybridDataStore()
    assert run(store.health_check())["overall"] == "healthy"
    assert run(get_health_status())["stores"]["profiles"] == stage.authority
    assert run(store.get_performance_metrics())["latency_ms"] == {}
    run(store.get_user_profile(5))
    figures = run(store.get_performance_metrics())["latency_ms"]["get_user_profile"]
    assert figures["calls"] == 1
    assert 0 < figures["mean"] <= figures["most"]
    assert run(get_cache_stats())["enabled"] is False


def test_events_are_written_at_the_shutdown(in_stage: InStage, run: Run, settings: Settings) -> None:
    in_stage(DISABLED)
    store = HybridDataStore()
    settings.ENABLE_ANALYTICS = False
    assert run(store.log_analytics_event("seen", {"a": 1}, 5)) is False
    settings.ENABLE_ANALYTICS = True
    assert run(store.log_analytics_event("seen", {"a": 1}, 5)) is True
    assert run(shutdown_database_integration()) is True
    counts = run(store.get_performance_metrics())["events"]
    assert (counts["written"], counts["waiting"]) == (1, 0)


def stages(manager: DatabaseIntegrationManager) -> dict[str, str]:
    return {name: f"{each['stage']} reading {each['reads']}" for name, each in manager.get_migration_status().items()}


def test_enabled_and_disabled_again(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    Profile.records.create(Profile(chat_id=5, name="Vera"))
    manager = DatabaseIntegrationManager("companion")
    assert run(manager.enable_migration(["users"])) is True
    there = stages(manager)
    assert (there["profiles"], there["users"], there["configuration"]) == (str(DUAL_JSON), str(DISABLED), str(DISABLED))
    assert run(manager.enable_migration(["users", "configuration", "conversations", "analytics"])) is True
    assert {stages(manager)[name] for name in ("configuration", "conversations", "analytics")} == {str(DUAL_JSON)}
    Profile.records.create(Profile(chat_id=6, name="Zoe"))
    assert run(manager.disable_migration()) is True
    assert set(stages(manager).values()) == {str(DISABLED)}
    assert [profile.chat_id for profile in Profile.records.iterate()] == [5, 6]


@pytest.mark.parametrize("stage", [DUAL_DATABASE, DB_ONLY], ids=str)
def test_enabling_moves_nothing_back_and_disabling_all_the_way(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    Profile.records.create(Profile(chat_id=5, name="Vera"))
    manager = DatabaseIntegrationManager()
    assert run(manager.enable_migration(["users"])) is True
    assert stages(manager)["profiles"] == str(stage)
    assert run(manager.disable_migration(["users"])) is True
    assert stages(manager)["profiles"] == str(DISABLED)
    assert Profile.records.get(5) is not None


def test_what_stands_in_the_way_is_told(
    in_stage: InStage, run: Run, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    in_stage(DISABLED)
    manager = DatabaseIntegrationManager("another")
    assert "COMPANION_BOT_ID" in caplog.text
    assert run(manager.enable_migration(["users", "nonsense"])) is False
    assert stages(manager)["profiles"] == str(DISABLED)
    settings.MIGRATION_MODE = "disabled"
    with caplog.at_level(logging.WARNING):
        assert run(manager.enable_migration(["users"])) is False
    assert "profiles was not moved" in caplog.text
    assert stages(manager)["profiles"] == str(DISABLED)


def test_start_as_the_document_has_it(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    assert run(init_database_integration(bot_id="companion", enable_migration=False)) is True
    assert stages(DatabaseIntegrationManager())["profiles"] == str(DISABLED)
    adapter = run(create_database_adapter(Girls()))
    run(adapter.ensure_girl(5, "Vera"))
    assert Profile.records.get(5).name == "Vera"  # type: ignore[union-attr]
    assert run(init_database_integration(enable_migration=True)) is True
    assert stages(DatabaseIntegrationManager())["profiles"] == str(DUAL_JSON)


class Girls:
    """A bot's own manager."""

    async def load_profile(self, chat_id: int) -> LegacyProfile | None:
        raise AssertionError("replaced")

    async def save_profile(self, profile: LegacyProfile) -> None:
        raise AssertionError("replaced")
