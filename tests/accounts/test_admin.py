"""Users in the admin: found fast, read-only while JSON is the authority, corrected safely afterwards."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from migration_control import locks
from migration_control.admin import paging, record_forms
from migration_control.models import Change
from tests.staff import give_authority_to_the_database, put, said, staff

pytestmark = pytest.mark.django_db(transaction=True)

USERS = "/admin/accounts/user/"
ROWS = """
INSERT INTO accounts_user (user_id, faceit_player_id, faceit_nickname, waiting_for_nickname, language,
    notifications_enabled, total_requests, version, extra, duplicate)
SELECT i, 'player-' || i, 'Nick ' || i, false, CASE WHEN i %% 2 = 0 THEN 'en' ELSE 'ru' END, true, 0, 0, %s, false
  FROM generate_series(1, %s) i
"""


@pytest.fixture
def editor() -> Client:
    return staff("view_user", "change_user")


def fields(**values: Any) -> dict[str, Any]:
    """What the form of the user 1 sends when nothing is changed."""
    return {
        "drawn": "0",
        "faceit_player_id": "player-1",
        "faceit_nickname": "Nick 1",
        "last_checked_match_id": "",
        "language": "ru",
        "notifications_enabled": "on",
        "created_at_0": "",
        "created_at_1": "",
        "last_active_at_0": "",
        "last_active_at_1": "",
        "total_requests": "0",
    } | values


def found(client: Client, query: str) -> list[int]:
    return [row.pk for row in client.get(f"{USERS}?{query}").context["cl"].result_list]


# While JSON is the authority


def test_a_record_is_read_only_and_the_page_says_why(editor: Client) -> None:
    put("users", ROWS, "{}", 1)
    for address in (USERS, f"{USERS}1/change/"):
        page = editor.get(address).content.decode()
        assert "JSON is the authority for users: change this through the bot." in page
        assert 'name="_save"' not in page


def test_a_crafted_post_is_refused(admin_client: Client) -> None:
    put("users", ROWS, "{}", 1)
    crafted = (
        ("1/change/", fields(faceit_nickname="mine")),
        ("1/delete/", {"post": "yes"}),
        ("add/", {"user_id": "9"}),
    )
    for address, sent in crafted:
        assert "JSON is the authority for users by now" in said(admin_client.post(f"{USERS}{address}", sent))
    admin_client.post(USERS, {"action": "delete_selected", "_selected_action": "1", "post": "yes"})
    assert User.objects.get().faceit_nickname == "Nick 1"


def test_the_rest_of_the_legacy_record_is_shown_escaped(editor: Client) -> None:
    put("users", ROWS, r'{"theme": "<script>alert(1)</script>", "odd": "\ud800"}', 1)
    page = editor.get(f"{USERS}1/change/").content.decode()
    assert "&quot;theme&quot;: &quot;&lt;script&gt;" in page
    assert r"\ud800" in page


# Once the database is


def test_a_correction_is_stored_with_the_triggers_version_and_noted(editor: Client) -> None:
    put("users", ROWS, '{"kept": [1.50]}', 1)
    give_authority_to_the_database("users")
    page = editor.get(f"{USERS}1/change/").content.decode()
    assert "JSON is the authority" not in page
    answer = editor.post(f"{USERS}1/change/", fields(faceit_nickname="Corrected"))
    assert answer.status_code == 302, answer.context["errors"]
    row = User.objects.get()
    assert (row.faceit_nickname, row.version, row.run) == ("Corrected", 1, None)
    assert row.extra == {"kept": [1.5]}
    change = Change.objects.get()
    assert (change.component, change.key, change.version) == ("users", "1", 1)
    assert editor.post(f"{USERS}1/change/", fields(drawn="1", faceit_nickname="Twice")).status_code == 302
    assert User.objects.get().version == 2


def test_saving_what_was_not_changed_changes_nothing(editor: Client) -> None:
    put("users", ROWS, "{}", 1)
    odd = "UPDATE accounts_user SET faceit_nickname = ' spaced ', last_active_at = '2024-05-01T10:00:00.123456Z'"
    put("users", odd)
    give_authority_to_the_database("users")
    same = fields(faceit_nickname=" spaced ", last_active_at_0="2024-05-01", last_active_at_1="10:00:00")
    assert editor.post(f"{USERS}1/change/", same).status_code == 302
    assert User.objects.get().version == 0
    assert not Change.objects.exists()


def test_a_page_that_the_record_has_left_behind_saves_nothing(editor: Client) -> None:
    put("users", ROWS, "{}", 1)
    give_authority_to_the_database("users")
    User.objects.update(language="en")
    for drawn in ("0", "", "x"):
        answer = editor.post(f"{USERS}1/change/", fields(drawn=drawn, faceit_nickname="late"))
        assert answer.status_code == 200
        assert "changed after this page was drawn" in answer.content.decode()
    assert User.objects.get().faceit_nickname == "Nick 1"


def test_a_unique_value_of_another_is_refused_beside_the_form(editor: Client) -> None:
    put("users", ROWS, "{}", 2)
    give_authority_to_the_database("users")
    answer = editor.post(f"{USERS}1/change/", fields(faceit_player_id="player-2"))
    assert "one_user_per_faceit_account" in answer.content.decode()
    assert User.objects.get(pk=1).version == 0


def test_a_value_that_another_record_takes_meanwhile_is_a_message(
    editor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("users", ROWS, "{}", 2)
    give_authority_to_the_database("users")
    monkeypatch.setattr(User, "validate_constraints", lambda *_, **__: None)  # as if it came after the look
    answer = editor.post(f"{USERS}1/change/", fields(faceit_player_id="player-2"))
    assert answer.status_code == 302
    assert "Nothing was saved" in said(answer)


def test_a_save_behind_a_move_gives_up_and_says_so(editor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    put("users", ROWS, "{}", 1)
    give_authority_to_the_database("users")
    monkeypatch.setattr(record_forms, "LOCK_TIMEOUT", "100ms")
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as mover:
        mover.execute(*locks.exclusive("users"))
        answer = editor.post(f"{USERS}1/change/", fields(language="en"))
    assert "Nothing was saved" in said(answer)
    assert User.objects.get().language == "ru"


def test_who_may_only_look_cannot_correct() -> None:
    put("users", ROWS, "{}", 1)
    give_authority_to_the_database("users")
    viewer = staff("view_user")
    assert viewer.post(f"{USERS}1/change/", fields(faceit_nickname="mine")).status_code == 403


def test_the_key_the_version_and_the_engines_columns_are_not_taken_from_a_form(editor: Client) -> None:
    put("users", ROWS, "{}", 1)
    give_authority_to_the_database("users")
    crafted = fields(user_id="5", version="99", duplicate="on", run="7", extra='{"a": 1}', language="en")
    assert editor.post(f"{USERS}1/change/", crafted).status_code == 302
    row = User.objects.get()
    assert (row.pk, row.version, row.duplicate, row.run, row.extra) == (1, 1, False, None, {})


# The list


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("q=2", [2]),
        ("q=player-3", [3]),
        ("q=Nick 1", [1]),
        ("q=Nick", [1, 2, 3, 4]),
        ("q=ick", []),
        ("q=99999999999999999999", []),
        ("q=100%25", []),
        ("linked=no", [4]),
        ("linked=yes", [1, 2, 3]),
        ("language=en", [2, 4]),
        ("duplicate__exact=1", [3]),
        ("notifications_enabled__exact=0", [1]),
    ],
)
def test_users_are_searched_and_filtered(editor: Client, query: str, keys: list[int]) -> None:
    put("users", ROWS, "{}", 4)
    put("users", "UPDATE accounts_user SET faceit_player_id = '' WHERE user_id = 4")
    put("users", "UPDATE accounts_user SET duplicate = true WHERE user_id = 3")
    put("users", "UPDATE accounts_user SET notifications_enabled = false WHERE user_id = 1")
    assert found(editor, query) == keys


def test_the_list_of_100_000_counts_no_more_than_its_pages_show(editor: Client) -> None:
    put("users", ROWS, "{}", 100_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
    for query in ("", "p=200", "language=en", "linked=yes", "q=Nick"):
        with CaptureQueriesContext(connection) as queries:
            page = editor.get(f"{USERS}?{query}")
        assert page.status_code == 200
        counting = [q["sql"] for q in queries.captured_queries if "COUNT(" in q["sql"] and "accounts_user" in q["sql"]]
        assert counting
        assert all(f"LIMIT {paging.LIMIT + 1}" in sql for sql in counting)
        assert not any("DISTINCT" in q["sql"] for q in queries.captured_queries)
    assert "about 100,000 users" in editor.get(USERS).content.decode()
    assert "more than 10,000 users" in editor.get(f"{USERS}?language=en").content.decode()


def test_a_search_at_100_000_meets_indexes_only(editor: Client) -> None:
    put("users", ROWS, "{}", 100_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user")
        with CaptureQueriesContext(connection) as queries:
            editor.get(f"{USERS}?q=Nick 77777")
        searches = [q["sql"] for q in queries.captured_queries if "LIKE" in q["sql"]]
        assert searches
        for sql in searches:
            cursor.execute(f"EXPLAIN {sql}")
            assert not any("Seq Scan" in line for (line,) in cursor.fetchall()), sql
