"""Which month is the first that is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.conf import settings as configured
from pytest_django import Settings

from analytics.retention import floor


@pytest.mark.parametrize(
    ("month", "kept", "first"),
    [((2024, 11), 1, "202410"), ((2024, 1), 1, "202312"), ((2024, 12), 12, "202312"), ((2024, 3), 27, "202112")],
)
def test_the_present_month_and_so_many_before_it_are_kept(
    settings: Settings, month: tuple[int, int], kept: int, first: str
) -> None:
    settings.ANALYTICS_RETENTION_MONTHS = kept
    assert floor(datetime(*month, 1, tzinfo=UTC), configured) == first
    assert floor(datetime(*month, 28, 23, 59, tzinfo=UTC), configured) == first


def test_everything_is_kept_unless_the_setting_says_otherwise(settings: Settings) -> None:
    assert settings.ANALYTICS_RETENTION_MONTHS is None
    assert floor(datetime(2024, 11, 1, tzinfo=UTC), configured) is None
