"""Scenario 53: what was pruned does not come back, by import or mirror, in whatever place a crash comes between."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from analytics.models import Event
from legacy_json.index import Index
from legacy_json.records import State
from migration_control import components, copying, dryrun, pairing, retention, store, tasks, undoing
from migration_control.models import Change, ComponentState, Finding
from migration_control.prepare import Prepared, prepare
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, Importer, user, work
from tests.staff import give_authority_to_the_database
from tests.standing import fence_too

pytestmark = pytest.mark.django_db(transaction=True)
ANALYTICS, USERS = components.get("analytics"), components.get("users")
OLD, KEPT = "202410", "202411"
METRICS = ["data:analytics", "metrics:0000000000", "metrics:current"]


def event(number: object) -> dict[str, object]:
    return {"timestamp": "2024-10-05T10:00:00+00:00", "bot_id": "x", "event_type": "t", "event_data": number}


def write(bot: Bot, name: str, value: object) -> None:
    (bot.folder / name).write_text(json.dumps(value))


@pytest.fixture
def events(bot: Bot, settings: Settings) -> Bot:
    """Three events of October, one of which is no record, two of November, and metrics."""
    settings.BOTS = ["faceit", "companion"]
    bot.writes(user(1))
    write(bot, f"analytics_{OLD}.json", [event(1), event(2), 5])
    write(bot, f"analytics_{KEPT}.json", [event(3), event(4)])
    write(bot, "metrics.json", {"current": {"n": 1}, "history": [{"timestamp": None, "metrics": {}}]})
    return bot


def rows() -> list[str]:
    return sorted(Event.objects.values_list("pk", flat=True))


def kept() -> list[str]:
    return [f"{KEPT}:0000000000", f"{KEPT}:0000000001", *METRICS]


def ledger(index: Index) -> tuple[int, int, int, int]:
    found = index.ledger("analytics")
    assert found.balanced, found
    return found.imported, found.quarantined, found.pruned, found.pending


# Both stores


def test_what_lies_below_the_floor_goes_from_both_stores(events: Bot, index: Index, run_import: Importer) -> None:
    assert run_import("analytics").state == RunState.INCOMPLETE
    done = retention.prune(ANALYTICS, KEPT)
    assert (done.rows, done.records) == (2, 3)
    assert rows() == kept()
    assert ledger(index) == (5, 0, 3, 0)
    state = ComponentState.objects.get(name="analytics")
    assert (state.floor, (state.ledger or {})["pruned"]) == (KEPT, 3)
    assert not Finding.objects.filter(component="analytics").exists()
    assert not Change.objects.filter(component="analytics").exists()


@pytest.mark.parametrize("change", ["nothing", "appended", "new file", "renamed declaration"])
def test_no_import_brings_it_back(
    events: Bot, index: Index, run_import: Importer, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_import("analytics")
    retention.prune(ANALYTICS, KEPT)
    if change == "appended":
        write(events, f"analytics_{OLD}.json", [event(1), event(2), 5, event(6)])
    if change == "new file":
        write(events, "analytics_202301.json", [event(1), 6])
    if change == "renamed declaration":  # everything is read again
        with index.write() as (sqlite, _):
            sqlite.execute("UPDATE source SET declared = 'another'")
    run = run_import("analytics", retry_quarantined=True)
    assert (run.state, run.inserted) == (RunState.COMPLETED, 0)
    assert rows() == kept()
    assert ledger(index)[0] == 5


def test_no_import_of_the_key_itself_brings_it_back(events: Bot, run_import: Importer) -> None:
    run_import("analytics")
    retention.prune(ANALYTICS, KEPT)
    run_import("analytics", key=f"{OLD}:0000000000")
    assert rows() == kept()


def test_a_month_never_touches_metrics(events: Bot, run_import: Importer) -> None:
    run_import("analytics")
    retention.prune(ANALYTICS, "999912")
    assert rows() == METRICS


def test_a_prune_before_the_first_import_holds_too(events: Bot, index: Index, run_import: Importer) -> None:
    assert retention.prune(ANALYTICS, KEPT)[2:] == (0, 0)
    run_import("analytics")
    assert rows() == kept()
    assert index.floor("analytics") == KEPT
    assert ledger(index) == (5, 0, 3, 0)


def test_keys_that_are_numbers_are_compared_as_numbers(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(9), user(10), user(100), user(-5))
    run_import()
    assert retention.prune(USERS, 10).rows == 2
    assert list(User.objects.order_by("pk").values_list("pk", flat=True)) == [10, 100]
    bot.writes(user(9, language="en"), user(10), user(100), user(-5), user(3))
    assert run_import().inserted == 0


def test_keys_that_are_texts_are_compared_by_their_bytes(events: Bot, run_import: Importer) -> None:
    write(events, "analytics_Z.json", [event(1)])
    write(events, "analytics_é.json", [event(1)])
    run_import("analytics")
    retention.prune(ANALYTICS, "a")
    assert rows() == [*METRICS, "é:0000000000"]


def test_the_floor_is_never_lowered(events: Bot, run_import: Importer) -> None:
    run_import("analytics")
    retention.prune(ANALYTICS, KEPT)
    assert retention.prune(ANALYTICS, "202401").floor == KEPT
    assert retention.preview(ANALYTICS, "202401").floor == KEPT
    assert ComponentState.objects.get(name="analytics").floor == KEPT


def test_more_rows_than_one_transaction_takes(
    events: Bot, run_import: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 1)
    run_import("analytics")
    assert retention.prune(ANALYTICS, KEPT).rows == 2
    assert rows() == kept()


# Copies that are under way


def prepared(index: Index) -> Prepared:
    batch = index.pending("analytics", None, 100)
    return prepare(ANALYTICS, batch, store.time_zone(ANALYTICS), index.file_name, None)


def test_a_copy_that_was_prepared_before_leaves_it_out(events: Bot, index: Index) -> None:
    store.refresh(ANALYTICS)
    late = prepared(index)
    retention.prune(ANALYTICS, KEPT)
    with transaction.atomic():
        counts = copying.copy(ANALYTICS, late, index)
    assert (rows(), counts.inserted, counts.unchanged) == (kept(), 5, 2)


def test_a_copy_that_is_under_way_is_waited_for_and_what_it_brought_goes_too(events: Bot, index: Index) -> None:
    store.refresh(ANALYTICS)
    with transaction.atomic():
        copying.copy(ANALYTICS, prepared(index), index)
        pruning = threading.Thread(target=prune_and_close)
        pruning.start()
        while not waiting():
            assert pruning.is_alive(), "the floor was raised past the copy under way"
    pruning.join(30)
    assert rows() == kept()


def prune_and_close() -> None:
    retention.prune(ANALYTICS, KEPT)
    store.index().close()
    connection.close()


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return int(cursor.fetchone()[0])


def test_a_copy_of_what_the_database_cannot_hold_leaves_no_finding_below_the_floor(events: Bot, index: Index) -> None:
    write(events, f"analytics_{OLD}.json", [event(float("nan"))])
    store.refresh(ANALYTICS)
    late = prepared(index)
    assert late.quarantined == 1
    retention.prune(ANALYTICS, KEPT)
    with transaction.atomic():
        copying.copy(ANALYTICS, late, index)
    assert (late.findings, late.quarantined) == ([], 0)


def test_a_tombstone_below_the_floor_is_not_written_again(events: Bot, index: Index, run_import: Importer) -> None:
    run_import("analytics")
    write(events, f"analytics_{OLD}.json", [event(2), 5])
    store.refresh(ANALYTICS)
    late = prepared(index)
    assert [key for key, _ in late.deletes] == [f"{OLD}:0000000000"]
    retention.prune(ANALYTICS, KEPT)
    with transaction.atomic():
        copying.copy(ANALYTICS, late, index)
    assert not Change.objects.exists()


def test_a_dry_run_says_that_it_lies_below_the_floor(events: Bot, index: Index) -> None:
    store.refresh(ANALYTICS)
    retention.prune(ANALYTICS, KEPT)
    (planned,) = dryrun.plan(ANALYTICS, f"{OLD}:0000000000")
    assert (planned.action, planned.detail) == ("none", "it lies below the floor, '202411'")


# Undo, pairing


def test_an_undo_neither_brings_it_back_nor_counts_it_twice(events: Bot, index: Index, run_import: Importer) -> None:
    first = run_import("analytics")
    retention.prune(ANALYTICS, KEPT)
    work(undoing.request(first.pk, requested_by="ann"))
    assert rows() == []
    assert ledger(index)[2:] == (3, 5)
    run_import("analytics")
    assert rows() == kept()


def test_an_index_made_anew_learns_the_floor(events: Bot, run_import: Importer, settings: Settings) -> None:
    run_import("analytics")
    retention.prune(ANALYTICS, KEPT)
    store.index().close()
    settings.LEGACY_INDEX = settings.LEGACY_INDEX.with_name("another.sqlite3")
    store.refresh(ANALYTICS, pairing_checked=False)
    pairing.pair(ANALYTICS, store.index())
    run_import("analytics")
    assert rows() == kept()
    assert ledger(store.index()) == (5, 0, 3, 0)


def test_stores_that_do_not_know_one_another_are_refused(events: Bot, run_import: Importer, settings: Settings) -> None:
    run_import("analytics")
    store.index().close()
    settings.LEGACY_INDEX = settings.LEGACY_INDEX.with_name("another.sqlite3")
    with pytest.raises(pairing.StoresDisagree):
        retention.prune(ANALYTICS, KEPT)
    assert ComponentState.objects.get(name="analytics").floor == ""


# The database as the authority


def test_the_database_as_the_authority_is_pruned_without_a_note_for_the_other_store(
    events: Bot, index: Index, run_import: Importer
) -> None:
    run_import("analytics")
    give_authority_to_the_database("analytics")
    fence_too(index, "analytics")
    Event.objects.create(id=f"{OLD}:0000000009", file=OLD)
    Event.objects.filter(pk__in=[f"{OLD}:0000000000", f"{KEPT}:0000000000"]).update(event_type="changed")
    Event.objects.filter(pk=f"{OLD}:0000000001").delete()
    assert Change.objects.count() == 4
    assert retention.prune(ANALYTICS, KEPT).rows == 2
    assert rows() == kept()
    assert list(Change.objects.values_list("key", flat=True)) == [f"{KEPT}:0000000000"]
    assert index.floor("analytics") == KEPT


# Crashes


class Killed(BaseException):
    """As a killed worker ends: nothing below it is caught."""


STEPS = ("nothing", "the floor", "some rows", "the rows", "the changes", "the index's floor")


def die_after(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let prune() end in this place."""
    calls = iter(range(100))

    def entering(number: int) -> Callable[..., None]:
        def enter(*arguments: Any, **options: Any) -> None:
            if next(calls) == number:
                raise Killed
            copying.enter(*arguments, **options)

        return enter

    def index_floor_only(index: Index, component: str, floor: str) -> int:
        with index.write() as (sqlite, _):
            sqlite.execute("UPDATE scanned SET floor = ? WHERE component = ?", (floor, component))
        raise Killed

    def nothing(*arguments: object) -> int:
        raise Killed

    monkeypatch.setattr(retention, "ROWS", 1)  # 0: the floor; 1, 2, 3: rows and none left; 4: the changes
    if step == "the index's floor":
        monkeypatch.setattr(Index, "prune", index_floor_only)
    elif step == "the changes":
        monkeypatch.setattr(Index, "prune", nothing)
    else:
        monkeypatch.setattr(
            retention, "enter", entering({"nothing": 0, "the floor": 1, "some rows": 2, "the rows": 4}[step])
        )


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_leaves_nothing_that_comes_back(events: Bot, index: Index, run_import: Importer, step: str) -> None:
    run_import("analytics")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO migration_control_change VALUES ('analytics', %s, 5, true, -1, 1, pg_current_xact_id())",
            [f"{OLD}:0000000007"],
        )
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        die_after(step, patch)
        retention.prune(ANALYTICS, KEPT)
    left = [key for key in rows() if key < KEPT]
    assert len(left) == {"nothing": 2, "the floor": 2, "some rows": 1}.get(step, 0)
    # What is gone stays gone, and what changes in the file does not arrive any more.
    with index.write() as (sqlite, counter):
        sqlite.execute(
            "INSERT OR REPLACE INTO pending SELECT component, key, -1, ? FROM record WHERE component = 'analytics'"
            " AND state = ?", (counter, State.LIVE),
        )  # fmt: skip
    write(events, f"analytics_{OLD}.json", [event(1), event(2), event(7), event(8)])
    run_import("analytics")
    if step == "nothing":
        assert len(rows()) == 9
    else:
        assert [key for key in rows() if key < KEPT] == left
    retention.prune(ANALYTICS, KEPT)
    assert rows() == kept()
    assert ledger(index) == (5, 0, 4, 0)
    assert not Change.objects.exists()


