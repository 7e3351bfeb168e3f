"""What has to hold before a step: each gate closes for its reason alone, and says what mends it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import User
from legacy_json.owners import Owner
from migration_control import components, findings
from migration_control.mirroring import parking
from migration_control.models import ComponentState, Finding, Run
from migration_control.moving import gates as module
from migration_control.moving.gates import gates
from migration_control.run_states import RunState
from migration_control.stages import STAGES, Step, Store
from tests.migration_control.moving.asking import closed, imported
from tests.migration_control.moving.ground import DB_ONLY, DISABLED, DUAL_DATABASE, DUAL_JSON, Ground

USERS = components.get("users")
MIRROR, FORWARD, ALONE = Step(DISABLED, DUAL_JSON), Step(DUAL_JSON, DUAL_DATABASE), Step(DUAL_DATABASE, DB_ONLY)
BACK, LEAVE = Step(DUAL_DATABASE, DUAL_JSON), Step(DUAL_JSON, DISABLED)


@pytest.fixture(autouse=True)
def _imported(ground: Ground) -> None:
    imported()


def quarantined(name: str = "users") -> None:
    Finding.objects.create(
        component_id=name, key="1", source="data.json", phase="mapping", outcome="quarantined", code="x", detail="x"
    )


def test_on_sound_ground_every_gate_of_every_step_holds(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    for before, after in pairwise(STAGES):
        assert closed(Step(before, after)) == {}
    ground.put(DUAL_JSON, "subscriptions")
    for before, after in pairwise(STAGES):
        assert closed(Step(after, before)) == {}


def test_scenario_27_a_child_does_not_go_before_its_parent(ground: Ground) -> None:
    assert "the parent of subscriptions" in closed(FORWARD, "subscriptions")["relations"]
    ground.put(DUAL_DATABASE, "users")
    assert closed(FORWARD, "subscriptions") == {}


def test_a_component_that_was_never_imported_is_not_mirrored(ground: Ground) -> None:
    Run.objects.filter(component="users").delete()
    assert "migration_import users" in closed(MIRROR)["import"]
    Run.objects.create(component_id="users", state=RunState.CANCELLED, requested_by="test")
    Run.objects.create(component_id="users", state=RunState.COMPLETED, key="1", requested_by="test")
    assert "import" in closed(MIRROR)


def test_an_import_that_was_undone_counts_no_more(ground: Ground) -> None:
    target = Run.objects.get(component="users")
    undo = Run.objects.create(
        component_id="users", kind="undo", target=target, deleted=1, state=RunState.COMPLETED, requested_by="test"
    )
    assert f"Run {undo.pk} has undone" in closed(MIRROR)["import"]
    imported("users")
    assert closed(MIRROR) == {}


def test_nothing_moves_while_an_import_is_being_undone(ground: Ground) -> None:
    undo = Run.objects.create(
        component_id="users", kind="undo", target=Run.objects.get(component="users"), requested_by="test"
    )
    for step in (MIRROR, FORWARD):
        assert f"migration_cancel {undo.pk}" in closed(step)["undo"]


@pytest.mark.parametrize("step", [MIRROR, FORWARD, ALONE, BACK])
def test_a_parked_key_stands_in_the_way(ground: Ground, step: Step) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.put(DUAL_JSON, "subscriptions")
    parking.park(USERS, 1, Store.DATABASE, 3, "no")
    assert "1 key is parked" in closed(step)["parked"]


def test_quarantine_is_to_be_acknowledged_or_overridden(ground: Ground) -> None:
    quarantined()
    (gate,) = (gate for gate in gates(USERS, FORWARD) if not gate.holds)
    assert (gate.name, gate.overridable) == ("quarantine", True)
    findings.acknowledge(Finding.objects.all(), by="ann")
    assert closed(FORWARD) == {}


def test_on_the_way_back_quarantine_is_nobodys_concern(ground: Ground) -> None:
    quarantined()
    assert closed(BACK) == closed(LEAVE) == {}


def test_nothing_else_can_be_overridden(ground: Ground) -> None:
    assert [gate.name for gate in gates(USERS, MIRROR) if gate.overridable] == ["quarantine"]


def test_a_file_that_the_bot_writes_keeps_its_components_disabled(ground: Ground) -> None:
    with ground.index.write() as (sqlite, _):
        sqlite.execute("UPDATE source SET owner = ? WHERE name = 'data.json'", (Owner.LEGACY,))
    assert "legacy_take 'data.json'" in closed(MIRROR)["ownership"]


def test_stores_that_do_not_know_one_another_stop_every_step(ground: Ground) -> None:
    ComponentState.objects.filter(name="users").update(index_id="another", index_counter=1)
    for step in (MIRROR, FORWARD, LEAVE):
        assert "filled from another index" in closed(step)["pairing"]


def test_a_folder_that_belongs_to_another_index_stops_every_step(ground: Ground, bot: object) -> None:
    marker = Path(bot.folder) / ".switchyard" / "owner.json"  # type: ignore[attr-defined]
    marker.parent.mkdir()
    marker.write_text('{"sources": {"data.json": {"store": "%s", "counter": 7}}}' % uuid4())  # noqa: UP031
    assert "belongs to the index" in closed(MIRROR)["pairing"]


def test_the_lag_is_told_before_a_drain_and_counts_after_it(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2, 3):
        ground.records.create(User(user_id=number))
    monkeypatch.setattr(module, "REMAINDER", 2)
    told = {gate.name: gate.detail for gate in gates(USERS, MIRROR)}
    assert told["lag"] == "3 keys to copy first."
    assert "3 keys are still to be copied" in closed(MIRROR, drained=True)["lag"]


def test_the_lag_of_json_is_what_the_database_changed(ground: Ground) -> None:
    ground.put(DUAL_DATABASE, "users", "subscriptions", "analytics")
    ground.move(DB_ONLY)
    ground.records.create(User(user_id=1))
    told = {gate.name: gate.detail for gate in gates(USERS, Step(DB_ONLY, DUAL_DATABASE))}
    assert told["lag"] == "1 key to copy first."


def test_leaving_the_mirror_asks_nothing_of_the_other_store(ground: Ground) -> None:
    parking.park(USERS, 1, Store.DATABASE, 3, "no")
    quarantined()
    with ground.index.write() as (sqlite, _):
        sqlite.execute("UPDATE source SET owner = ?", (Owner.LEGACY,))
    assert closed(LEAVE) == {}


def test_migration_mode_disabled_closes_every_step(ground: Ground, settings: Settings) -> None:
    settings.MIGRATION_MODE = "disabled"
    for step in (MIRROR, LEAVE):
        assert "manual or auto" in closed(step)["mode"]


def test_a_database_that_takes_no_writes_is_found_before_the_step(ground: Ground) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            assert "takes no writes" in closed(FORWARD)["database"]
        finally:
            cursor.execute("RESET default_transaction_read_only")


def test_a_database_that_does_not_answer_is_the_one_gate_that_is_shown(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        patch.setitem(connection.settings_dict, "PORT", "1")
        assert "cannot be reached" in closed(FORWARD)["database"]
        assert len(gates(USERS, FORWARD)) == 1


def test_a_connection_that_was_cut_closes_the_gate_too(ground: Ground) -> None:
    connection.ensure_connection()
    connection.connection.close()
    try:
        assert "cannot be reached" in closed(FORWARD)["database"]
    finally:
        connection.close()


def test_a_process_kept_from_the_database_moves_nothing(ground: Ground, settings: Settings) -> None:
    settings.DATABASE_USED = False
    assert "ENABLE_SERVICES=true" in closed(FORWARD)["database"]


def test_an_index_that_cannot_be_opened_closes_the_gate(ground: Ground, settings: Settings, tmp_path: Path) -> None:
    settings.LEGACY_INDEX = tmp_path / "other.sqlite3"
    settings.LEGACY_INDEX.write_text("no database at all" * 100)
    assert "cannot be used" in closed(FORWARD)["index"]


def test_a_host_without_the_files_leaves_them_to_one_that_has_them(ground: Ground, settings: Settings) -> None:
    quarantined()
    settings.LEGACY_DIR = None
    found = {gate.name: gate for gate in gates(USERS, MIRROR)}
    assert not found["quarantine"].holds
    assert "the host that has the files" in found["files"].detail
    assert not {"lag", "ownership", "way back", "pairing"} & set(found)


def test_every_gate_that_closes_says_what_mends_it(ground: Ground) -> None:
    Run.objects.all().delete()
    parking.park(USERS, 1, Store.DATABASE, 3, "no")
    quarantined()
    for gate in gates(USERS, MIRROR):
        assert gate.holds or gate.remedy, gate
