"""A component is moved to the database and back, with the browser's own eyes and hands."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from migration_control.models import Finding, MoveRequest, Parked, Run, Transition
from migration_control.moving.requests import execute
from migration_control.stages import row
from tests.browser.test_journey import HOSTILE, LAPTOP, PHONE, log_in
from tests.migration_control.conftest import bot, ground
from tests.migration_control.moving.ground import Ground

__all__ = ["bot", "ground"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)

COMPONENT = "/admin/migration_control/componentstate/users/change/"
PAGES = (
    "/admin/",
    "/admin/migration_control/componentstate/",
    COMPONENT,
    "/admin/migration_control/componentstate/users/move/?stage=dual-write&reads=database",
    "/admin/migration_control/componentstate/parked/",
    "/admin/migration_control/moverequest/",
    "/admin/migration_control/moverequest/{request}/change/",
    "/admin/migration_control/transition/",
    "/admin/migration_control/transition/{line}/change/",
)


@pytest.fixture
def imported(ground: Ground) -> Ground:
    from accounts.models import User

    for number in (1, 2, 3):
        ground.records.create(User(user_id=number))
    Run.objects.create(component_id="users", requested_by="test", state="completed")
    return ground


def ask(page: Page, to: str, reason: str) -> MoveRequest:
    page.get_by_role("link", name=f"Move users to {to}").click()
    expect(page.get_by_text("Writes that would be lost: 0")).to_be_visible()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Move users").click()
    expect(page.locator("#live-requests").get_by_text("requested")).to_be_visible()
    return MoveRequest.objects.latest("pk")


def test_a_component_goes_to_the_database_and_back(page: Page, imported: Ground) -> None:
    log_in(page)
    page.goto("/admin/migration_control/componentstate/")
    page.get_by_role("row", name="users").get_by_role("link", name="Move…").click()
    wish = ask(page, "dual-write reading database", "a calm night")
    expect(page.get_by_text("a move is under way").first).to_be_visible()
    assert execute(wish.pk).state == "done", MoveRequest.objects.get().message
    # Without a click: the page renews itself.
    expect(page.get_by_role("row", name="dual-write database").get_by_text("stands here")).to_be_visible()
    expect(page.locator("#live-requests").get_by_text("done")).to_be_visible()
    assert imported.state().row == row("dual-write", "database")
    page.goto("/admin/accounts/user/2/change/")
    page.get_by_label("Faceit nickname").fill("corrected")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.goto(COMPONENT)
    back = ask(page, "disabled reading json", "a rehearsal of the way back")
    assert execute(back.pk).state == "done", back.message
    expect(page.get_by_role("row", name="disabled json").get_by_text("stands here")).to_be_visible()
    assert imported.in_json(2).faceit_nickname == "corrected"
    page.get_by_role("link", name="History of moves").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(4)
    expect(page.get_by_text("a rehearsal of the way back").first).to_be_visible()


def test_a_form_left_open_too_long_is_told_who_moved_it(page: Page, imported: Ground) -> None:
    log_in(page)
    page.goto("/admin/migration_control/componentstate/users/move/?stage=dual-write&reads=database")
    imported.move(row("dual-write", "json"))
    page.get_by_label("Reason").fill("late")
    page.get_by_role("button", name="Move users").click()
    expect(page.get_by_text("ann (because) has moved users to dual-write reading json at").first).to_be_visible()


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_a_move_works_without_script(page: Page, imported: Ground) -> None:
    log_in(page)
    page.goto(COMPONENT)
    execute(ask(page, "dual-write reading json", "no script here").pk)
    expect(page.get_by_role("row", name="dual-write json").get_by_text("stands here")).to_be_visible()


@pytest.mark.parametrize("page", [PHONE, LAPTOP], indirect=True, ids=["phone", "laptop"])
def test_no_page_of_moves_is_wider_than_its_window_nor_hurt_by_texts(page: Page, imported: Ground) -> None:
    long = "long" * 100 + HOSTILE
    state = imported.state()
    values = {"component": state, "stage": "dual-write", "reads": "json"}
    wish = MoveRequest.objects.create(
        **values, epoch=0, requested_by=long, reason=long, override=long, state="failed", message=long
    )
    line = Transition.objects.create(
        **values, kind="mirror on", from_stage="disabled", from_reads="json", epoch=99, actor=long, reason=long,
        overridden=[long], override=long,
    )  # fmt: skip
    Parked.objects.create(component="users", key="1", to="json", version=1, reason=long, due=wish.created_at)
    Finding.objects.create(
        component=state, source=long, phase="reading", outcome="quarantined", code="x", key="7", detail=long
    )
    log_in(page)
    for address in PAGES:
        page.goto(address.format(request=wish.pk, line=line.pk))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px wider than its window"
        assert page.evaluate("window.broken") is None
