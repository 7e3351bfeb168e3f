"""The check finds what is missing, changed or too much."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from accounts.components import USERS
from accounts.models import User
from config.journey.fates import Fate, Tally, look
from migration_control.copying import begin
from migration_control.models import Finding

UTC = ZoneInfo("UTC")
pytestmark = pytest.mark.django_db


def looked(tmp_path: Path, *users: object) -> tuple[dict[str, Tally], list[tuple[str, int, str]]]:
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"users": users}))
    fates: list[Fate] = []
    tallies = look(file, UTC, fates.append)
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


def test_what_is_quarantined_is_accounted_for_by_number_or_key(tmp_path: Path) -> None:
    place = {"component_id": "users", "source": "data.json", "outcome": "quarantined", "code": "c", "detail": "d"}
    Finding.objects.create(**place, ordinal=0, phase="reading", raw=b'"text"')
    Finding.objects.create(**place, ordinal=17, phase="mapping", key="2")
    _, fates = looked(tmp_path, "text", {"user_id": 2})
    assert fates == [("users", 0, "quarantined"), ("users", 1, "quarantined")]
