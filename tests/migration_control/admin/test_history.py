"""The history of moves and the requests: read by staff, changed by nobody."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from migration_control.models import ComponentState, MoveRequest, Transition
from migration_control.moving.rows import By, change
from migration_control.stages import row
from tests.staff import VIEWS, staff

pytestmark = pytest.mark.django_db(transaction=True)

HISTORY = "/admin/migration_control/transition/"
REQUESTS = "/admin/migration_control/moverequest/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def viewer() -> Client:
    return staff(*VIEWS, "view_transition", "view_moverequest")


def moved(name: str, **by: object) -> Transition:
    state = ComponentState.objects.get(name=name)
    values: dict[str, object] = {"actor": "ann", "reason": "it was time"} | by
    with transaction.atomic():
        change(state, row("dual-write", "json"), state.epoch + 1, "mirror on", By(**values))  # type: ignore[arg-type]
    return Transition.objects.latest("pk")


def asked(name: str = "users", **values: object) -> MoveRequest:
    usual = {"stage": "dual-write", "reads": "json", "epoch": 0, "requested_by": "ann", "reason": "it is time"}
    return MoveRequest.objects.create(component_id=name, **(usual | values))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("component__name__exact=users", ["users"]),
        ("overridden=yes", ["matches"]),
        ("overridden=no", ["users", "subscriptions"]),
        ("actor=bob", ["subscriptions"]),
        ("automatic__exact=1", ["subscriptions"]),
        ("q=seven", ["matches"]),
    ],
)
def test_the_history_is_filtered_and_searched(viewer: Client, query: str, found: list[str]) -> None:
    moved("users")
    moved("subscriptions", actor="bob", automatic=True)
    moved("matches", overridden=["quarantine: 3 entries"], override="seven is a test")
    rows = viewer.get(f"{HISTORY}?{query}").context["cl"].result_list
    assert {line.component_id for line in rows} == set(found)


def test_an_override_shows_in_the_list_and_in_its_line(viewer: Client) -> None:
    line = moved("users", overridden=["quarantine: 3 entries"], override="seven is a test")
    for address in (HISTORY, f"{HISTORY}{line.pk}/change/"):
        page = viewer.get(address).content.decode()
        for shown in ("overridden", "quarantine: 3 entries", "because: seven is a test"):
            assert shown in page


def test_nobody_changes_history_or_requests(admin_client: Client) -> None:
    line, wish = moved("users"), asked()
    for base, pk in ((HISTORY, line.pk), (REQUESTS, wish.pk)):
        for address in (f"{base}add/", f"{base}{pk}/change/", f"{base}{pk}/delete/"):
            assert admin_client.post(address, {"post": "yes", "actor": "nobody", "state": "done"}).status_code == 403
    assert (Transition.objects.get().actor, MoveRequest.objects.get().state) == ("ann", "requested")


def test_what_staff_wrote_is_escaped(viewer: Client) -> None:
    line = moved("users", reason=HOSTILE, actor=HOSTILE, overridden=[HOSTILE], override=HOSTILE)
    wish = asked(reason=HOSTILE, requested_by=HOSTILE, message=HOSTILE)
    addresses = (
        HISTORY, f"{HISTORY}{line.pk}/change/", REQUESTS, f"{REQUESTS}{wish.pk}/change/",
        "/admin/migration_control/componentstate/", "/admin/migration_control/componentstate/users/change/",
    )  # fmt: skip
    for address in addresses:
        page = viewer.get(address).content.decode()
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


def test_a_requests_page_shows_its_steps_and_renews_itself_while_it_is_open(viewer: Client) -> None:
    wish = asked(state="running", message="copying what the other store lacks")
    moved("users", request=wish)
    page = viewer.get(f"{REQUESTS}{wish.pk}/change/").content.decode()
    for shown in ("copying what the other store lacks", "to dual-write reading json", 'content="2"', "data-going"):
        assert shown in page
    MoveRequest.objects.update(state="done")
    assert "data-going" not in viewer.get(f"{REQUESTS}{wish.pk}/change/").content.decode()


def test_requests_are_filtered_by_state(viewer: Client) -> None:
    asked(state="refused")
    mine = asked()
    rows = viewer.get(f"{REQUESTS}?state__exact=requested").context["cl"].result_list
    assert list(rows) == [mine]
