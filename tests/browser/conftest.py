"""A browser, where there is one: Chromium or Chrome as the system has it.

With CI=true its absence is a failure; elsewhere the tests skip, and say so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """No longer than the module: its driver runs an event loop in this thread, beside which Django refuses to work."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing = f"No browser was found ({', '.join(NAMES)}): install one, on Debian with apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        expect.set_options(timeout=20_000)  # milliseconds; a page renews itself every 2 s, and the machine may be busy
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with playwright.chromium.launch(executable_path=program, args=arguments) as browser:
            yield browser


@pytest.fixture
def page(browser: Browser, live_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page at the live server; it fails the test for an error on the console. `param`: the context's options."""
    options = getattr(request, "param", {})
    errors: list[str] = []
    with browser.new_context(base_url=live_server.url, **options) as context:
        page = context.new_page()
        page.goto("/admin/login/")
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        yield page
    assert not errors
