"""What the keys of messages and settings say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.keys import NoSuchKey, message_columns, message_key, setting_columns, setting_key
from migration_control.conversions import CannotHold


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**63 - 1))
def test_a_message_is_found_by_chat_and_position(chat_id: int, position: int) -> None:
    assert message_columns(message_key(chat_id, position)) == {"chat_id": chat_id, "position": position}


@pytest.mark.parametrize(
    "key",
    [
        "notes:0000000001", "007:0000000001", "+7:0000000001", " 7:0000000001", "7_0:0000000001", "\u0667:0000000001",
        "-0:0000000001", f"{2**63}:0000000001", ":0000000001", "7", "7:1", "7:00000000001", "7:" + 10 * "\u0660",
        "7:current",
    ],
)  # fmt: skip
def test_a_key_that_says_no_chat_and_position_in_the_one_way_is_not_held(key: str) -> None:
    with pytest.raises(CannotHold, match="not a chat id and a position"):
        message_columns(key)


@pytest.mark.parametrize(
    ("key", "scope", "name"),
    [
        ("model", None, "model"),
        ("chat::model", "chat", "model"),
        ("a::b::c", "a", "b::c"),
        ("::x", "", "x"),
        ("a::", "a", ""),
    ],
)
def test_a_setting_is_its_scope_and_name(key: str, scope: str | None, name: str) -> None:
    assert setting_columns(key) == {"bot_id": "companion", "scope": scope, "name": name}
    assert setting_key(scope, name) == key


@pytest.mark.parametrize(("scope", "name"), [(None, "a::b"), ("a::b", "c"), ("a:", "b")])
def test_a_scope_and_name_that_would_be_read_as_others_make_no_key(scope: str | None, name: str) -> None:
    with pytest.raises(NoSuchKey, match="read back otherwise"):
        setting_key(scope, name)


@given(st.none() | st.text(alphabet="a:", max_size=5), st.text(alphabet="b:", max_size=5))
def test_no_two_settings_have_one_key(scope: str | None, name: str) -> None:
    try:
        key = setting_key(scope, name)
    except NoSuchKey:
        return
    found = setting_columns(key)
    assert (found["scope"], found["name"]) == (scope, name)
