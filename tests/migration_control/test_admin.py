"""Components and runs in the admin: who may act, on what, and what a stale page is told."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from migration_control.admin.runs import possible
from migration_control.models import ComponentState, Finding, Run
from migration_control.run_states import RunState
from tests.migration_control.world import Bot, Importer, user
from tests.staff import VIEWS, give_authority_to_the_database, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

COMPONENTS = "/admin/migration_control/componentstate/"
RUNS = "/admin/migration_control/run/"
IMPORT = f"{COMPONENTS}import/"


@pytest.fixture
def operator() -> Client:
    return staff(*VIEWS, "control_runs")


@pytest.fixture
def viewer() -> Client:
    return staff(*VIEWS, name="viewer")


def a_run(state: str = "completed", component: str = "users", **values: Any) -> Run:
    return Run.objects.create(component_id=component, requested_by="test", state=state, **values)


def steer(client: Client, run: Run, act: str, drawn: str) -> str:
    answer = client.post(f"{RUNS}{run.pk}/{act}/", {"drawn": drawn})
    assert answer.status_code == 302
    return said(answer)


# Components


def test_the_list_shows_stage_and_ledger_as_counted_last(viewer: Client) -> None:
    ledger = {"entries": 5004, "imported": 4999, "quarantined": 5, "deleted": 0, "pending": 0}
    ComponentState.objects.filter(pk="users").update(ledger={**ledger, "counted_at": "2026-01-02T03:04:05+00:00"})
    a_run("incomplete")
    page = viewer.get(COMPONENTS).content.decode()
    for shown in ("disabled", "5,004", "4,999", "2026-01-02", "03:04:05", "incomplete"):
        assert shown in page


def test_nobody_adds_changes_or_deletes_a_component_or_a_run(admin_client: Client) -> None:
    run = a_run()
    for address in (f"{COMPONENTS}add/", f"{COMPONENTS}users/delete/", f"{RUNS}add/", f"{RUNS}{run.pk}/delete/"):
        assert admin_client.post(address, {"post": "yes"}).status_code == 403
    for address in (f"{COMPONENTS}users/change/", f"{RUNS}{run.pk}/change/"):
        assert admin_client.post(address, {"stage": "db-only", "state": "failed"}).status_code == 403
    assert ComponentState.objects.get(pk="users").stage == "disabled"


def test_an_import_is_previewed_then_confirmed(operator: Client) -> None:
    page = operator.get(IMPORT, {"component": "users"}).content.decode()
    assert "data.json" in page
    assert 'name="drawn-users" value="0"' in page
    assert not Run.objects.exists()
    answer = operator.post(
        IMPORT, {"component": "users", "drawn-users": "0", "batch_size": "50", "confirm_shrink": "on"}
    )
    run = Run.objects.get()
    assert (run.component_id, run.requested_by, run.batch_size) == ("users", "ann", 50)
    assert (run.confirm_shrink, run.retry_quarantined, run.state) == (True, False, RunState.QUEUED)
    assert f"{RUNS}{run.pk}/change/" in said(answer)
    assert LogEntry.objects.filter(object_id="users").exists()


def test_the_action_leads_to_the_preview_of_the_chosen(operator: Client) -> None:
    chosen = {"action": "import_chosen", "_selected_action": ["users", "subscriptions"]}
    answer = operator.post(COMPONENTS, chosen, follow=True)
    assert answer.redirect_chain[0][0].startswith(IMPORT)
    assert not Run.objects.exists()
    for name in ("users", "subscriptions"):
        assert f'name="drawn-{name}"' in answer.content.decode()


def test_a_batch_size_out_of_range_is_refused_beside_its_field(operator: Client) -> None:
    answer = operator.post(IMPORT, {"component": "users", "drawn-users": "0", "batch_size": "1001"})
    assert "less than or equal to 1000" in answer.content.decode()
    assert not Run.objects.exists()


def test_an_unknown_component_is_named(operator: Client) -> None:
    assert "There is no component" in said(operator.get(IMPORT, {"component": "nobody"}))


def test_an_active_run_is_linked_and_no_second_one_queued(operator: Client) -> None:
    first = a_run("paused")
    answer = operator.post(IMPORT, {"component": "users", "drawn-users": str(first.pk)})
    assert f"{RUNS}{first.pk}/change/" in said(answer)
    assert Run.objects.count() == 1


def test_a_double_click_makes_one_run_even_when_the_first_is_done_already(operator: Client) -> None:
    for _ in range(2):
        answer = operator.post(IMPORT, {"component": "users", "drawn-users": "0"})
        Run.objects.update(state="completed")
    assert Run.objects.count() == 1
    assert "after the page that you used was drawn" in said(answer)


def test_two_at_once_make_one_run(operator: Client) -> None:
    start = threading.Barrier(2)

    def click(client: Client) -> None:
        start.wait()
        client.post(IMPORT, {"component": "users", "drawn-users": "0"})
        connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in (operator, staff("control_runs", name="b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Run.objects.count() == 1


def test_a_form_without_its_moment_starts_nothing(operator: Client) -> None:
    assert "Nothing was done" in said(operator.post(IMPORT, {"component": "users"}))
    assert not Run.objects.exists()


def test_nothing_is_imported_while_the_mode_is_disabled(operator: Client, settings: Settings) -> None:
    settings.MIGRATION_MODE = "disabled"
    assert "MIGRATION_MODE is disabled" in operator.get(IMPORT).content.decode()
    assert "MIGRATION_MODE is disabled" in said(operator.post(IMPORT, {"component": "users", "drawn-users": "0"}))
    assert not Run.objects.exists()


def test_nothing_is_imported_into_a_database_that_is_the_authority(operator: Client) -> None:
    give_authority_to_the_database("users")
    answer = operator.post(IMPORT, {"component": "users", "drawn-users": "0"})
    assert "authority for users" in said(answer)
    assert not Run.objects.exists()


def test_a_held_component_is_let_go_once(operator: Client) -> None:
    ComponentState.objects.filter(pk="users").update(held="run 1 was undone")
    assert "run 1 was undone" in operator.get(COMPONENTS).content.decode()
    assert "may start again" in said(operator.post(f"{COMPONENTS}users/release/", {"drawn": "run 1 was undone"}))
    assert ComponentState.objects.get(pk="users").held == ""
    ComponentState.objects.filter(pk="users").update(held="run 2 was undone")
    assert "Nothing was done" in said(operator.post(f"{COMPONENTS}users/release/", {"drawn": "run 1 was undone"}))
    assert ComponentState.objects.get(pk="users").held == "run 2 was undone"


# Permissions


@pytest.mark.parametrize("act", ["pause", "resume", "cancel", "undo"])
def test_who_may_only_look_cannot_act_on_a_run(viewer: Client, act: str) -> None:
    run = a_run("running")
    assert viewer.post(f"{RUNS}{run.pk}/{act}/", {"drawn": "running"}).status_code == 403
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_who_may_only_look_cannot_import_nor_release(viewer: Client) -> None:
    ComponentState.objects.filter(pk="users").update(held="x")
    assert viewer.get(IMPORT).status_code == 403
    assert viewer.post(IMPORT, {"component": "users", "drawn-users": "0"}).status_code == 403
    assert viewer.post(f"{COMPONENTS}users/release/", {"drawn": "x"}).status_code == 403
    viewer.post(COMPONENTS, {"action": "import_chosen", "_selected_action": "users"})
    assert ComponentState.objects.get(pk="users").held == "x"
    assert not Run.objects.exists()


def test_who_may_only_look_sees_no_buttons(viewer: Client) -> None:
    run = a_run("running")
    for address in (RUNS, f"{RUNS}{run.pk}/change/", COMPONENTS, f"{COMPONENTS}users/change/"):
        page = viewer.get(address).content.decode()
        assert "formaction" not in page
        assert "import/" not in page


@pytest.mark.parametrize("act", ["pause", "resume", "cancel"])
def test_steering_takes_a_post(operator: Client, act: str) -> None:
    assert operator.get(f"{RUNS}{a_run('running').pk}/{act}/").status_code == 405


def test_acts_take_a_csrf_token() -> None:
    client = staff(*VIEWS, "control_runs", csrf=True)
    run = a_run("running")
    for address in (f"{RUNS}{run.pk}/pause/", f"{RUNS}{run.pk}/undo/", IMPORT, f"{COMPONENTS}users/release/"):
        assert client.post(address, {"drawn": "running", "component": "users"}).status_code == 403
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_a_stranger_is_asked_to_log_in(client: Client) -> None:
    run = a_run("running")
    answer = client.post(f"{RUNS}{run.pk}/pause/", {"drawn": "running"})
    assert (answer.status_code, answer.url) == (302, f"/admin/login/?next={RUNS}{run.pk}/pause/")  # type: ignore[attr-defined]


# Runs


@pytest.mark.parametrize(
    ("state", "act", "then"),
    [
        ("queued", "pause", "paused"),
        ("running", "pause", "pausing"),
        ("paused", "resume", "queued"),
        ("running", "cancel", "cancelling"),
        ("paused", "cancel", "cancelled"),
    ],
)
def test_a_run_is_steered(operator: Client, state: str, act: str, then: str) -> None:
    run = a_run(state)
    assert act in possible(run)
    steer(operator, run, act, drawn=state)
    run.refresh_from_db()
    assert run.state == then
    assert LogEntry.objects.filter(object_id=str(run.pk)).exists()


def test_an_impossible_act_is_refused_with_its_reason(operator: Client) -> None:
    run = a_run("completed")
    assert "possible only while" in steer(operator, run, "pause", drawn="completed")


def test_a_page_that_the_run_has_left_behind_is_told_so(operator: Client) -> None:
    run = a_run("running")
    told = steer(operator, run, "cancel", drawn="queued")
    assert "is running by now" in told
    assert "Nothing was done" in told
    run.refresh_from_db()
    assert run.state == RunState.RUNNING


def test_after_an_act_one_is_where_one_was(operator: Client) -> None:
    run, origin = a_run("running"), f"http://testserver{RUNS}?state__exact=running"

    def lands(referer: str) -> str:
        Run.objects.update(state="running")
        answer = operator.post(f"{RUNS}{run.pk}/pause/", {"drawn": "running"}, headers={"referer": referer})
        return answer.headers["Location"]

    assert lands(origin) == origin
    assert lands("https://elsewhere.example/") == RUNS


def test_the_list_shows_state_progress_and_counts(viewer: Client) -> None:
    now = timezone.now()
    a_run("running", source_read=True, total=1_000_000, inserted=412_345, quarantined=12, started_at=now)
    a_run("failed", started_at=now - timedelta(hours=2, minutes=3), ended_at=now, message="the file ends early")
    page = viewer.get(RUNS).content.decode()
    for shown in ("412,357 of 1,000,000", "12 quarantined", "2 h 03 min", "the file ends early", "</span> running"):
        assert shown in page


@pytest.mark.parametrize("query", ["component__name__exact=users", "kind__exact=import", "state__exact=failed"])
def test_the_list_is_filtered(viewer: Client, query: str) -> None:
    a_run("failed")
    other = a_run("completed", component="subscriptions", kind="undo", target=a_run("completed", "subscriptions"))
    page = viewer.get(f"{RUNS}?{query}").content.decode()
    assert f'/{other.pk}/change/"' not in page


def test_pages_renew_themselves_only_while_something_is_under_way(viewer: Client) -> None:
    run = a_run("running")
    for address in (RUNS, f"{RUNS}{run.pk}/change/", COMPONENTS, f"{COMPONENTS}users/change/"):
        assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in viewer.get(address).content.decode()
    Run.objects.update(state="paused")
    for address in (RUNS, f"{RUNS}{run.pk}/change/", COMPONENTS, f"{COMPONENTS}users/change/"):
        page = viewer.get(address).content.decode()
        assert "http-equiv" not in page
        assert "data-going" not in page


def test_a_runs_page_shows_its_findings_escaped(viewer: Client) -> None:
    run = a_run("incomplete")
    hostile = "<script>alert(1)</script>"
    values = {
        "component_id": "users",
        "source": hostile,
        "phase": "reading",
        "outcome": "quarantined",
        "code": "no-key",
    }
    Finding.objects.create(**values, key=hostile, detail=hostile, run=run)
    page = viewer.get(f"{RUNS}{run.pk}/change/").content.decode()
    assert hostile not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_a_hostile_message_is_escaped(viewer: Client) -> None:
    run = a_run("failed", message="<script>alert(1)</script>")
    for address in (RUNS, f"{RUNS}{run.pk}/change/"):
        assert "<script>alert" not in viewer.get(address).content.decode()


# Undo


def test_an_undo_says_what_it_would_remove_and_keep_then_is_queued(
    operator: Client, bot: Bot, run_import: Importer
) -> None:
    bot.writes(user(1), user(2), user(3))
    run = run_import()
    bot.writes(user(1), user(2), user(3, language="en"))
    run_import()
    newest = Run.objects.latest("pk").pk
    page = operator.get(f"{RUNS}{run.pk}/undo/").content.decode()
    assert "removes <strong>2</strong> rows" in page
    assert "keeps <strong>1</strong>" in page
    answer = operator.post(f"{RUNS}{run.pk}/undo/", {"drawn": str(newest), "reason": "wrong file"})
    undo = Run.objects.get(kind="undo")
    assert (undo.target_id, undo.requested_by, undo.reason) == (run.pk, "ann", "wrong file")
    assert f"{RUNS}{undo.pk}/change/" in said(answer)
    assert ComponentState.objects.get(pk="users").held


def test_an_undo_asked_for_twice_is_made_once(operator: Client) -> None:
    run = a_run(inserted=1)
    for _ in range(2):
        answer = operator.post(f"{RUNS}{run.pk}/undo/", {"drawn": str(run.pk)})
        Run.objects.update(state="completed")
    assert Run.objects.filter(kind="undo").count() == 1
    assert "after the page that you used was drawn" in said(answer)


def test_an_undo_while_a_run_is_active_links_to_it(operator: Client) -> None:
    run, other = a_run(inserted=1), a_run("running")
    answer = operator.post(f"{RUNS}{run.pk}/undo/", {"drawn": str(other.pk)})
    assert f"{RUNS}{other.pk}/change/" in said(answer)
    assert ComponentState.objects.get(pk="users").held == ""


def test_a_run_that_inserted_nothing_is_undone_nowhere(operator: Client) -> None:
    run = a_run()
    assert "undo" not in possible(run)
    page = operator.get(f"{RUNS}{run.pk}/undo/").content.decode()
    assert "inserted nothing" in page
    assert 'type="submit" value="Undo' not in page
    assert "inserted nothing" in said(operator.post(f"{RUNS}{run.pk}/undo/", {"drawn": str(run.pk)}))
    assert Run.objects.count() == 1


def test_an_undo_is_not_undone(operator: Client) -> None:
    undo = a_run(kind="undo", target=a_run())
    assert "is an undo" in operator.get(f"{RUNS}{undo.pk}/undo/").content.decode()
    assert "is an undo" in said(operator.post(f"{RUNS}{undo.pk}/undo/", {"drawn": str(undo.pk)}))
