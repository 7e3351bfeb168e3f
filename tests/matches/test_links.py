"""Match ids in what people paste."""

from __future__ import annotations

import pytest

from matches.links import BadLink, match_id_of
from migration_control.service_errors import ServiceError
from tests.faceit.replies import MATCH


@pytest.mark.parametrize(
    "given",
    [
        MATCH,
        f"  {MATCH}\n",
        MATCH.upper(),
        f"https://www.faceit.com/en/cs2/room/{MATCH}",
        f"https://www.faceit.com/{{lang}}/cs2/room/{MATCH}",
        f"https://faceit.com/ru/csgo/room/{MATCH}/scoreboard",
        f"http://www.faceit.com/en/cs2/room/{MATCH}/?utm=1&x=%00#top",
        f"www.faceit.com/pt-br/cs2/room/{MATCH}",
        f"faceit.com/cs2/room/{MATCH}/",
        f"https://www.FACEIT.com/en/cs2/room/{MATCH.upper()}",
    ],
)
def test_the_id_is_found_in_every_way_that_a_room_is_named(given: str) -> None:
    assert match_id_of(given) == MATCH


@pytest.mark.parametrize(
    "given",
    [
        "", " ", "hello", "1-", "1-175b9184", MATCH[:-1], MATCH + "0", MATCH[2:], f"{MATCH} {MATCH}", f"/{MATCH}",
        f"https://www.faceit.com/en/cs2/room/{MATCH}0", f"https://www.faceit.com/en/players/{MATCH}",
        f"https://faceit.com.example.org/en/cs2/room/{MATCH}", f"https://example.org/en/cs2/room/{MATCH}",
        f"https://example.org/?https://faceit.com/en/cs2/room/{MATCH}", f"ftp://faceit.com/en/cs2/room/{MATCH}",
        f"https://user@faceit.com/en/cs2/room/{MATCH}", f"https://faceit.com:x/en/cs2/room/{MATCH}",
        f"https://[faceit.com/en/cs2/room/{MATCH}", "https://www.faceit.com/en/cs2/room/", f"javascript:{MATCH}",
        MATCH.replace("1", "\u0661"), MATCH + "\0", "\ud800", "\u202e" + MATCH, "🔥", "x" * 5_000_000,
        "https://www.faceit.com/en/cs2/room/" + "1-" * 3_000, None, 1, True, 2**70, b"1", [MATCH], {"a": 1},
    ],
)  # fmt: skip
def test_anything_else_is_refused_as_one_kind_of_error(given: object) -> None:
    with pytest.raises(BadLink) as refused:
        match_id_of(given)  # type: ignore[arg-type]
    assert isinstance(refused.value, ServiceError)
    assert len(str(refused.value)) < 300
