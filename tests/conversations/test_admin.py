"""Profiles, messages and settings in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import Profile, Setting
from tests.staff import give_authority_to_the_database, put, staff

pytestmark = pytest.mark.django_db(transaction=True)

PROFILES, MESSAGES, SETTINGS = (f"/admin/conversations/{model}/" for model in ("profile", "message", "setting"))
PROFILE = """
INSERT INTO conversations_profile (chat_id, name, message_count, summary, profile, version, extra, duplicate)
VALUES (%s, %s, 0, %s, '{}', 0, '{}', false)
"""
MESSAGE = """
INSERT INTO conversations_message (id, chat_id, position, direction, text, version, extra, duplicate)
SELECT %s || ':' || lpad(i::text, 10, '0'), %s, i, CASE WHEN i %% 2 = 0 THEN 'in' ELSE 'out' END, 'text ' || i, 0,
    '{}', false
  FROM generate_series(0, %s) i
"""
SETTING = """
INSERT INTO conversations_setting (id, bot_id, name, value, version, extra, duplicate)
VALUES (%s, 'companion', %s, %s, 0, '{}', false)
"""


@pytest.fixture
def editor() -> Client:
    return staff(*(f"{act}_{model}" for act in ("view", "change") for model in ("profile", "message", "setting")))


def found(client: Client, address: str) -> list[Any]:
    return [row.pk for row in client.get(address).context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "keys"), [("q=-7", [-7]), ("q=Ad", [-7]), ("q=da", []), ("q=--7", []), ("q=5", [5]), ("", [-7, 5])]
)
def test_profiles_are_searched(editor: Client, query: str, keys: list[int]) -> None:
    put("profiles", PROFILE, -7, "Ada", "{}")
    put("profiles", PROFILE, 5, "Zoë", "{}")
    assert found(editor, f"{PROFILES}?{query}") == keys


def test_json_that_no_utf8_has_bytes_for_is_shown_escaped(editor: Client) -> None:
    put("profiles", PROFILE, 1, "Ada", r'{"20240501102030": "<script>\ud800 \u0000 привет"}')
    put("configuration", SETTING, "a", "a", r'"\ud800"')
    page = editor.get(f"{PROFILES}1/change/").content.decode()
    assert "&lt;script&gt;" in page
    assert r"\ud800" in page
    assert "привет" in page
    give_authority_to_the_database("configuration")
    for address in (SETTINGS, f"{SETTINGS}a/change/"):
        assert r"\ud800" in editor.get(address).content.decode()


def test_a_profiles_name_is_corrected_and_its_json_stays(editor: Client) -> None:
    put("profiles", PROFILE, 1, "Ada", '{"20240501102030": "kept"}')
    give_authority_to_the_database("profiles")
    sent = {"drawn": "0", "name": "Ida", "message_count": "2", "summary": "{}", "profile": '{"a": 1}'}
    answer = editor.post(f"{PROFILES}1/change/", sent)
    assert answer.status_code == 302, answer.context["errors"]
    profile = Profile.objects.get()
    assert (profile.name, profile.message_count, profile.version) == ("Ida", 2, 1)
    assert (profile.summary, profile.profile) == ({"20240501102030": "kept"}, {})


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("q=-7", ["-7:0000000000", "-7:0000000001"]),
        ("q=-7:0000000001", ["-7:0000000001"]),
        ("q=8&direction__exact=out", ["8:0000000001"]),
        ("q=text", []),
    ],
)
def test_messages_are_searched_and_filtered(editor: Client, query: str, keys: list[str]) -> None:
    put("conversations", MESSAGE, "-7", -7, 1)
    put("conversations", MESSAGE, "8", 8, 1)
    assert found(editor, f"{MESSAGES}?{query}") == keys


def test_what_was_said_is_not_rewritten_here(editor: Client) -> None:
    put("conversations", MESSAGE, "8", 8, 0)
    give_authority_to_the_database("conversations")
    page = editor.get(f"{MESSAGES}8_3A0000000000/change/")
    assert "What happened is not changed here" in page.content.decode()
    assert 'name="_save"' not in page.content.decode()
    assert editor.post(f"{MESSAGES}8_3A0000000000/change/", {"drawn": "0", "text": "mine"}).status_code == 403


def test_the_list_of_100_000_messages_meets_indexes_only(editor: Client) -> None:
    put("conversations", MESSAGE, "8", 8, 100_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE conversations_message")
        with CaptureQueriesContext(connection) as queries:
            for query in ("", "q=8", "q=8:0000000007", "p=100"):
                assert editor.get(f"{MESSAGES}?{query}").status_code == 200
        listing = [q["sql"] for q in queries.captured_queries if '"conversations_message"."text"' in q["sql"]]
        assert listing
        for sql in listing:
            cursor.execute(f"EXPLAIN {sql}")
            assert not any("Seq Scan" in line for (line,) in cursor.fetchall()), sql


@pytest.mark.parametrize(
    ("text", "value"),
    [("null", None), ("0", 0), ('"x"', "x"), ('{"a": [1.5, "ё"]}', {"a": [1.5, "ё"]}), (r'"\ud800"', "\ud800")],
)
def test_a_setting_is_corrected_to_any_json(editor: Client, text: str, value: object) -> None:
    put("configuration", SETTING, "a", "a", '{"old": true}')
    give_authority_to_the_database("configuration")
    answer = editor.post(f"{SETTINGS}a/change/", {"drawn": "0", "value": text, "name": "b", "bot_id": "b"})
    assert answer.status_code == 302, answer.context["errors"]
    setting = Setting.objects.get()
    assert (setting.value, setting.name, setting.bot_id, setting.version) == (value, "a", "companion", 1)


@pytest.mark.parametrize("text", ["{", "NaN", "[1e400]", "{'a': 1}"])
def test_what_is_no_json_is_refused_beside_the_form(editor: Client, text: str) -> None:
    put("configuration", SETTING, "a", "a", "1")
    give_authority_to_the_database("configuration")
    answer = editor.post(f"{SETTINGS}a/change/", {"drawn": "0", "value": text})
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert Setting.objects.get().value == 1


def test_saving_a_setting_as_it_was_drawn_changes_nothing(editor: Client) -> None:
    put("configuration", SETTING, "a", "a", r'{"a": [1.50, "\ud800 \u0000 ё"]}')
    give_authority_to_the_database("configuration")
    drawn = editor.get(f"{SETTINGS}a/change/").context["adminform"].form["value"].value()
    assert editor.post(f"{SETTINGS}a/change/", {"drawn": "0", "value": drawn}).status_code == 302
    assert Setting.objects.get().version == 0
