"""Moving a component in the admin: previewed, asked for once, told of whoever was faster."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from pytest_django import Settings

from migration_control.models import ComponentState, Finding, MoveRequest, Run, Transition
from migration_control.moving.requests import execute
from migration_control.moving.rows import By, change
from migration_control.stages import row
from tests.migration_control.moving.ground import Ground
from tests.staff import VIEWS, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

COMPONENTS = "/admin/migration_control/componentstate/"
PAGE = f"{COMPONENTS}users/change/"
MOVE = f"{COMPONENTS}users/move/"
SEEN = (*VIEWS, "view_moverequest", "view_transition", "view_parked")


@pytest.fixture
def mover() -> Client:
    return staff(*SEEN, "move_components")


@pytest.fixture
def imported(ground: Ground) -> Ground:
    Run.objects.create(component_id="users", requested_by="test", state="completed")
    return ground


def form(stage: str = "dual-write", reads: str = "json", epoch: int = 0, **values: Any) -> dict[str, Any]:
    return {"stage": stage, "reads": reads, "epoch": str(epoch), "reason": "it is time"} | values


def somebody_moves(stage: str = "dual-write", reads: str = "json") -> None:
    """By a command, say."""
    state = ComponentState.objects.get(name="users")
    with transaction.atomic():
        change(state, row(stage, reads), state.epoch + 1, "mirror on", By("bob", "a calm night"))


# The list and the page


def test_the_list_shows_where_each_stands_and_what_is_asked(mover: Client) -> None:
    somebody_moves()
    MoveRequest.objects.create(
        component_id="users", stage="dual-write", reads="database", epoch=1, requested_by="eve", reason="x"
    )
    ComponentState.objects.filter(pk="users").update(
        ledger={"entries": 9, "imported": 4, "pending": 1234, "counted_at": "2026-01-02T03:04:05+00:00"}
    )
    page = mover.get(COMPONENTS).content.decode()
    for shown in (
        "1,234",
        "counted",
        " ago",
        "a calm night",
        "by bob",
        "requested",
        "to dual-write reading database, by eve",
    ):
        assert shown in page


def test_a_request_that_nobody_takes_is_said_to_want_a_worker(mover: Client) -> None:
    wish = MoveRequest.objects.create(
        component_id="users", stage="dual-write", reads="json", epoch=0, requested_by="eve", reason="x"
    )
    addresses = (COMPONENTS, PAGE, "/admin/migration_control/moverequest/")
    for address in addresses:
        assert "No worker" not in mover.get(address).content.decode()
    MoveRequest.objects.update(created_at=Now() - timedelta(seconds=30))
    for address in addresses:
        page = mover.get(address).content.decode()
        assert "No worker with the files is at work" in page
        assert f"request {wish.pk}" in page
        assert "celery -A config.celery worker -Q celery,legacy" in page


def test_a_components_page_leads_to_every_stage_but_its_own(mover: Client) -> None:
    page = mover.get(PAGE).content.decode()
    assert page.count("Move here…") == 3
    assert 'id="to-disabled-json"' not in page


def test_no_second_move_is_offered_while_one_is_under_way(mover: Client) -> None:
    MoveRequest.objects.create(
        component_id="users", stage="dual-write", reads="json", epoch=0, requested_by="eve", reason="x"
    )
    page = mover.get(PAGE).content.decode()
    assert "Move here…" not in page
    assert "data-going" in page
    preview = mover.get(MOVE, {"stage": "dual-write", "reads": "database"}).content.decode()
    assert "another cannot be made before it has ended" in preview
    assert 'type="submit" value="Move users"' not in preview


# The preview


def test_the_preview_says_what_is_done_what_it_costs_and_what_must_hold(mover: Client, imported: Ground) -> None:
    from accounts.models import User

    for number in (1, 2, 3):
        imported.records.create(User(user_id=number))
    page = mover.get(MOVE, {"stage": "dual-write", "reads": "database"}).content.decode()
    assert "Keys to copy first: <strong>3</strong>" in page
    assert "Writes that would be lost: <strong>0</strong>" in page
    assert "disabled reading json" in page
    assert "What the database lacks is copied" in page
    for gate in ("ownership", "way back", "quarantine", "lag"):
        assert f'<th scope="row">{gate}</th>' in page
    assert 'type="submit" value="Move users"' in page
    assert not MoveRequest.objects.exists()


def test_what_is_in_the_way_is_shown_with_its_remedy_and_not_asked_for(mover: Client, ground: Ground) -> None:
    page = mover.get(MOVE, {"stage": "dual-write", "reads": "json"}).content.decode()
    assert "has not been imported" in page
    assert "First: migration_import users" in page
    assert 'type="submit" value="Move users"' not in page
    answer = mover.post(MOVE, form())
    assert "mend first what stands in the way" in answer.content.decode()
    assert not MoveRequest.objects.exists()


@pytest.mark.parametrize("query", [{}, {"stage": "disabled", "reads": "database"}, {"stage": "<b>"}])
def test_a_stage_that_there_is_not_is_named(mover: Client, query: dict[str, str]) -> None:
    assert "There is no stage" in said(mover.get(MOVE, query))


def test_where_it_stands_already_there_is_nothing_to_do(mover: Client) -> None:
    assert "There is nothing to do" in said(mover.get(MOVE, {"stage": "disabled", "reads": "json"}))


def test_a_preview_from_an_old_page_says_who_moved_it(mover: Client, imported: Ground) -> None:
    somebody_moves()
    page = mover.get(MOVE, {"stage": "dual-write", "reads": "database", "epoch": "0"}).content.decode()
    assert "bob (a calm night) has moved users to dual-write reading json" in page
    assert 'name="epoch" value="1"' in page


# The request


def test_a_confirmed_move_is_asked_for_made_and_shown(mover: Client, imported: Ground) -> None:
    answer = mover.post(MOVE, form())
    wish = MoveRequest.objects.get()
    assert (wish.row, wish.epoch, wish.requested_by, wish.reason) == (row("dual-write", "json"), 0, "ann", "it is time")
    assert f"/admin/migration_control/moverequest/{wish.pk}/change/" in said(answer)
    assert answer.headers["Location"] == PAGE
    assert LogEntry.objects.filter(object_id="users").exists()
    assert "data-going" in mover.get(PAGE).content.decode()
    execute(wish.pk)
    page = mover.get(PAGE).content.decode()
    assert "data-going" not in page
    assert "</span> done" in page
    assert "it is time" in page
    assert imported.state().row == row("dual-write", "json")


def test_what_the_worker_refuses_is_shown_with_its_reason(mover: Client, imported: Ground) -> None:
    mover.post(MOVE, form())
    Run.objects.all().delete()
    execute(MoveRequest.objects.get().pk)
    page = mover.get(PAGE).content.decode()
    assert "</span> refused" in page
    assert "has not been imported" in page


def test_a_move_takes_a_reason(mover: Client, imported: Ground) -> None:
    assert "This field is required" in mover.post(MOVE, form(reason="")).content.decode()
    assert not MoveRequest.objects.exists()


def test_a_stale_form_is_told_who_moved_it_when_and_why(mover: Client, imported: Ground) -> None:
    somebody_moves()
    told = said(mover.post(MOVE, form(reads="database", epoch=0)))
    at = Transition.objects.get().at
    assert "bob (a calm night) has moved users" in told
    assert f"{at:%Y-%m-%d %H:%M:%S}" in told
    assert not MoveRequest.objects.exclude(state="refused").exists()


def test_a_double_click_asks_once_even_when_the_first_is_done(mover: Client, imported: Ground) -> None:
    mover.post(MOVE, form())
    assert "ann" in said(mover.post(MOVE, form()))
    execute(MoveRequest.objects.get(state="requested").pk)
    assert "ann (it is time) has moved users" in said(mover.post(MOVE, form()))
    assert MoveRequest.objects.exclude(state="refused").count() == 1
    assert Transition.objects.count() == 1


def test_of_two_staff_at_once_one_asks_and_the_other_is_told_who(mover: Client, imported: Ground) -> None:
    start, told = threading.Barrier(2), {}

    def click(name: str, client: Client) -> None:
        start.wait()
        told[name] = said(client.post(MOVE, form()))
        connection.close()

    both = {"ann": mover, "bea": staff(*SEEN, "move_components", name="bea")}
    threads = [threading.Thread(target=click, args=pair) for pair in both.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = MoveRequest.objects.exclude(state="refused").get().requested_by
    (second,) = both.keys() - {first}
    assert "waits for a worker" in told[first]
    assert f"by {first} at" in told[second]


def test_nothing_is_asked_for_while_the_mode_is_disabled(mover: Client, imported: Ground, settings: Settings) -> None:
    settings.MIGRATION_MODE = "disabled"
    page = mover.post(MOVE, form()).content.decode()
    assert "MIGRATION_MODE is disabled" in page
    assert "mend first what stands in the way" in page
    assert not MoveRequest.objects.exists()


# Overriding


@pytest.fixture
def quarantined(imported: Ground) -> Ground:
    Finding.objects.create(
        component_id="users", source="data.json", phase="reading", outcome="quarantined", code="x", key="7", detail="x"
    )
    return imported


def test_a_gate_is_overridden_with_a_reason_that_stays(quarantined: Ground) -> None:
    chief = staff(*SEEN, "move_components", "override_gates")
    page = chief.get(MOVE, {"stage": "dual-write", "reads": "json"}).content.decode()
    assert "overridable" in page
    assert 'name="override"' in page
    assert "override it with a reason" in chief.post(MOVE, form()).content.decode()
    chief.post(MOVE, form(override="seven is a test account"))
    execute(MoveRequest.objects.get().pk)
    line = Transition.objects.get()
    assert line.override == "seven is a test account"
    for address in ("/admin/migration_control/transition/", f"/admin/migration_control/transition/{line.pk}/change/"):
        page = chief.get(address).content.decode()
        assert "seven is a test account" in page
        assert "1 entry is in quarantine" in page


def test_who_may_not_override_is_offered_nothing_and_smuggles_nothing(mover: Client, quarantined: Ground) -> None:
    page = mover.get(MOVE, {"stage": "dual-write", "reads": "json"}).content.decode()
    assert "permission to override" in page
    assert 'name="override"' not in page
    assert 'type="submit" value="Move users"' not in page
    answer = mover.post(MOVE, form(override="let me"))
    assert answer.status_code == 200
    assert not MoveRequest.objects.exists()


# Permissions


def test_who_may_only_look_cannot_move() -> None:
    viewer = staff(*SEEN, "control_runs", "override_gates")
    assert viewer.get(MOVE, {"stage": "dual-write", "reads": "json"}).status_code == 403
    assert viewer.post(MOVE, form()).status_code == 403
    assert not MoveRequest.objects.exists()
    for address in (COMPONENTS, PAGE):
        assert "Move" not in viewer.get(address).content.decode().replace("Moves", "")


def test_moving_takes_a_csrf_token() -> None:
    client = staff(*SEEN, "move_components", csrf=True)
    assert client.post(MOVE, form()).status_code == 403


def test_a_host_without_the_files_asks_too(mover: Client, imported: Ground, settings: Settings) -> None:
    settings.LEGACY_DIR = None
    page = mover.get(MOVE, {"stage": "dual-write", "reads": "json"}).content.decode()
    assert "known on the host with the files" in page
    mover.post(MOVE, form())
    assert MoveRequest.objects.get().state == "requested"
