"""What a file's own bytes say about how it was written."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_json.rendering import style
from legacy_json.rendering.style import Style, decoded, detect

DATA = {"users": [{"id": 1, "name": "игрок"}, {"id": 2, "name": None}], "analytics": {}}


def found(data: bytes | str) -> Style:
    return detect(io.BytesIO(data.encode() if isinstance(data, str) else data))


@pytest.mark.parametrize("indent", [None, 0, 1, 2, 4, 8, "\t", "\t\t"])
@pytest.mark.parametrize("separators", [None, (",", ":"), (", ", ": "), (",", ": ")])
@pytest.mark.parametrize("ascii", [True, False])
def test_the_arguments_of_json_dump_are_found(indent: Any, separators: Any, ascii: bool) -> None:
    text = json.dumps(DATA, indent=indent, separators=separators, ensure_ascii=ascii)
    comma, colon = separators or (", " if indent is None else ",", ": ")
    space = " " * indent if isinstance(indent, int) else indent
    assert found(text) == Style(indent=space, comma=comma, colon=colon, ascii=ascii)


def test_line_ends_byte_order_mark_and_last_line_are_found() -> None:
    text = json.dumps(DATA, indent=2, ensure_ascii=False) + "\n"
    assert found(text) == Style(last_newline=True)
    assert found(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()) == Style(
        newline="\r\n", bom=True, last_newline=True
    )


@pytest.mark.parametrize("text", ["", "{}", "[]", " {\n}", "nonsense", "\ufeff"])
def test_what_shows_nothing_is_written_as_the_bots_write(text: str) -> None:
    assert found(text).indent == "  "
    assert (found(text).comma, found(text).colon, found(text).ascii) == (",", ": ", False)


def test_marks_within_texts_are_not_taken_for_the_files() -> None:
    assert found('{"a : b , c\\"":"x, y: z","d":1}') == Style(indent=None, comma=",", colon=":")


def test_a_layout_by_hand_is_taken_for_the_default() -> None:
    assert found('{"users": [\n  {"id": 1},\n  {"id": 2}]}').indent == "  "
    assert found('{\n \t {"id": 1}}').indent == "  "


@pytest.mark.parametrize(
    ("text", "ascii"),
    [
        ('["\\u0438"]', True),
        ('["\\ud83d\\ude00"]', True),
        ('["\\u007f"]', True),
        ('["\\u001f \\n"]', False),  # is escaped in any case
        ('["\\\\u0438"]', False),  # no escape
        ('["\\ud800"]', False),  # has no other spelling
        ('["\\uzzzz"]', False),
        ('["plain"]', False),
        ('["\\u001f", "é"]', False),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_escapes_count_only_where_there_was_a_choice(
    text: str, ascii: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style, "CHUNK", chunk)
    assert found(text).ascii is ascii
    assert found("\ufeff" + text).ascii is (ascii and "é" not in text)


@given(st.text(), st.booleans(), st.integers(1, 40))
def test_any_text_shows_how_it_is_escaped(text: str, ascii: bool, chunk: int) -> None:
    text += "я"
    data = json.dumps([text], ensure_ascii=ascii).encode("utf-8", "backslashreplace")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "CHUNK", chunk)
        assert found(data).ascii is ascii


def test_the_first_character_beyond_ascii_is_looked_for_to_the_end() -> None:
    assert found(b'["' + b"x" * (3 << 20) + b'\\u0438"]').ascii


@given(st.builds(Style, st.sampled_from([None, "", "  ", "\t"]), st.just(", "), st.just(":"), st.booleans()))
def test_a_style_comes_back_from_its_text(made: Style) -> None:
    assert decoded(made.encoded()) == made
    assert len(made.encoded()) < 150
