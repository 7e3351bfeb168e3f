from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_control import moments
from migration_control.moments import Style

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2024, 6, 1, 10, 0, tzinfo=UTC)  # noon in Berlin


@pytest.mark.parametrize(
    "written",
    [
        "2024-06-01T12:00:00",
        "2024-06-01T12:00:00.000000",
        "2024-06-01 12:00:00",
        "2024-06-01T10:00:00Z",
        "2024-06-01T10:00:00+00:00",
        "2024-06-01T15:30:00+05:30",
        "20240601120000",
        20240601120000,
        1717236000,
        1717236000.0,
        "1717236000",
        1717236000000,
        "1717236000000",
    ],
)
def test_every_known_way_to_write_a_moment_is_read(written: object) -> None:
    assert moments.parse(written, BERLIN) == NOON


def test_a_date_alone_is_local_midnight() -> None:
    assert moments.parse("2024-06-01", BERLIN) == datetime(2024, 5, 31, 22, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    ["never", "", "12:30", "2024-13-01T00:00:00", "2024", True, None, [], {}, float("nan"), float("inf"), 3, 10**30],
)
def test_what_is_no_date_is_refused_rather_than_guessed(written: object) -> None:
    with pytest.raises(moments.NotADate):
        moments.parse(written, BERLIN)


@given(st.datetimes(min_value=datetime(1995, 1, 1), max_value=datetime(2150, 1, 1)))
def test_a_local_time_that_exists_comes_back_as_the_same_text(local: datetime) -> None:
    text = local.isoformat()
    parsed = moments.parse(text, BERLIN)
    exists = parsed.astimezone(BERLIN).replace(tzinfo=None) == local
    assert moments.legacy(parsed, BERLIN) == text or not exists


def test_an_ambiguous_local_time_comes_back_as_the_same_text() -> None:
    text = "2024-10-27T02:30:00"
    assert moments.legacy(moments.parse(text, BERLIN), BERLIN) == text


@pytest.mark.parametrize(
    ("style", "text"),
    [
        (Style.NAIVE, "2024-06-01T12:00:00"),
        (Style.ZULU, "2024-06-01T10:00:00Z"),
        (Style.AWARE, "2024-06-01T10:00:00+00:00"),
    ],
)
def test_a_moment_is_written_in_the_style_of_its_file(style: Style, text: str) -> None:
    assert moments.legacy(NOON, BERLIN, style) == text
    assert moments.parse(text, BERLIN) == NOON


@pytest.mark.parametrize(
    ("style", "text", "usual"),
    [
        (Style.ZULU, "2024-06-01T10:00:00.1Z", True),
        (Style.ZULU, "2024-06-01T10:00:00.123456789Z", True),
        (Style.ZULU, "2024-06-01T10:00:00+00:00", False),
        (Style.ZULU, "2024-06-01T10:00:00", False),
        (Style.AWARE, "2024-06-01T10:00:00.5+05:30", True),
        (Style.AWARE, "2024-06-01T10:00:00", True),
        (Style.AWARE, "2024-06-01T10:00:00Z", True),
        (Style.AWARE, "2024-06-01 10:00:00", False),
        (Style.AWARE, "2024-06-01", False),
        (Style.AWARE, 1717236000, False),
        (Style.NAIVE, "2024-06-01T10:00:00Z", False),
    ],
)
def test_a_file_has_ways_to_write_a_date_that_are_usual_there(style: Style, text: object, usual: bool) -> None:
    assert moments.usual(text, style) is usual
