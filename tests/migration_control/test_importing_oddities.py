"""Imports of files that nobody expects: what a reviewer found that lost, hid or blocked something."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from accounts.models import User
from conversations.models import Message
from legacy_json.index import Index
from migration_control import automatic, components, copying, findings, importing, runs, store
from migration_control.advance import advance
from migration_control.models import ComponentState, Finding, Run
from migration_control.run_states import RunState
from migration_control.tasks import find_due_runs
from subscriptions.models import Subscription
from tests.migration_control.world import Bot, Importer, subscription, user, work

pytestmark = pytest.mark.django_db(transaction=True)
USERS = components.get("users")


def rows(*fields: str) -> list[Any]:
    return list(User.objects.order_by("pk").values_list("pk", *fields))


def test_the_file_of_another_bot_is_refused_however_many_entries_it_has(bot: Bot, run_import: Importer) -> None:
    bot.writes(*(user(n) for n in range(1, 21)))
    run_import()
    bot.writes(*(user(n) for n in range(101, 121)))
    run = run_import()
    assert run.state == RunState.FAILED
    assert "only 0 of the 20 users" in run.message
    assert User.objects.count() == 20


def test_entries_that_lost_their_keys_do_not_pass_for_records(bot: Bot, run_import: Importer) -> None:
    bot.writes(*(user(n) for n in range(1, 21)))
    run_import()
    bot.writes(*({"id": n} for n in range(1, 21)))
    assert run_import().state == RunState.FAILED
    assert User.objects.count() == 20


def test_a_confirmed_row_keeps_its_unique_value_against_a_twin_that_nobody_marked(
    bot: Bot, index: Index, run_import: Importer
) -> None:
    bot.writes(user(1, faceit_player_id="a"), user(2))
    run_import()
    with index.write() as (connection, counter):  # as if the marks of a reading were still to come
        document = json.dumps(user(2, faceit_player_id="a")).encode()
        connection.execute(
            "UPDATE record SET version = 1, document = ?, changed = ? WHERE key = 2", (document, counter)
        )
        connection.execute("INSERT INTO pending VALUES ('users', 2, 0, ?)", (counter,))
    run = run_import()
    assert run.state == RunState.INCOMPLETE
    assert rows("faceit_player_id") == [(1, "a"), (2, None)]
    assert Finding.objects.get(key="2", outcome="quarantined").code == "refused-by-database"


@pytest.mark.parametrize(("first", "second"), [(5.0, 5.0), ("\U0001f600", "\ud83d\0\ude00"), ("7", 7)])
def test_twins_are_seen_in_the_form_that_the_database_holds(
    bot: Bot, run_import: Importer, first: object, second: object
) -> None:
    twins = [user(1, faceit_player_id=first), user(2, faceit_player_id=second)]
    bot.writes_text(json.dumps({"users": twins}))  # in ASCII: half a pair has no other form in a file
    assert run_import(batch_size=1).state == RunState.COMPLETED
    (one, two) = rows("faceit_player_id", "duplicate")
    assert one[1] == two[1]
    assert (one[2], two[2]) == (False, True)


def test_a_message_with_half_a_surrogate_pair_is_held_mended_and_those_beside_it_as_they_are(
    bot: Bot, index: Index, run_import: Importer, settings: Settings
) -> None:
    settings.BOTS = ["companion"]
    texts = ["one", "half: \ud83d", "three"]
    said = [{"ts": "2024-05-01T10:20:30Z", "direction": "in", "text": text} for text in texts]
    file = bot.folder / "conversations/7.json"
    file.parent.mkdir()
    file.write_text(json.dumps(said))  # in ASCII
    assert run_import("conversations").state == RunState.COMPLETED
    held = Message.objects.order_by("pk").values_list("text", flat=True)
    assert list(held) == ["one", "half: \ufffd", "three"]
    assert [(f.key, f.outcome) for f in Finding.objects.all()] == [("7:0000000001", "repaired")]
    file.write_text(json.dumps([*said[1:], said[0]]))  # the list begins with it now
    assert run_import("conversations").state == RunState.COMPLETED
    assert list(held.all()) == ["half: \ufffd", "three", "one"]
    (kept,) = index.record("conversations", "7:0000000001").records
    assert (kept.version, json.loads(kept.document)) == (0, said[1])


def test_two_users_with_true_for_an_account_are_no_twins(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, faceit_player_id=True), user(2, faceit_player_id=True))
    run_import()
    assert rows("faceit_player_id", "duplicate") == [(1, None, False), (2, None, False)]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_no_date_blocks_the_component(
    bot: Bot, run_import: Importer, settings: Settings, moment: str, zone: str
) -> None:
    settings.LEGACY_TIME_ZONE = zone
    bot.writes(user(1, last_active_at=moment), user(2))
    assert run_import().state == RunState.COMPLETED
    assert len(rows()) == 2


@pytest.mark.parametrize(
    "member", ['"\\ud800": 1, "\\ud800": 2', '"\\ud800": NaN', '"\\u001b[31m": 1, "\\u001b[31m": 2']
)
def test_no_member_name_blocks_the_component_or_reaches_a_terminal(
    bot: Bot, run_import: Importer, member: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bot.writes_text('{"users": [' + json.dumps(user(1)) + ', {"user_id": 2, ' + member + "}]}")
    assert run_import().state in (RunState.COMPLETED, RunState.INCOMPLETE)
    assert User.objects.filter(pk=1).exists()
    call_command("migration_status", "--findings")
    assert "\x1b[31m" not in capsys.readouterr().out


def test_a_marked_twin_that_becomes_no_object_blocks_nothing(bot: Bot, run_import: Importer, index: Index) -> None:
    twins = [user(n, subscription=subscription(referral_code="X")) for n in (1, 2)]
    bot.writes(*twins, user(3, subscription=subscription()))
    run_import("subscriptions")
    bot.writes(twins[0], user(2, subscription="oops"), user(3, subscription=subscription(tier="pro")))
    run = run_import("subscriptions")
    assert run.state == RunState.INCOMPLETE
    assert Subscription.objects.get(pk=3).tier == "pro"
    assert index.ledger("subscriptions").balanced


def test_an_unreadable_path_stops_neither_other_runs_nor_the_tick(
    bot: Bot, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUTO_MIGRATE, settings.MIGRATION_MODE = True, "auto"
    bot.file.symlink_to(bot.file)
    waiting = Run.objects.create(component_id="users", requested_by="test")
    assert find_due_runs() == 1
    runs.cancel(waiting)
    automatic.queue_runs()
    states = {run.component_id: work(run).state for run in Run.objects.exclude(pk=waiting.pk)}
    # Matches and players lie in files of their own.
    assert states == dict.fromkeys(["analytics", "subscriptions"], RunState.FAILED) | dict.fromkeys(
        ["matches", "players"], RunState.COMPLETED
    )


def test_a_pipe_is_refused_rather_than_waited_for(bot: Bot, run_import: Importer) -> None:
    os.mkfifo(bot.file)
    assert "it is not a file" in run_import().message


def test_a_file_rewritten_with_its_old_time_and_size_is_noticed(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, language="ru"))
    run_import()
    before = bot.file.stat()
    bot.writes(user(1, language="en"))
    os.utime(bot.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    run_import()
    assert rows("language") == [(1, "en")]


def test_a_single_record_leaves_quarantine_once_it_can_be_held(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1, faceit_player_id="a"), user(2))
    run_import()
    with index.write() as (connection, counter):
        connection.execute("UPDATE record SET state = 2, version = 1, changed = ? WHERE key = 2", (counter,))
    run_import(key="2")
    assert index.ledger("users").balanced
    assert index.ledger("users").imported == 2


def test_a_key_that_the_reader_set_apart_says_so(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, subscription="oops"))
    run = run_import("subscriptions", key="1")
    assert (run.state, run.message) == (RunState.INCOMPLETE, "1 is in quarantine")
    call_command("migration_import", "subscriptions", "--key", "1", "--dry-run")


def test_a_quarantined_record_says_which_older_version_the_table_still_has(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    bot.writes(user(1, language="en", total_requests=10**30))
    run_import()
    assert Finding.objects.get(outcome="quarantined").detail.endswith("the table still has its version 0")
    assert rows("language") == [(1, "ru")]


def test_a_finding_that_no_longer_holds_is_gone_in_both_stores(bot: Bot, run_import: Importer, index: Index) -> None:
    bot.writes(user(1, subscription=subscription(daily_requests=10**30)))
    run_import("subscriptions")
    bot.writes(user(1, subscription="oops"))
    run = run_import("subscriptions")
    assert [finding.code for finding in Finding.objects.all()] == ["not-an-object"]
    assert run.message.startswith("1 in quarantine")
    assert index.ledger("subscriptions").quarantined == 1


def test_what_a_reading_for_one_component_finds_of_another_is_shown_too(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1, subscription=subscription()), {"no": "key"})
    run_import("subscriptions")
    assert Finding.objects.filter(component_id="users", code="no-key").count() == 1
    ledger = ComponentState.objects.get(name="users").ledger
    assert ledger is not None
    assert ledger["quarantined"] == 1


def test_two_runs_over_one_file_do_not_tell_of_an_entry_twice(bot: Bot, index: Index) -> None:
    bot.writes(user(1), {"no": "key"})
    runs_of_both = [runs.request(components.get(name), requested_by="test") for name in ("users", "subscriptions")]
    store.refresh(USERS)

    def tell() -> None:
        findings.replace_reading(index, USERS, runs_of_both[1].pk)
        connection.close()

    with transaction.atomic():
        findings.replace_reading(index, USERS, runs_of_both[0].pk)
        other = threading.Thread(target=tell)
        other.start()
        other.join(0.5)
    other.join(30)
    assert Finding.objects.filter(code="no-key").count() == 1


def test_a_failed_first_try_does_not_fix_the_zone(bot: Bot, run_import: Importer, settings: Settings) -> None:
    settings.LEGACY_TIME_ZONE = "UTC"
    assert run_import().state == RunState.FAILED
    settings.LEGACY_TIME_ZONE = "Europe/Moscow"
    bot.writes(user(1))
    assert run_import().state == RunState.COMPLETED
    assert ComponentState.objects.get(name="users").time_zone == "Europe/Moscow"


@pytest.mark.parametrize("option", ["--confirm-shrink", "--retry-quarantined"])
def test_a_dry_run_takes_no_option_that_would_change_something(bot: Bot, option: str) -> None:
    bot.writes(user(1))
    with pytest.raises(CommandError) as caught:
        call_command("migration_import", "users", "--dry-run", option)
    assert caught.value.returncode == 2


def test_a_dry_run_foretells_what_the_import_does(bot: Bot, run_import: Importer, index: Index) -> None:
    from migration_control import dryrun

    bot.writes(user(1), user(2), user(3, faceit_player_id="x"), user(4))
    run_import()
    bot.writes(
        user(1, language="en"), user(3), user(4, total_requests=10**30), user(5, faceit_player_id="x"),
        user(6, created_at="soon"), user(6), {"no": "key"},
    )  # fmt: skip
    planned = [plan.action for plan in dryrun.plan(USERS)]
    run = run_import()
    done = {"insert": run.inserted, "update": run.updated, "delete": run.deleted, "quarantine": run.quarantined}
    assert {action: planned.count(action) for action in done} == done
    assert index.count_pending("users") == 0


def test_a_dry_run_of_an_unknown_key_or_in_another_zone_fails_as_the_import_would(
    bot: Bot, run_import: Importer, settings: Settings
) -> None:
    bot.writes(user(1))
    run_import()
    with pytest.raises(CommandError, match="no users record 9"):
        call_command("migration_import", "users", "--dry-run", "--key", "9")
    settings.LEGACY_TIME_ZONE = "UTC"
    with pytest.raises(CommandError, match="Europe/Moscow"):
        call_command("migration_import", "users", "--dry-run")


def test_a_run_for_one_key_is_not_taken_for_an_import_of_all(bot: Bot) -> None:
    bot.writes(user(1), user(2))
    runs.request(USERS, requested_by="ann", key="1")
    with pytest.raises(CommandError) as caught:
        call_command("migration_import", "users", "--here")
    assert caught.value.returncode == 3


def test_a_failure_after_good_batches_is_counted_as_the_first(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bot.writes(user(1), user(2))
    run = runs.request(USERS, requested_by="test", batch_size=1)
    Run.objects.filter(pk=run.pk).update(attempts=4)
    real, calls = copying.copy, []

    def copy(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise OperationalError("the connection was cut")
        return real(*args)

    monkeypatch.setattr(importing, "copy", copy)
    advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempts) == (RunState.RUNNING, 1)
    assert work(run).state == RunState.COMPLETED


def test_a_cancel_during_the_reading_copies_nothing(
    bot: Bot, run_import: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.writes(user(1))
    run = runs.request(USERS, requested_by="test")
    real = findings.replace_reading

    def cancel_meanwhile(*args: Any, **options: Any) -> None:
        real(*args, **options)
        if Run.objects.get(pk=run.pk).state == RunState.RUNNING:
            runs.cancel(run)

    monkeypatch.setattr(findings, "replace_reading", cancel_meanwhile)
    assert work(run).state == RunState.CANCELLED
    assert not User.objects.exists()
    assert store.index().count_pending("users") == 1