# The settings


def test_beat_raises_the_floor_that_a_component_declares(
    events: Bot, run_import: Importer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_import("analytics")
    monkeypatch.setattr(timezone, "now", lambda: datetime(2024, 12, 24, tzinfo=UTC))
    assert tasks.raise_floors() == 0
    settings.ANALYTICS_RETENTION_MONTHS = 0
    assert tasks.raise_floors() == 1
    assert rows() == kept()


def test_a_component_that_fails_is_told_in_the_log_and_the_next_night_tries_again(
    events: Bot,
    run_import: Importer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run_import("analytics")
    settings.ANALYTICS_RETENTION_MONTHS = 0
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(retention, "prune", refuse)
        assert retention.raise_floors(datetime(2024, 12, 1, tzinfo=UTC)) == []
    assert "analytics was not pruned" in caplog.text
    assert len(retention.raise_floors(datetime(2024, 12, 1, tzinfo=UTC))) == 1


def test_a_clock_that_is_ahead_prunes_nothing_new(events: Bot, run_import: Importer, settings: Settings) -> None:
    run_import("analytics")
    settings.ANALYTICS_RETENTION_MONTHS = 0
    retention.raise_floors(datetime(2031, 1, 1, tzinfo=UTC))
    assert rows() == kept()


@pytest.mark.parametrize("stem", ["2024-12", "12"])
def test_a_file_that_is_named_after_no_month_is_not_pruned_by_itself(
    events: Bot, run_import: Importer, settings: Settings, caplog: pytest.LogCaptureFixture, stem: str
) -> None:
    write(events, f"analytics_{stem}.json", [event(9)])
    run_import("analytics")
    before = rows()
    settings.ANALYTICS_RETENTION_MONTHS = 0
    with caplog.at_level(logging.WARNING):
        assert retention.raise_floors(datetime(2024, 12, 1, tzinfo=UTC)) == []
    assert f"analytics_{stem}.json is not named after a month" in caplog.text
    assert rows() == before


def refuse(component: components.Component, floor: str) -> None:
    raise retention.CutsAList(component.name, floor)


def test_beat_knows_the_task_and_its_queue() -> None:
    entry = configured.CELERY_BEAT_SCHEDULE["raise floors"]
    assert entry["task"] == tasks.raise_floors.name
    assert entry["options"]["queue"] == "legacy"


def test_a_floor_in_the_middle_of_a_list_is_refused(events: Bot) -> None:
    with pytest.raises(retention.CutsAList, match="202411"):
        retention.prune(ANALYTICS, f"{KEPT}:0000000001")
    assert ComponentState.objects.get(name="analytics").floor == ""
