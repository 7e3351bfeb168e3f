"""The end of a migration in the admin: previewed, typed out, confirmed by who may; and withdrawing a request."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django import Settings

from legacy_json.fences import FenceState
from migration_control import store
from migration_control.models import Finding, MoveRequest, Transition
from migration_control.moving import closing
from migration_control.moving.errors import MoveAborted
from migration_control.moving.leases import claim
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, Ground
from tests.migration_control.protocol import acts
from tests.staff import VIEWS, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

COMPONENTS = "/admin/migration_control/componentstate/"
PAGE = f"{COMPONENTS}users/change/"
CLOSE = f"{COMPONENTS}users/close/"
SEEN = (*VIEWS, "view_moverequest", "view_transition", "view_parked")
MATES = ("users", "subscriptions", "analytics")
BUTTON = 'value="Close users for good"'


@pytest.fixture
def closer() -> Client:
    return staff(*SEEN, "close_migrations")


@pytest.fixture
def db_only(ground: Ground) -> Ground:
    ground.put(DUAL_DATABASE, *MATES)
    acts.create(1)
    ground.put(DB_ONLY, *MATES)
    acts.count(1, 2)
    store.renderer().flush()
    return ground


def form(ground: Ground, **values: str) -> dict[str, str]:
    return {"reason": "it is over", "confirm": "users", "epoch": str(ground.state().epoch)} | values


def shown(client: Client, address: str = CLOSE, **query: Any) -> str:
    return client.get(address, query).content.decode()


def test_the_preview_says_what_is_taken_away_and_that_nothing_stands_in_the_way(
    db_only: Ground, closer: Client
) -> None:
    page = shown(closer)
    for part in (
        "There is no way back", "migration_export", "Notes of changes that are deleted: <strong>1</strong>",
        "are never written again: data.json", "analytics, subscriptions", '<th scope="row">rendering</th>', BUTTON,
    ):  # fmt: skip
        assert part in page
    assert "in the way</span>" not in page
    assert CLOSE in shown(closer, PAGE)
    assert not db_only.state().closed


def test_gates_are_shown_with_what_mends_them_and_nothing_is_closed(db_only: Ground, closer: Client) -> None:
    db_only.move(DUAL_DATABASE, "analytics")
    Finding.objects.create(component_id="users", source="data.json", phase="reading", outcome="quarantined", code="x")
    page = shown(closer)
    assert "cannot be closed now" in page
    assert "<strong>migration_move analytics --to db-only</strong>" in page
    assert "<strong>Acknowledge each in the admin under Findings" in page
    assert BUTTON not in page
    answer = closer.post(CLOSE, form(db_only))
    assert (answer.status_code, "cannot be closed now" in answer.content.decode()) == (200, True)
    assert not db_only.state().closed


def test_what_is_not_db_only_offers_no_end(ground: Ground, closer: Client) -> None:
    assert CLOSE not in shown(closer, PAGE)
    assert "First: migration_move users --to db-only" in shown(closer)
    assert BUTTON not in shown(closer)


def test_it_is_closed_with_a_reason_and_its_name_typed_out(db_only: Ground, closer: Client) -> None:
    for wrong, told in (
        ({"reason": ""}, "This field is required"),
        ({"confirm": "user"}, "type users"),
        ({"confirm": ""}, ""),
    ):
        answer = closer.post(CLOSE, form(db_only, **wrong))
        assert (answer.status_code, told in answer.content.decode()) == (200, True)
        assert not db_only.state().closed
    answer = closer.post(CLOSE, form(db_only))
    assert answer.headers["Location"] == PAGE
    assert "is closed: the database has it for good" in said(answer)
    line = Transition.objects.filter(component="users").first()
    assert line is not None
    assert (line.kind, line.actor, line.reason) == ("closed", "ann", "it is over")
    assert db_only.fence().state is FenceState.SEALED
    assert LogEntry.objects.filter(object_id="users", change_message__contains="closed").exists()


def test_a_closed_one_is_shown_as_that_everywhere_and_not_closed_again(db_only: Ground, closer: Client) -> None:
    closer.post(CLOSE, form(db_only))
    assert "</span> closed</span>" in shown(closer, COMPONENTS)
    page = shown(closer, PAGE)
    assert "The migration of users is closed" in page
    assert (CLOSE in page, "Move here" in page) == (False, False)
    for answer in (closer.get(CLOSE), closer.post(CLOSE, form(db_only))):
        assert "is closed" in said(answer)
    assert Transition.objects.filter(component="users", kind="closed").count() == 1


def test_a_form_from_before_a_move_closes_nothing(db_only: Ground, closer: Client) -> None:
    drawn = form(db_only)
    db_only.put(DUAL_DATABASE, "users")
    db_only.put(DB_ONLY, "users")
    assert "Nothing was closed." in said(closer.post(CLOSE, drawn))
    assert not db_only.state().closed


def test_what_is_broken_off_is_said(db_only: Ground, closer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def abort(*_: object) -> None:
        raise MoveAborted("The fence was moved.")

    monkeypatch.setattr(closing, "announce", abort)
    told = said(closer.post(CLOSE, form(db_only)))
    assert "The fence was moved. If its page calls users closed, a worker finishes the rest" in told
    assert not db_only.state().closed


def test_it_takes_a_permission_of_its_own_and_a_token(db_only: Ground) -> None:
    mover = staff(*SEEN, "move_components", "override_gates", "control_runs")
    assert mover.get(CLOSE).status_code == mover.post(CLOSE, form(db_only)).status_code == 403
    assert CLOSE not in shown(mover, PAGE)
    strict = staff(*SEEN, "close_migrations", name="bea", csrf=True)
    assert strict.post(CLOSE, form(db_only)).status_code == 403
    assert not db_only.state().closed


def test_a_host_without_the_files_says_where_it_is_done(db_only: Ground, closer: Client, settings: Settings) -> None:
    settings.LEGACY_DIR = None
    page = shown(closer)
    assert "Close it on the host that has the files" in page
    assert BUTTON not in page


# Withdrawing


@pytest.fixture
def wish(ground: Ground) -> MoveRequest:
    return MoveRequest.objects.create(
        component=ground.state(), stage="dual-write", reads="json", epoch=0, requested_by="eve", reason="x"
    )


def pages(wish: MoveRequest) -> tuple[str, str]:
    of = f"/admin/migration_control/moverequest/{wish.pk}/"
    return f"{of}change/", f"{of}withdraw/"


def test_a_request_is_withdrawn_with_a_reason(wish: MoveRequest) -> None:
    mover, (page, withdraw) = staff(*SEEN, "move_components"), pages(wish)
    assert withdraw in shown(mover, page)
    assert "eve has asked to move users to dual-write reading json" in shown(mover, withdraw)
    assert "This field is required" in mover.post(withdraw, {"reason": ""}).content.decode()
    answer = mover.post(withdraw, {"reason": "not tonight"})
    assert "is withdrawn" in said(answer)
    wish.refresh_from_db()
    assert (wish.state, wish.message) == ("withdrawn", "Withdrawn by ann (not tonight).")
    assert LogEntry.objects.filter(object_id=str(wish.pk)).exists()
    page_then = shown(mover, page)
    assert ("</span> withdrawn" in page_then, withdraw in page_then) == (True, False)
    assert "</span> withdrawn" in shown(mover, PAGE)


def test_one_that_a_worker_is_at_is_not(wish: MoveRequest) -> None:
    claim(wish.pk)
    told = said(staff(*SEEN, "move_components").post(pages(wish)[1], {"reason": "not tonight"}))
    assert "Nothing was done." in told
    assert "migration_rollback users" in told


def test_withdrawing_takes_the_permission_of_moving(wish: MoveRequest) -> None:
    viewer, (page, withdraw) = staff(*SEEN, "control_runs"), pages(wish)
    assert withdraw not in shown(viewer, page)
    assert viewer.get(withdraw).status_code == viewer.post(withdraw, {"reason": "x"}).status_code == 403
    wish.refresh_from_db()
    assert wish.open
