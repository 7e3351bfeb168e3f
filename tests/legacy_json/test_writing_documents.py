"""What a writer takes for a document, and for a key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from legacy_json.errors import (
    Unholdable,
)
from tests.legacy_json.ours import (
    MATCHES,
    MESSAGES,
    USERS,
    Ours,
    opened,
)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Ours]:
    yield from opened(tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        10**30,
        -(10**18),
        2**63,
        1e22,
        -0.0,
        "\ud800",
        "\udc80\ud83d",
        "\0",
        "\u2028",
        "😀",
        {"\ud800": [None, True]},
        "",
    ],
)
def test_every_value_that_json_can_write_survives(ours: Ours, value: object) -> None:
    ours.create(USERS, 5, user_id=5, value=value)
    assert repr(ours.document(USERS, 5)["value"]) == repr(value)
    ours.render()
    assert repr(ours.content("data.json")["users"][-1]["value"]) == repr(value)


@pytest.mark.parametrize(("value", "kept"), [((1, 2), [1, 2]), ({1: "a", None: 2}, {"1": "a", "null": 2})])
def test_what_json_writes_in_its_own_way_is_kept_so(ours: Ours, value: object, kept: object) -> None:
    ours.create(USERS, 5, value=value)
    assert ours.document(USERS, 5)["value"] == kept


def nested() -> object:
    found: list[object] = []
    for _ in range(100_000):
        found = [found]
    return found


UNWRITABLE = [
    float("nan"),
    float("-inf"),
    {1},
    b"x",
    object(),
    {("a",): 1},
    {"a": [{2}]},
    {1: "a", "1": "b"},
    datetime(2024, 1, 1),
    Decimal(1),
    pytest.param(10**5000, id="huge"),
    pytest.param(nested(), id="nested"),
]


@pytest.mark.parametrize("value", UNWRITABLE)
@pytest.mark.parametrize("name", ["value", "faceit_player_id"])
def test_a_value_that_json_cannot_write_is_refused(ours: Ours, name: str, value: object) -> None:
    with pytest.raises(Unholdable, match="users 1 holds a value"):
        ours.replace(USERS, 1, None, **{name: value})
    assert ours.record(USERS, 1).version == 0


@pytest.mark.parametrize(
    ("collection", "key"),
    [
        (USERS, "5"),
        (USERS, True),
        (USERS, 2**63),
        (USERS, 5.0),
        (MATCHES, 5),
        (MATCHES, ""),
        (MATCHES, "a\0"),
        (MATCHES, "\ud800"),
        (MESSAGES, "10"),
        (MESSAGES, "10:3"),
        (MESSAGES, "../10:0000000003"),
        (MESSAGES, "a/b:0000000003"),
        (MESSAGES, ".hidden:0000000003"),
        (MESSAGES, ":0000000003"),
        (MESSAGES, "n" * 250 + ":0000000003"),
    ],
)
def test_a_key_that_no_file_would_be_read_with_is_refused(ours: Ours, collection: Any, key: Any) -> None:
    with pytest.raises(Unholdable):
        ours.create(collection, key, text="x")
