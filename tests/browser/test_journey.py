"""What staff do at the admin, with the browser's own eyes and hands."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User as Staff
from django.test import Client
from playwright.sync_api import Page, expect

from migration_control.models import ComponentState, Finding, Run
from tests.migration_control.conftest import bot, run_import
from tests.migration_control.world import Bot, Importer, subscription, user, work
from tests.staff import put

__all__ = ["bot", "run_import"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
LAPTOP = {"viewport": {"width": 1366, "height": 768}, "color_scheme": "light"}
HOSTILE = '<script>window.broken = 1</script><img src="x" onerror="window.broken = 1">'
PAGES = (
    "/admin/",
    "/admin/migration_control/componentstate/",
    "/admin/migration_control/componentstate/users/change/",
    "/admin/migration_control/componentstate/import/",
    "/admin/migration_control/run/",
    "/admin/migration_control/run/{run}/change/",
    "/admin/migration_control/run/{run}/undo/",
    "/admin/migration_control/finding/",
    "/admin/migration_control/finding/{finding}/change/",
    "/admin/accounts/user/",
    "/admin/accounts/user/1/change/",
    "/admin/subscriptions/subscription/",
    "/admin/subscriptions/payment/",
)


def log_in(page: Page) -> None:
    """With a session that is there already: a password's hash takes a second, by design."""
    client = Client()
    client.force_login(Staff.objects.create_superuser("ann"))
    host = urlsplit(page.url).hostname
    value = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": value, "domain": host, "path": "/"}])


def test_staff_log_in(page: Page) -> None:
    Staff.objects.create_superuser("ann", password="a long one")
    page.goto("/admin/")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill("a long one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Control room")).to_be_visible()
    expect(page.locator("caption").first).to_have_text("Migration control")


def test_from_import_to_undo(page: Page, bot: Bot) -> None:
    bot.writes(user(1), user(2, total_requests=10**30), user(3))
    log_in(page)
    page.goto("/admin/")
    page.get_by_role("link", name="Components", exact=True).click()
    page.get_by_role("row", name="users").get_by_role("link", name="Import…").click()
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("is queued.")).to_be_visible()
    expect(page.get_by_role("row", name="users").get_by_text("queued")).to_be_visible()
    work(Run.objects.get())
    # Without a click: the page renews itself.
    expect(page.get_by_role("row", name="users").get_by_text("incomplete")).to_be_visible()
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_text("removes 2 rows")).to_be_visible()
    page.get_by_label("Reason").fill("a rehearsal")
    page.get_by_role("button", name="Undo run").click()
    work(Run.objects.get(kind="undo"))
    expect(page.get_by_text("2 rows removed, 0 kept because they changed since").first).to_be_visible()
    page.goto("/admin/migration_control/componentstate/")
    page.get_by_role("button", name="Allow automatic runs").click()
    expect(page.get_by_text("Automatic runs of users may start again.")).to_be_visible()


def test_pause_and_resume_on_the_list(page: Page) -> None:
    Run.objects.create(component_id="users", requested_by="test")
    log_in(page)
    page.goto("/admin/migration_control/run/?component__name__exact=users")
    page.get_by_role("button", name="pause run").click()
    expect(page.get_by_role("button", name="resume run")).to_be_visible()
    assert Run.objects.get().state == "paused"
    assert "component__name__exact=users" in page.url
    page.get_by_role("button", name="resume run").click()
    expect(page.get_by_role("button", name="pause run")).to_be_visible()
    assert Run.objects.get().state == "queued"


def test_a_page_left_open_too_long_tells_so(page: Page) -> None:
    run = Run.objects.create(component_id="users", requested_by="test", state="paused")
    log_in(page)
    page.goto(f"/admin/migration_control/run/{run.pk}/change/")
    Run.objects.update(state="cancelled")
    page.get_by_role("button", name="resume run").click()
    expect(page.get_by_text("is cancelled by now")).to_be_visible()


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_all_of_it_works_without_script(page: Page, bot: Bot) -> None:
    bot.writes(user(1))
    log_in(page)
    page.goto("/admin/migration_control/componentstate/import/?component=users")
    page.get_by_role("button", name="Import").click()
    work(Run.objects.get())
    expect(page.get_by_role("row", name="users").get_by_text("completed")).to_be_visible()


def test_a_hostile_record_does_nothing(page: Page) -> None:
    values = {
        "component_id": "users",
        "source": HOSTILE,
        "phase": "reading",
        "outcome": "quarantined",
        "code": "no-key",
    }
    finding = Finding.objects.create(**values, key=HOSTILE, detail=HOSTILE, raw=HOSTILE.encode())
    log_in(page)
    page.goto("/admin/migration_control/finding/")
    page.get_by_label("Select this object for an action").check()
    page.get_by_role("combobox", name="Action").select_option("Acknowledge…")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("1 finding will be marked")).to_be_visible()
    assert page.evaluate("window.broken") is None
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("1 acknowledged.")).to_be_visible()
    page.goto(f"/admin/migration_control/finding/{finding.pk}/change/")
    expect(page.locator("pre")).to_have_text(HOSTILE)
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("page", [PHONE, LAPTOP], indirect=True, ids=["phone", "laptop"])
def test_no_page_is_wider_than_its_window(page: Page, bot: Bot, run_import: Importer) -> None:
    long = "long" * 100
    bot.writes(user(1, theme=long, subscription=subscription(tier=long)), user(2, total_requests=long), user(None))
    run = run_import()
    run_import("subscriptions")
    Run.objects.create(
        component_id="users", requested_by=long, state="paused", message=long, total=10**9, source_read=True
    )
    ComponentState.objects.filter(pk="users").update(held=f"a reason {long}")
    put("users", "UPDATE accounts_user SET faceit_nickname = %s", long)
    log_in(page)
    for address in PAGES:
        page.goto(address.format(run=run.pk, finding=Finding.objects.filter(code="no-key").get().pk))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{address} is {wide} px wider than its window"
