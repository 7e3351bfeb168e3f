"""Values are written as json.dump writes them, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legacy_json.rendering.formatting import Formatter
from legacy_json.rendering.style import Style

STYLES = [
    Style(),
    Style(indent=" "),
    Style(indent="    ", newline="\r\n"),
    Style(indent="\t"),
    Style(indent="\t\t", ascii=True),
    Style(indent=""),
    Style(ascii=True),
    Style(indent=None, comma=", "),
    Style(indent=None, comma=", ", ascii=True),
    Style(indent=None, comma=",", colon=":"),
    Style(indent="  ", comma=", ", colon=": "),
    Style(indent="  ", colon=" : "),
    Style(indent=None, comma=" , ", colon=" : "),
]
MARKS = st.sampled_from(
    [
        *("1e16", "3e5,", "e9}", ": 1e5", "0.00001", "\\u0041", "\\/"),
        "\x7f",
        "\u2028",
        "😀",
        "\x00\x1f",
        '"',
        "\\",
        "},\n",
    ]
)
numbers = st.floats() | st.integers() | st.integers(10**18, 10**40) | st.sampled_from([1e16, 1e-5, -0.0, 1e-7, 1e300])
texts = st.text(max_size=8) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | MARKS
surrogates = st.text(st.characters(min_codepoint=0xD7FE, max_codepoint=0xE001), max_size=3)


def values(scalars: st.SearchStrategy[Any], names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=15,
    )


ordinary = values(st.floats(allow_nan=False, allow_infinity=False) | st.integers() | texts, texts)
# As a file can hold them: two halves side by side are a character there.
surrogates = surrogates.map(lambda text: str(json.loads(json.dumps(text))))
odd = values(numbers | texts | surrogates, texts | surrogates).map(lambda value: json.loads(json.dumps(value)))
styles = st.sampled_from(STYLES)


def dumped(value: Any, style: Style, depth: int) -> bytes:
    """What Python itself writes there, inside so many lists."""
    for _ in range(depth):
        value = [value]
    text = json.dumps(value, indent=style.indent, separators=(style.comma, style.colon), ensure_ascii=style.ascii)
    lines = text.split("\n")  # a text has no line ends but escaped ones
    if depth and style.indent is not None:
        first = style.indent * depth
        text = "\n".join(lines[depth : len(lines) - depth]).removeprefix(first)
    elif depth:
        text = text[depth : len(text) - depth]
    return text.replace("\n", style.newline).encode("utf-8", "backslashreplace")


@given(ordinary, styles, st.integers(0, 4))
@example(value=[1e16, {"a": 1e-5}, [], {}, {"b": [[], {}]}], style=Style(), depth=2)
@example(value=1e16, style=Style(), depth=0)
@example(value=0.00001, style=Style(), depth=0)
@example(value=[-0.000015], style=Style(), depth=1)
@example(value="é\x7f😀", style=Style(ascii=True), depth=1)
def test_an_ordinary_document_is_written_as_json_dump_writes_it(value: Any, style: Style, depth: int) -> None:
    try:
        document = msgspec.json.encode(value)
    except UnicodeEncodeError:
        document = json.dumps(value).encode()
    assert Formatter(style).value(document, depth) == dumped(value, style, depth)


@given(odd, styles, st.integers(0, 4))
@example(value=[float("nan"), float("inf"), -float("inf"), 10**40, "\ud800", "😀"], style=Style(), depth=1)
def test_an_odd_document_is_written_as_json_dump_writes_it(value: Any, style: Style, depth: int) -> None:
    made = Formatter(style).value(json.dumps(value).encode(), depth)
    assert made == dumped(value, style, depth)
    assert repr(json.loads(made)) == repr(json.loads(json.dumps(value)))


@given(st.lists(ordinary | odd, min_size=1, max_size=5), styles, st.integers(1, 3))
def test_a_run_of_elements_is_written_as_each_of_them(found: list[Any], style: Style, depth: int) -> None:
    documents = [_document(value) for value in found]
    formatter = Formatter(style)
    between = formatter.comma + formatter.line(depth)
    assert formatter.elements(documents, depth) == between.join(dumped(value, style, depth) for value in found)


@given(st.lists(st.tuples(texts | surrogates, ordinary | odd), min_size=1, max_size=5), styles, st.integers(1, 3))
def test_a_run_of_members_is_written_as_each_of_them(found: list[tuple[str, Any]], style: Style, depth: int) -> None:
    formatter = Formatter(style)
    between = formatter.comma + formatter.line(depth)
    expected = between.join(
        dumped(name, style, 0) + formatter.colon + dumped(value, style, depth) for name, value in found
    )
    assert formatter.members([(name, _document(value)) for name, value in found], depth) == expected


@pytest.mark.parametrize("style", STYLES)
def test_what_is_nested_as_deep_as_it_can_be_read_is_written(style: Style) -> None:
    document = b'{"a":' * 900 + b"1e16" + b"}" * 900
    made = Formatter(style).value(document, 2)
    assert made.decode().split() == Formatter(style)._slow(document, 2).decode().split()
    assert json.dumps(json.loads(made)) == json.dumps(json.loads(document))


def test_what_msgspec_refuses_as_too_deep_is_written_all_the_same() -> None:
    made = Formatter(Style(indent=" ")).value(b"[" * 5000 + b"1" + b"]" * 5000, 0)
    assert made.startswith(b"[\n [\n  [\n   [")
    assert made.count(b"\n") == 10_000


def test_ordinary_documents_go_the_fast_way() -> None:
    document = msgspec.json.encode({"id": "3e1f2a", "name": "игрок\n\x01 😀", "n": -1.5, "when": "2024-05-06T07:08"})
    for style in (Style(), Style(ascii=True), Style(indent="\t"), Style(indent=None, comma=", ")):
        assert Formatter(style)._fast(document) is not None


def _document(value: Any) -> bytes:
    """As the index keeps it: msgspec's, unless that cannot write it or would write it otherwise."""
    text = json.dumps(value)
    if "NaN" in text or "Infinity" in text or "\\ud" in text:
        return text.encode()
    return msgspec.json.encode(value)
