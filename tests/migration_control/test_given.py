"""What services take from their callers, and how they refuse the rest."""

from __future__ import annotations

import pytest

from migration_control import given
from migration_control.given import BadInput

LARGEST = 2**63 - 1


@pytest.mark.parametrize("value", [1, 2**31, LARGEST])
def test_a_telegram_id_may_have_63_bits(value: int) -> None:
    assert given.telegram_id(value) == value


@pytest.mark.parametrize("value", [0, -1, LARGEST + 1, 10**100, True, "1", 1.0, None])
def test_what_is_no_telegram_id_is_refused(value: object) -> None:
    with pytest.raises(BadInput, match="is not a Telegram id"):
        given.telegram_id(value)


def test_a_chat_id_may_be_negative_but_not_nothing() -> None:
    assert given.chat_id(-(2**63)) == -(2**63)
    with pytest.raises(BadInput):
        given.chat_id(0)
    with pytest.raises(BadInput):
        given.chat_id(-(2**63) - 1)


@pytest.mark.parametrize("value", ["Иван", "👩‍👩‍👧", "שלום", "a" * 4096], ids=["ru", "emoji", "he", "long"])
def test_a_text_of_any_script_passes_as_it_is(value: str) -> None:
    assert given.text("a name", value) == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "is empty"),
        ("a" * 4097, "4096 is the most"),
        ("a\0b", "NUL"),
        ("\ud83d", "surrogate"),
        (b"a", "is no text"),
        (None, "is no text"),
    ],
)
def test_a_text_that_no_store_would_hold_is_refused(value: object, why: str) -> None:
    with pytest.raises(BadInput, match=why) as refused:
        given.text("a name", value)
    assert refused.value.code == "bad-input"
    assert len(str(refused.value)) < 200


def test_an_empty_text_passes_where_it_may() -> None:
    assert given.text("a name", "", empty=True) == ""
