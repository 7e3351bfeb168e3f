"""The check finds what is missing, changed or too much."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from accounts.components import USERS
from accounts.models import User
from config.journey.fates import Fate, Tally, look
from conversations.components import CONVERSATIONS
from conversations.models import Message
from migration_control import store
from migration_control.copying import begin
from migration_control.models import Finding

UTC = ZoneInfo("UTC")
PLAIN = {
    "user_id": 1,
    "faceit_player_id": None,
    "faceit_nickname": None,
    "last_checked_match_id": None,
    "waiting_for_nickname": False,
    "language": "ru",
    "notifications_enabled": True,
    "created_at": None,
    "last_active_at": None,
    "total_requests": 0,
}
pytestmark = pytest.mark.django_db


def looked(tmp_path: Path, *users: object) -> tuple[dict[str, Tally], list[tuple[str, int, str]]]:
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"users": users}))
    fates: list[Fate] = []
    sources = {source.name: source for source in store.sources_of(USERS)}
    tallies = look(tmp_path, sources.values(), UTC, fates.append)
    return tallies, [(fate.component, fate.entry, fate.outcome) for fate in fates]


def put(user_id: int, **values: object) -> None:
    with connection.cursor() as cursor:
        begin(cursor, USERS)
    User.objects.create(user_id=user_id, **values)


def test_a_record_with_its_row_arrived(tmp_path: Path) -> None:
    put(1, language="en", extra={"vip": [1]})
    tallies, fates = looked(tmp_path, {"user_id": 1, "language": "en", "vip": [1]})
    assert fates == [("users", 0, "arrived")]
    assert tallies["users"].round_trip == tallies["users"].rows == 1


def test_a_record_without_row_or_finding_is_lost(tmp_path: Path) -> None:
    _, fates = looked(tmp_path, {"user_id": 1}, {"user_id": 2, "subscription": {"tier": "free"}}, "text", {})
    assert fates == [("subscriptions", 1, "lost"), *(("users", number, "lost") for number in range(4))]


@pytest.mark.parametrize(
    "document",
    [
        {"user_id": 1, "language": "en"},
        {"user_id": 1, "total_requests": True},
        {"user_id": 1, "total_requests": 1.0},
        {"user_id": 1, "unknown": None},
        {"user_id": "1"},
    ],
)
def test_a_record_that_comes_back_otherwise_is_lost(tmp_path: Path, document: dict[str, object]) -> None:
    put(1, total_requests=1)
    _, fates = looked(tmp_path, document)
    assert fates == [("users", 0, "lost")]


def test_a_value_that_the_file_does_not_have_is_no_round_trip(tmp_path: Path) -> None:
    put(1, total_requests=1)
    _, fates = looked(tmp_path, {"user_id": 1})
    assert fates == [("users", 0, "lost")]


def test_rows_beyond_the_file_show_in_the_count(tmp_path: Path) -> None:
    put(1)
    put(2)
    tallies, _ = looked(tmp_path, {"user_id": 1})
    assert (tallies["users"].round_trip, tallies["users"].rows) == (1, 2)


def test_what_is_quarantined_is_accounted_for_by_place_or_key(tmp_path: Path) -> None:
    place = {"component_id": "users", "source": "data.json", "outcome": "quarantined", "code": "c", "detail": "d"}
    Finding.objects.create(**place, ordinal=0, phase="reading", raw=b'"text"')
    Finding.objects.create(**place, ordinal=17, phase="mapping", key="2")
    _, fates = looked(tmp_path, "text", {"user_id": 2})
    assert fates == [("users", 0, "quarantined"), ("users", 1, "quarantined")]


def test_a_finding_of_another_file_or_key_accounts_for_nothing(tmp_path: Path) -> None:
    found = {"component_id": "users", "phase": "reading", "outcome": "quarantined", "code": "c", "detail": "d"}
    Finding.objects.create(**found, source="data.json", ordinal=0, key="2")
    Finding.objects.create(**found, source="other.json", ordinal=0)
    _, fates = looked(tmp_path, {"user_id": 1})
    assert fates == [("users", 0, "lost")]


def test_the_mapping_says_nothing_of_an_entry_that_lost_its_key(tmp_path: Path) -> None:
    put(1)
    place = {"component_id": "users", "source": "data.json", "code": "c", "key": "1"}
    Finding.objects.create(**place, ordinal=1, phase="reading", outcome="quarantined", detail="beaten")
    Finding.objects.create(**place, ordinal=0, phase="mapping", outcome="repaired", detail="mended")
    (tmp_path / "data.json").write_text(json.dumps({"users": [PLAIN, {"user_id": 1}]}))
    fates: list[Fate] = []
    look(tmp_path, store.sources_of(USERS), UTC, fates.append)
    assert [(fate.outcome, fate.notes) for fate in fates if fate.component == "users"] == [
        ("repaired", ["mended"]),
        ("quarantined", ["beaten"]),
    ]


def test_elements_of_a_list_begin_where_the_first_known_one_does(tmp_path: Path) -> None:
    (tmp_path / "conversations").mkdir()
    said = ("b", "c")
    documents = [{"ts": None, "direction": "in", "text": text} for text in said]
    (tmp_path / "conversations/-7.json").write_text(json.dumps(["no message", *documents]))
    with connection.cursor() as cursor:
        begin(cursor, CONVERSATIONS)
    for position, text in enumerate(said, 4):
        Message.objects.create(id=f"-7:{position:010d}", chat_id=-7, position=position, text=text, direction="in")
    place = {"component_id": "conversations", "source": "conversations/-7.json", "outcome": "quarantined"}
    Finding.objects.create(**place, ordinal=0, phase="reading", key="-7:0000000003", code="c", detail="d")
    fates: list[Fate] = []
    look(tmp_path, store.sources_of(CONVERSATIONS), UTC, fates.append)
    assert [(fate.key, fate.outcome) for fate in fates] == [
        ("-7:0000000003", "quarantined"),
        ("-7:0000000004", "arrived"),
        ("-7:0000000005", "arrived"),
    ]
