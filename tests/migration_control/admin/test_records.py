"""Adding and deleting records by hand, beside writers and moves. Corrections: tests/accounts/test_admin.py."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conversations.models import Setting
from migration_control.models import Change, Finding
from tests.staff import give_authority_to_the_database, put, said, staff
from tests.standing import stand

pytestmark = pytest.mark.django_db(transaction=True)

USERS, SETTINGS, MATCHES = "/admin/accounts/user/", "/admin/conversations/setting/", "/admin/matches/match/"
ROW = """
INSERT INTO accounts_user (user_id, faceit_nickname, waiting_for_nickname, language, notifications_enabled,
    total_requests, version, extra, duplicate) VALUES (%s, 'Nick', false, 'ru', true, 0, 0, '{}', false)
"""
MATCH = "INSERT INTO matches_match (match_id, analyses, version, extra, duplicate) VALUES (%s, '[]', 0, '{}', false)"


@pytest.fixture
def editor() -> Client:
    models = ("user", "setting", "match")
    return staff(*(f"{act}_{model}" for act in ("view", "add", "change", "delete") for model in models))


def new_user(**values: Any) -> dict[str, Any]:
    sent = {"user_id": "5", "language": "ru", "total_requests": "0", "created_at_0": "", "created_at_1": ""}
    return sent | {"last_active_at_0": "", "last_active_at_1": ""} | values


def change(key: str, component: str = "users") -> Change:
    return Change.objects.get(component=component, key=key)


# Adding


def test_a_record_is_added_and_noted_for_json(editor: Client) -> None:
    give_authority_to_the_database("users")
    assert 'name="user_id"' in editor.get(f"{USERS}add/").content.decode()
    answer = editor.post(f"{USERS}add/", new_user(faceit_nickname="New"))
    assert answer.status_code == 302, answer.context["errors"]
    user = User.objects.get()
    assert (user.pk, user.faceit_nickname, user.faceit_player_id, user.duplicate) == (5, "New", None, False)
    assert (change("5").version, change("5").deleted) == (user.version, False)
    assert change("5").acked < user.version


def test_one_that_was_deleted_is_added_above_its_tombstone(editor: Client) -> None:
    give_authority_to_the_database("users")
    editor.post(f"{USERS}add/", new_user())
    User.objects.get().delete()
    tombstone = change("5").version
    editor.post(f"{USERS}add/", new_user())
    assert User.objects.get().version == change("5").version > tombstone


def test_a_key_that_is_taken_or_reserved_is_refused_beside_its_field(editor: Client) -> None:
    put("users", ROW, 5)
    give_authority_to_the_database("users")
    Finding.objects.create(
        component_id="users",
        source="data.json",
        phase="mapping",
        outcome="quarantined",
        code="x",
        key="6",
        detail="odd",
    )
    assert "already exists" in editor.post(f"{USERS}add/", new_user()).content.decode()
    assert "quarantine" in editor.post(f"{USERS}add/", new_user(user_id="6")).content.decode()
    assert User.objects.count() == 1


def test_what_follows_from_the_key_is_set_with_it(editor: Client) -> None:
    give_authority_to_the_database("configuration")
    answer = editor.post(f"{SETTINGS}add/", {"id": "chat::greeting", "value": '{"a": 1}', "name": "mine"})
    assert answer.status_code == 302, answer.context["errors"]
    setting = Setting.objects.get()
    assert (setting.scope, setting.name, setting.value) == ("chat", "greeting", {"a": 1})


def test_while_json_is_the_authority_nothing_is_added_or_deleted(editor: Client) -> None:
    put("users", ROW, 5)
    assert editor.get(f"{USERS}add/").status_code == 403
    page = editor.get(f"{USERS}5/change/").content.decode()
    assert "deletelink" not in page
    assert "The records lie in data.json" in page


def test_facts_are_deleted_but_not_added(editor: Client) -> None:
    put("matches", MATCH, "1-a")
    give_authority_to_the_database("matches")
    assert editor.get(f"{MATCHES}add/").status_code == 403
    assert editor.post(f"{MATCHES}1-a/delete/", {"post": "yes", "drawn": "0"}).status_code == 302
    assert change("1-a", "matches").deleted


# Deleting


def test_a_record_is_deleted_at_the_version_that_was_shown(editor: Client) -> None:
    put("users", ROW, 5)
    give_authority_to_the_database("users")
    assert 'name="drawn" value="0"' in editor.get(f"{USERS}5/delete/").content.decode()
    assert editor.post(f"{USERS}5/delete/", {"post": "yes", "drawn": "0"}).status_code == 302
    assert not User.objects.exists()
    assert change("5").deleted


@pytest.mark.parametrize("drawn", ["0", "", "x"])
def test_one_that_was_changed_since_is_not_deleted(editor: Client, drawn: str) -> None:
    put("users", ROW, 5)
    give_authority_to_the_database("users")
    User.objects.update(language="en")
    answer = editor.post(f"{USERS}5/delete/", {"post": "yes", "drawn": drawn})
    assert "changed after this page was drawn" in said(answer)
    assert User.objects.get().language == "en"


def test_there_is_no_deleting_of_many_at_once(editor: Client) -> None:
    put("users", ROW, 5)
    give_authority_to_the_database("users")
    editor.post(USERS, {"action": "delete_selected", "_selected_action": "5", "post": "yes"})
    assert User.objects.exists()


# A move in between


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("add/", new_user(user_id="9")),
        ("5/change/", new_user(drawn="0", language="en")),
        ("5/delete/", {"post": "yes", "drawn": "0"}),
    ],
)
def test_a_move_between_drawing_and_saving_is_told(editor: Client, address: str, sent: dict[str, Any]) -> None:
    put("users", ROW, 5)
    give_authority_to_the_database("users")
    assert editor.get(f"{USERS}{address}").status_code == 200
    stand("dual-write", "json", "users")
    answer = editor.post(f"{USERS}{address}", sent)
    assert answer.headers["Location"] == USERS
    assert "JSON is the authority for users by now, and nothing was saved. a test moved it at" in said(answer)
    assert User.objects.get().language == "ru"


@pytest.mark.parametrize(
    ("address", "sent"),
    [("add/", new_user(user_id="9")), ("5/change/", new_user(drawn="0", language="en"))],
)
def test_a_move_in_the_middle_of_saving_is_told(
    editor: Client, monkeypatch: pytest.MonkeyPatch, address: str, sent: dict[str, Any]
) -> None:
    from migration_control.admin import record_forms

    put("users", ROW, 5)
    give_authority_to_the_database("users")
    take = record_forms.hold

    def hold(component: str) -> None:
        stand("dual-write", "json", "users")
        take(component)

    monkeypatch.setattr(record_forms, "hold", hold)
    answer = editor.post(f"{USERS}{address}", sent)
    assert "JSON is the authority for users by now" in answer.content.decode()
    assert User.objects.get().language == "ru"


def test_who_may_not_is_refused() -> None:
    put("users", ROW, 5)
    give_authority_to_the_database("users")
    viewer = staff("view_user", "change_user")
    assert viewer.post(f"{USERS}add/", new_user(user_id="9")).status_code == 403
    assert viewer.post(f"{USERS}5/delete/", {"post": "yes", "drawn": "0"}).status_code == 403
    assert User.objects.count() == 1
