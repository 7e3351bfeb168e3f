"""Parked keys in the admin: seen with their reason, tried again at once by who may move components."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from legacy_json.keys import Key
from migration_control import components
from migration_control.mirroring import parking
from migration_control.models import Parked
from tests.staff import VIEWS, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

PARKED = "/admin/migration_control/componentstate/parked/"


@pytest.fixture
def viewer() -> Client:
    return staff(*VIEWS, "view_parked")


@pytest.fixture
def mover() -> Client:
    return staff(*VIEWS, "view_parked", "move_components", name="mover")


def park(key: str, component: str = "users", **values: Any) -> Parked:
    usual = {"to": "json", "version": 3, "reason": "a lone surrogate", "due": timezone.now() + timedelta(hours=1)}
    return Parked.objects.create(component=component, key=key, **(usual | values))


def waiting() -> set[Key]:
    return parking.waiting(components.get("users"))


def test_each_is_shown_with_its_reason_and_when_it_is_tried_again(viewer: Client) -> None:
    parked = park("7", reason="<b>no room</b>")
    page = viewer.get(PARKED).content.decode()
    for shown in ("/admin/accounts/user/7/change/", "&lt;b&gt;no room", f"{parked.due:%Y-%m-%d %H:%M:%S}", "1 time"):
        assert shown in page
    assert "chosen" not in page


def test_only_one_components_are_shown_if_asked(viewer: Client) -> None:
    park("7", reason="of a user")
    park("8", "subscriptions", reason="of a subscription")
    page = viewer.get(PARKED, {"component": "users"}).content.decode()
    assert "of a user" in page
    assert "of a subscription" not in page


def test_the_list_of_components_and_the_first_page_lead_there(viewer: Client) -> None:
    park("7")
    assert f"{PARKED}?component=users" in viewer.get("/admin/migration_control/componentstate/").content.decode()
    assert f'href="{PARKED}"' in viewer.get("/admin/").content.decode()


def test_the_chosen_are_tried_again_at_once(mover: Client) -> None:
    park("7")
    park("8")
    assert "1 will be tried again" in said(mover.post(PARKED, {"chosen": ["users 7"]}))
    assert waiting() == {8}


def test_all_of_one_component_are_tried_again_and_no_others(mover: Client) -> None:
    park("7")
    park("7", "subscriptions")
    mover.post(f"{PARKED}?component=subscriptions", {"chosen": "all"})
    assert waiting() == {7}


def test_one_that_is_parked_no_more_is_told(mover: Client) -> None:
    assert "None of the keys is parked any more" in said(mover.post(PARKED, {"chosen": ["users 7"]}))


def test_who_may_only_look_tries_nothing(viewer: Client) -> None:
    park("7")
    assert viewer.post(PARKED, {"chosen": "all"}).status_code == 403
    assert waiting() == {7}


def test_who_may_not_look_sees_nothing() -> None:
    assert staff(*VIEWS, "move_components", name="other").get(PARKED).status_code == 403
