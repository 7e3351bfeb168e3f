"""Which month is the first that is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from analytics import retention
from analytics.retention import floor


@pytest.mark.parametrize(
    ("month", "kept", "first"),
    [((2024, 11), 1, "202410"), ((2024, 1), 1, "202312"), ((2024, 12), 12, "202312"), ((2024, 3), 27, "202112")],
)
def test_the_present_month_and_so_many_before_it_are_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, month: tuple[int, int], kept: int, first: str
) -> None:
    monkeypatch.setattr(retention, "_newest", lambda: "202412")
    monkeypatch.setattr(retention, "_odd", lambda floor: None)
    settings.ANALYTICS_RETENTION_MONTHS = kept
    assert floor(datetime(*month, 1, tzinfo=UTC)) == first
    assert floor(datetime(*month, 28, 23, 59, tzinfo=UTC)) == first


def test_everything_is_kept_unless_the_setting_says_otherwise(settings: Settings) -> None:
    assert settings.ANALYTICS_RETENTION_MONTHS is None
    assert floor(datetime(2024, 11, 1, tzinfo=UTC)) is None
