"""How long the server asks to be left alone, in each way that it may say it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from matches.faceit.limits import LONGEST, backoff, retry_after, until_reset

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12.0),
        ({"retry-after": "3", "ratelimit-remaining": "0", "ratelimit-reset": "12"}, 3.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 9)}, 9.0),
        ({"ratelimit-remaining": "4", "ratelimit-reset": "12"}, None),
        ({"ratelimit-remaining": "0"}, None),
    ],
)
def test_the_servers_word_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_only_a_limit_that_is_used_up_counts() -> None:
    assert until_reset({"retry-after": "7"}, NOW) is None


def test_waits_double_up_to_a_bound_and_are_up_to_chance() -> None:
    assert [backoff(attempt, 1.0) for attempt in (0, 1, 2)] == [0.25, 0.5, 1.0]
    assert backoff(10**6, 1.0) == LONGEST
    assert backoff(3, 0.0) == 0.0
