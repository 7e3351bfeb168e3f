"""From the bot's file to the table, with every entry accounted for."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import User
from legacy_json.index import Index
from migration_control import components, copying, importing, runs, store
from migration_control.advance import advance
from migration_control.components import Component
from migration_control.models import Change, ComponentState, Finding, Run
from migration_control.prepare import Prepared, prepare
from migration_control.run_states import RunState
from subscriptions.models import Subscription
from tests.migration_control.world import Bot, Importer, subscription, user, work
from tests.staff import give_authority_to_the_database

pytestmark = pytest.mark.django_db(transaction=True)
USERS = components.get("users")


def copy_pending(index: Index) -> copying.Counts:
    """Copy without acknowledging: a worker that dies in between."""
    batch = index.pending("users", None, 1000)
    prepared = prepare(USERS, batch, store.time_zone(USERS), lambda file: "data.json", None)
    with transaction.atomic():
        return copying.copy(USERS, prepared, index)


def test_users_and_their_embedded_subscriptions_arrive(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, faceit_nickname="ник"), user(2**40, subscription=subscription(tier="pro")))
    assert run_import("users").state == RunState.COMPLETED
    assert run_import("subscriptions").state == RunState.COMPLETED
    assert list(User.objects.order_by("pk").values_list("pk", "faceit_nickname")) == [(1, "ник"), (2**40, None)]
    assert list(Subscription.objects.values_list("pk", "tier")) == [(2**40, "pro")]


def test_a_second_run_changes_nothing_and_says_so(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    assert run_import().inserted == 2
    again = run_import()
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)
    assert "nothing changed" in again.message


def test_the_file_is_followed_by_difference(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2), user(3))
    run_import()
    bot.writes(user(1), user(2, language="en"), user(4))
    run = run_import()
    assert (run.inserted, run.updated, run.deleted) == (1, 1, 1)
    assert list(User.objects.order_by("pk").values_list("pk", "language", "version")) == [
        (1, "ru", 0),
        (2, "en", 1),
        (4, "ru", 0),
    ]


def test_a_record_that_goes_and_returns_comes_back(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    run_import()
    bot.writes(user(1))
    run_import()
    assert Change.objects.filter(component="users", key="2", deleted=True).exists()
    bot.writes(user(1), user(2, language="en"))
    run_import()
    assert User.objects.get(pk=2).language == "en"


def test_scenario_1_an_older_version_does_not_replace_a_newer_one(bot: Bot, index: Index, run_import: Importer) -> None:
    bot.writes(user(1))
    store.refresh(USERS)
    late = prepare(USERS, index.pending("users", None, 10), store.time_zone(USERS), lambda file: "data.json", None)
    bot.writes(user(1, language="en"))
    run_import()
    copying_again(late)
    assert User.objects.get(pk=1).language == "en"


def test_scenario_2_a_late_copy_does_not_bring_a_deleted_record_back(
    bot: Bot, index: Index, run_import: Importer
) -> None:
    bot.writes(user(1), user(2))
    store.refresh(USERS)
    late = prepare(USERS, index.pending("users", None, 10), store.time_zone(USERS), lambda file: "data.json", None)
    bot.writes(user(1))
    run_import()
    copying_again(late)
    assert list(User.objects.values_list("pk", flat=True)) == [1]


def test_scenario_2_holds_on_the_straight_way_into_an_empty_range(bot: Bot, index: Index, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    store.refresh(USERS)
    late = prepare(USERS, index.record("users", 2), store.time_zone(USERS), lambda file: "data.json", None)
    bot.writes(user(1))
    run_import()
    copying_again(late)
    assert list(User.objects.values_list("pk", flat=True)) == [1]


def copying_again(late: Prepared) -> None:
    with transaction.atomic():
        copying.copy(USERS, late, store.index())


def test_scenario_30_newer_rows_stay_when_an_import_is_run_again(bot: Bot, index: Index, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    run_import()
    with index.write() as (connection, counter):
        connection.execute("UPDATE record SET version = 5 WHERE component = 'users' AND key = 1")
        connection.execute("INSERT INTO pending VALUES ('users', 1, 0, ?)", (counter,))
    run_import()
    assert User.objects.get(pk=1).version == 5
    with index.write() as (connection, counter):
        connection.execute("UPDATE record SET version = 3 WHERE component = 'users' AND key = 1")
        connection.execute("INSERT INTO pending VALUES ('users', 1, 0, ?)", (counter,))
    run = run_import()
    assert (run.unchanged, User.objects.get(pk=1).version) == (1, 5)


def test_a_crash_between_copy_and_acknowledgement_costs_only_a_repetition(
    bot: Bot, index: Index, run_import: Importer
) -> None:
    bot.writes(user(1), user(2))
    store.refresh(USERS)
    assert copy_pending(index).inserted == 2
    assert index.count_pending("users") == 2
    run = run_import()
    assert (run.unchanged, run.inserted, run.state) == (2, 0, RunState.COMPLETED)


def test_two_users_may_swap_a_unique_value(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, faceit_player_id="x"), user(2, faceit_player_id="y"))
    run_import()
    bot.writes(user(1, faceit_player_id="y"), user(2, faceit_player_id="x"))
    assert run_import().state == RunState.COMPLETED
    assert list(User.objects.order_by("pk").values_list("faceit_player_id", flat=True)) == ["y", "x"]


def test_a_unique_value_may_pass_to_a_record_of_another_batch(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, faceit_player_id="x"), user(2), user(3))
    run_import()
    bot.writes(user(1), user(2), user(3, faceit_player_id="x"))
    assert run_import(batch_size=1).state == RunState.COMPLETED
    bot.writes(user(1, faceit_player_id="x"), user(2), user(3))
    assert run_import(batch_size=1).state == RunState.COMPLETED
    assert list(User.objects.order_by("pk").values_list("faceit_player_id", flat=True)) == ["x", None, None]


def test_scenario_47_duplicates_that_the_file_has_arrive_marked_and_reported(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(9, faceit_player_id="x"), user(3, faceit_player_id="x"))
    assert run_import().state == RunState.COMPLETED
    assert list(User.objects.order_by("pk").values_list("pk", "duplicate")) == [(3, True), (9, False)]
    assert Finding.objects.get(code="duplicate-value").key == "3"


def test_scenario_19_poison_is_set_apart_with_its_bytes_and_everything_else_arrives(
    bot: Bot, run_import: Importer, index: Index
) -> None:
    good = json.dumps(user(1))
    bot.writes_text(
        '{"users": [' + good + ","
        + json.dumps(user(2, total_requests=10**30)) + ","
        + json.dumps(user(3)).replace('"total_requests": 3', '"total_requests": NaN') + ","
        + json.dumps(user(4)).replace('"total_requests": 3', '"total_requests": 1e400') + ","
        + json.dumps(user(5, faceit_nickname="a\0b")) + ","
        + json.dumps(user(6, faceit_nickname="a\ud800")) + ","
        + json.dumps(user(7)).replace('"language": "ru"', '"language": "ru", "language": "en"') + ","
        + json.dumps(user(1, language="xx")) + ', 17, {"name": "no id"}],'
        '"analytics": {}}'
    )  # fmt: skip
    run = run_import()
    assert run.state == RunState.INCOMPLETE
    assert "6 in quarantine" in run.message
    assert list(User.objects.order_by("pk").values_list("pk", "faceit_nickname", "language")) == [
        (1, None, "ru"),
        (5, "ab", "ru"),
        (6, "a\ufffd", "ru"),
        (7, None, "en"),
    ]
    apart = Finding.objects.filter(outcome="quarantined")
    assert {finding.key for finding in apart} == {"1", "2", "3", "4", None}
    assert "NaN" in apart.get(key="3").raw_text()
    assert Finding.objects.filter(outcome="repaired", key__in=["5", "6", "7"]).count() == 3
    ledger = index.ledger("users")
    assert (ledger.entries, ledger.imported, ledger.quarantined, ledger.balanced) == (10, 4, 6, True)


def test_scenario_32_partial_success_is_not_called_complete_until_staff_acknowledge_it(
    bot: Bot, run_import: Importer
) -> None:
    bot.writes(user(1), user(2, total_requests=10**30))
    assert run_import().state == RunState.INCOMPLETE
    assert run_import().state == RunState.INCOMPLETE
    Finding.objects.filter(outcome="quarantined").update(acknowledged_by="eve", acknowledged_at=Now())
    assert run_import().state == RunState.COMPLETED


def test_a_record_that_a_newer_generation_superseded_makes_no_run_incomplete(
    bot: Bot, run_import: Importer, settings: Settings, index: Index
) -> None:
    settings.BOTS = ["companion"]
    folder = settings.LEGACY_DIR
    (folder / "girls_data").mkdir()
    (folder / "girls_data.json").write_text('{"girls": {"1": {"name": "old"}, "2": {"name": "alone"}}}')
    (folder / "girls_data" / "1.json").write_text('{"chat_id": 1, "name": "new"}')
    run = run_import("profiles")
    assert (run.state, run.inserted, run.message) == (RunState.COMPLETED, 2, "")
    (finding,) = Finding.objects.filter(component_id="profiles", source="girls_data.json", ordinal=0)
    assert (finding.outcome, finding.code, finding.key) == ("reported", "superseded", "1")
    ledger = index.ledger("profiles")
    assert (ledger.superseded, ledger.quarantined, ledger.balanced) == (1, 0, True)
    assert (ComponentState.objects.get(name="profiles").ledger or {})["superseded"] == 1


def test_a_quarantined_record_arrives_once_the_file_is_mended(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, total_requests=10**30))
    run_import()
    bot.writes(user(1, total_requests=30))
    assert run_import().state == RunState.COMPLETED
    assert User.objects.get().total_requests == 30
    assert not Finding.objects.exists()


def test_a_batch_that_the_database_refuses_splits_until_the_bad_record_stands_alone(
    bot: Bot, run_import: Importer
) -> None:
    huge = "".join(chr(0x4E00 + n * 7 % 20000) for n in range(9000))  # too long for the index on nicknames
    bot.writes(*(user(n, faceit_nickname=huge if n == 17 else f"n{n}") for n in range(1, 40)))
    run = run_import()
    assert (run.inserted, run.quarantined, run.state) == (38, 1, RunState.INCOMPLETE)
    finding = Finding.objects.get()
    assert (finding.key, finding.code) == ("17", "refused-by-database")


def test_retrying_the_quarantined_tries_them_again(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1, total_requests=10**30), user(2))
    run_import()
    again = run_import(retry_quarantined=True)
    assert (again.quarantined, again.total) == (1, 1)
    assert index.ledger("users").balanced


def test_one_record_can_be_imported_alone(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1), user(2), user(3))
    run = run_import(key="2")
    assert list(User.objects.values_list("pk", flat=True)) == [2]
    assert index.count_pending("users") == 2
    assert (run.inserted, run.state) == (1, RunState.COMPLETED)


def test_a_record_that_is_not_there_is_named(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run = run_import(key="99")
    assert run.state == RunState.FAILED
    assert "no users record 99" in run.message


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_fixed_batch_size_is_honoured(
    bot: Bot, run_import: Importer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    sizes = []
    real = copying.copy

    def copy(component: Component, prepared: Prepared, index: Index) -> copying.Counts:
        sizes.append(len(prepared.batch.records))
        return real(component, prepared, index)

    monkeypatch.setattr(importing, "copy", copy)
    bot.writes(*(user(n) for n in range(1, 21)))
    assert run_import(batch_size=size).inserted == 20
    assert max(sizes) == min(size, 20)


@pytest.mark.parametrize("text", ["", "   ", "\0\0\0", "{", '{"users": [{"user_id": 1}', '{"users": {}}', "[]", "{}"])
def test_scenario_20_a_file_that_cannot_be_read_whole_deletes_nothing(
    bot: Bot, run_import: Importer, text: str
) -> None:
    bot.writes(user(1))
    run_import()
    bot.writes_text(text)
    run = run_import()
    assert run.state == RunState.FAILED
    assert "data.json" in run.message
    assert User.objects.count() == 1


def test_scenario_20_a_missing_or_emptied_source_is_refused_until_confirmed(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2))
    run_import()
    bot.file.unlink()
    assert "does not exist" in run_import().message
    bot.writes()
    assert "--confirm-shrink" in run_import().message
    assert User.objects.count() == 2
    assert run_import(confirm_shrink=True).deleted == 2


def test_the_zone_of_the_dates_is_fixed_by_the_first_import(bot: Bot, run_import: Importer, settings: Settings) -> None:
    bot.writes(user(1))
    run_import()
    settings.LEGACY_TIME_ZONE = "Asia/Tokyo"
    run = run_import()
    assert run.state == RunState.FAILED
    assert "LEGACY_TIME_ZONE=Europe/Moscow" in run.message


def test_nothing_is_imported_when_the_database_becomes_the_authority_before_the_work(bot: Bot) -> None:
    bot.writes(user(1))
    run = runs.request(USERS, requested_by="test")
    give_authority_to_the_database("users")
    assert work(run).state == RunState.FAILED
    assert "authority" in run.message
    assert not User.objects.exists()


def test_an_import_is_refused_once_the_database_is_the_authority(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    give_authority_to_the_database("users")
    with pytest.raises(runs.RunRefused, match="authority for users"):
        run_import()
    assert not Run.objects.exists()


def test_a_worker_that_was_thought_dead_commits_nothing(bot: Bot, index: Index) -> None:
    bot.writes(user(1), user(2))
    run = runs.request(USERS, requested_by="test")
    sleeper = runs.claim(run.pk)
    assert sleeper is not None
    assert runs.claim(run.pk) is None
    slow = importing.Import(Run.objects.get(pk=run.pk), sleeper, USERS, index)
    slow._read_source()
    prepared = prepare(USERS, index.pending("users", None, 10), slow.zone, lambda file: "data.json", run.pk)
    Run.objects.filter(pk=run.pk).update(heartbeat=F("heartbeat") - timedelta(minutes=1))
    assert runs.claim(run.pk) is not None
    with pytest.raises(runs.LeaseLost):
        slow._send(prepared)
    assert not User.objects.exists()


def test_a_lost_connection_is_tried_again_and_given_up_visibly(
    bot: Bot, run_import: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise OperationalError("could not extend file: No space left on device")

    bot.writes(user(1))
    monkeypatch.setattr(importing, "copy", refuse)
    run = runs.request(USERS, requested_by="test")
    advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.RUNNING, 1)
    assert "No space left" in run.message
    for _ in range(4):
        advance(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    monkeypatch.undo()
    assert run_import().state == RunState.COMPLETED


def test_pause_resume_and_cancel_take_effect_after_the_batch(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, index: Index
) -> None:
    bot.writes(*(user(n) for n in range(1, 11)))
    run = runs.request(USERS, requested_by="test", batch_size=2)
    real = copying.copy

    def copy_and_pause(component: Component, prepared: Prepared, index: Index) -> copying.Counts:
        counts = real(component, prepared, index)
        if not User.objects.filter(pk__gt=2).exists():
            runs.pause(run)
        return counts

    monkeypatch.setattr(importing, "copy", copy_and_pause)
    work(run)
    assert run.state == RunState.PAUSED
    assert 0 < run.inserted < 10
    assert not advance(run.pk)
    runs.resume(run)
    assert work(run).state == RunState.COMPLETED
    assert (run.inserted, User.objects.count()) == (10, 10)
