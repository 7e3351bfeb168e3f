"""The scanner: what it accepts, where it says a defect is, and that its two ways agree."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legacy_json.documents import encoded
from legacy_json.errors import SourceUnreadable
from legacy_json.scan import Stretch
from tests.legacy_json.stores import scanner

WINDOWS = (16, 23, 64, 1 << 16)

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab\"\\:д", max_size=6), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
records = st.dictionaries(st.sampled_from(["id", "a", 'b"', "c:", "д", "\\", "😀"]), plain, max_size=5)


def elements(data: bytes, *, fast: bool, size: int = 1 << 16) -> list[tuple[Any, bytes, tuple[tuple[str, str], ...]]]:
    """Value, bytes and defects of every element of a list that is a whole file."""
    reader = scanner(data, fast=fast, size=size)
    found = [
        (value, stretch.raw(number), stretch.defects)
        for stretch in reader.elements()
        for number, value in enumerate(stretch.values)
    ]
    reader.finish()
    return found


def both_ways(data: bytes) -> list[tuple[Any, bytes, tuple[tuple[str, str], ...]]]:
    """What every window and both ways say, which has to be the same."""
    results = [repr(elements(data, fast=fast, size=size)) for fast in (True, False) for size in WINDOWS]
    assert len(set(results)) == 1, results
    return elements(data, fast=True)


def refused(data: bytes, **options: Any) -> SourceUnreadable:
    with pytest.raises(SourceUnreadable) as caught:
        elements(data, fast=True, **options)
    return caught.value


@given(st.lists(records, max_size=6), st.sampled_from([None, 0, 2]), st.booleans())
@example(values=[{"a": "}, {"}], indent=None, ascii=True)
def test_well_formed_lists_are_read_as_json_reads_them(values: list[Any], indent: int | None, ascii: bool) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=ascii).encode()
    found = both_ways(data)
    assert [value for value, _, _ in found] == json.loads(data)
    assert all(json.loads(raw) == value and not defects for value, raw, defects in found)


ODD = {
    "a name twice": '{"a": 1, "a": 2}',
    "an inner name twice": '{"a": {"b": {"c": 1, "c": 1}}}',
    "a name twice, once escaped": '{"a": 1, "\\u0061": 2}',
    "a name twice beside an escaped quotation mark": '{"a": "\\u0022\\u0022", "a": 2}',
    "a name twice, apart from its colon": '{"a" : 1, "a"\n: "\\":"}',
    "a string like the end of a name": '{"a": "\\":", "b": "\\\\"}',
    "a backslash before the closing mark": '{"a\\\\": "b\\\\", "c": "\\\\\\\\"}',
    "colons everywhere": '{":": ":", "::": "\\u003a"}',
    "a number beyond every float": '{"a": 1e400, "b": -1e400}',
    "an integer over 64 bits": '{"a": 1' + "0" * 30 + "}",
    "a very long integer": '{"a": 1' + "0" * 5000 + ', "b": 2}',
    "no number": '{"a": NaN, "b": [Infinity, -Infinity]}',
    "a lone surrogate": '{"a": "x\\ud800y", "b": "\\udc00"}',
    "a pair of surrogates": '{"a": "\\ud83d\\ude00"}',
    "a NUL": '{"a": "x\\u0000y"}',
    "floats that are written in several ways": '{"a": [1e16, -0.0, 1e-7, 1E5, 4.35, 5e-324, 1.7976931348623157e308]}',
    "a record in a string": '{"a": "}, {\\"b\\": 1}, "}',
    "deep nesting": '{"a": ' + "[" * 800 + "]" * 800 + "}",
    "no record": '"text"',
    "another list": '[1, {"a": 2}, []]',
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_records_are_read_the_same_in_every_way(odd: str) -> None:
    data = ('[{"id": 1}, ' + odd + ', {"id": 2, "b": {"c": 3}},\n' + odd + ', {"id": 3}]').encode()
    found = both_ways(data)
    assert len(found) == 5
    assert found[1][1] == odd.encode()
    assert [found[n][0] for n in (0, 2, 4)] == [{"id": 1}, {"id": 2, "b": {"c": 3}}, {"id": 3}]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("a name twice", ["duplicate-name"]),
        ("an inner name twice", ["duplicate-name"]),
        ("a name twice, once escaped", ["duplicate-name"]),
        ("a name twice beside an escaped quotation mark", ["duplicate-name"]),
        ("a name twice, apart from its colon", ["duplicate-name"]),
        ("a string like the end of a name", []),
        ("a number beyond every float", ["number-too-large"] * 2),
        ("a very long integer", ["number-too-large"]),
        ("an integer over 64 bits", []),
        ("no number", ["not-a-number"] * 3),
        ("floats that are written in several ways", []),
    ],
)
def test_what_json_would_pass_over_is_told(name: str, codes: list[str]) -> None:
    ((_, _, defects),) = both_ways(f"[{ODD[name]}]".encode())
    assert [code for code, _ in defects] == codes


def test_of_two_names_the_last_counts() -> None:
    assert both_ways(b'[{"a": 1, "b": 2, "a": 3}]')[0][0] == {"a": 3, "b": 2}


def test_an_integer_too_long_for_cpython_is_an_infinity_with_a_note() -> None:
    ((value, _, _),) = both_ways(f"[{ODD['a very long integer']}]".encode())
    assert value == {"a": math.inf, "b": 2}


BROKEN = {
    "a control character in a string": ('{"a": "x\ny"}', "control character", 8),
    "an invalid escape": ('{"a": "\\x"}', "escape", 7),
    "a short escape": ('{"a": "\\u12"}', "escape", 7),
    "a leading zero": ('{"a": 01}', "delimiter", 7),
    "a bare point": ('{"a": 1.}', "delimiter", 7),
    "a plus sign": ('{"a": +1}', "value", 6),
    "a name without marks": ('{a: 1}', "name", 1),
    "single quotation marks": ("{'a': 1}", "name", 1),
    "a comma within the record": ('{"a": 1,}', "", 7),
    "a missing comma": ('{"a": 1 "b": 2}', "delimiter", 8),
    "a comment": ('{"a": 1} // x', "expected", 9),
    "two records without a comma": ('{"a": 1} {"a": 2}', "expected", 9),
    "two commas": ('{"a": 1},, {"a": 2}', "value", 9),
    "a truth misspelt": ('{"a": True}', "value", 6),
    "too deep nesting": ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply", 0),
}  # fmt: skip


@pytest.mark.parametrize("size", WINDOWS)
@pytest.mark.parametrize(("broken", "said", "at"), BROKEN.values(), ids=BROKEN)
def test_a_broken_record_is_refused_with_its_byte(broken: str, said: str, at: int, size: int) -> None:
    front = '[{"д": "😀"}, {"id": 1},\n '
    error = refused((front + broken + ', {"id": 2}]').encode(), size=size)
    assert said in error.reason
    assert error.offset is not None
    assert abs(error.offset - len(front.encode()) - at) <= 1


@pytest.mark.parametrize(
    ("data", "said", "at"),
    [
        (b"", "blank", 0),
        (b" \n\t\r\n", "blank", 5),
        (b"\xef\xbb\xbf", "blank", 3),
        (b"\0" * 100, "NUL", 0),
        (b"\n" + b"\0" * 100, "NUL", 1),
        ('[{"id": 1}]'.encode("utf-16"), "UTF-16", 0),
        ('[{"id": 1}]'.encode("utf-16-be"), "NUL", 0),
        ('[{"id": 1}]'.encode("utf-16-le"), "UTF-16", 0),
        (b'[{"id": 1}]\n[]', "follows the end", 12),
        (b'[{"id": 1}]}', "follows the end", 11),
        (b'[{"id": 1}]\0\0\0', "NUL", 11),
        (b'[{"id": "\xff"}]', "UTF-8", 9),
        (b'[{"id": "\xed\xa0\x80"}]', "UTF-8", 9),
        (b'[{"id": "\xc3"}]', "UTF-8", 9),
        (b'[{"id": "\xf0\x9f', "breaks off", 9),
        (b"{}", "expected", 0),
        (b"nothing", "expected", 0),
    ],
)
@pytest.mark.parametrize("size", WINDOWS)
def test_a_broken_file_is_refused_with_its_byte(data: bytes, said: str, at: int, size: int) -> None:
    error = refused(data, size=size)
    assert said in error.reason
    assert error.offset == at


def test_a_file_cut_at_any_byte_is_refused_or_whole() -> None:
    values = [
        {"id": 1, "name": "игрок 😀", "n": -1.5e3},
        {"id": 2, "s": {"t": [True, None]}, "u": "\\u0438\\ud83d\\ude00"},
    ]
    data = (json.dumps(values, indent=2, ensure_ascii=False) + "\n\n").encode().replace(b"\\\\u", b"\\u")
    whole = elements(data, fast=True)
    for cut in range(len(data)):
        part = data[:cut]
        for size in WINDOWS:
            if data[cut:].strip():
                error = refused(part, size=size)
                assert error.offset is not None
                assert error.offset <= cut
            else:
                assert elements(part, fast=True, size=size) == whole


@given(st.lists(records, min_size=1, max_size=5), st.data())
def test_a_stray_byte_is_refused_or_read_as_json_reads_it(values: list[Any], data: st.DataObject) -> None:
    text = bytearray(json.dumps(values, ensure_ascii=False).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.integers(0, 255))
    try:
        expected = json.loads(bytes(text).decode())
    except ValueError:
        expected = None
    try:
        found = both_ways(bytes(text))
    except SourceUnreadable:
        assert not isinstance(expected, list)
        return
    if text[place] == ord(","):  # before a bracket it is the only thing that we accept and json does not
        expected = expected or json.loads(bytes(text[:place] + text[place + 1 :]).decode())
    assert repr([value for value, _, _ in found]) == repr(expected)


def test_a_comma_before_the_closing_bracket_is_passed_over_with_a_note() -> None:
    for size in WINDOWS:
        reader = scanner(b'[{"id": 1}, {"id": 2}\n, ]', size=size)
        assert [v for stretch in reader.elements() for v in stretch.values] == [{"id": 1}, {"id": 2}]
        assert [code for code, _ in reader.notes] == ["trailing-comma"]
        assert "byte 24" in reader.notes[0][1]


def test_a_byte_order_mark_is_passed_over_with_a_note() -> None:
    reader = scanner(b"\xef\xbb\xbf[1]")
    assert [code for code, _ in reader.notes] == ["byte-order-mark"]
    assert [stretch.values for stretch in reader.elements()] == [[1]]


def test_a_quotation_mark_that_never_closes_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legacy_json.window.LONGEST_VALUE", 10_000)
    error = refused(b'[{"id": 1}, {"a": "' + b"x" * 1_000_000, size=1000)
    assert "quotation mark" in error.reason
    assert error.offset == 12


@pytest.mark.parametrize("size", WINDOWS)
def test_members_are_walked_in_order_and_skipped_unread(size: int) -> None:
    data = b'{"a": {"x": [1, {"y": 2}]}, "b" : [{"z": 1}, 2], "c": 3, "d": "e"}'
    reader = scanner(data, size=size)
    seen = []
    for name in reader.members():
        seen.append(name)
        reader.skip()
    reader.finish()
    assert seen == ["a", "b", "c", "d"]


def test_what_is_skipped_must_be_json_too() -> None:
    reader = scanner(b'{"a": {"x": [1, {"y": }]}}')
    with pytest.raises(SourceUnreadable) as caught:
        for _ in reader.members():
            reader.skip()
    assert caught.value.offset == 22


def test_the_raw_bytes_of_a_fast_stretch_are_those_of_the_file() -> None:
    (stretch, *_) = scanner(b'[{"a" :1e2},\n {"b":"\\u0438"}, {"c":3} ]', size=1 << 16).elements()
    assert isinstance(stretch, Stretch)
    assert [stretch.raw(n) for n in range(len(stretch.values))][:2] == [b'{"a" :1e2}', b'{"b":"\\u0438"}']


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("number", ["1.5", "-10.25e+3", "2E-7", "12345678901234567890.5"])
def test_a_number_may_be_cut_by_the_windows_end_anywhere(number: str, size: int) -> None:
    found = scanner(f'{{"a": {number}}}'.encode(), size=size)
    assert [found.value().values[0] for _ in found.members()] == [json.loads(number)]
    found.finish()


@given(st.lists(records, min_size=1, max_size=6), st.booleans())
def test_documents_taken_together_are_those_taken_singly(found: list[Any], ascii_only: bool) -> None:
    (stretch, *_) = scanner(json.dumps(found, ensure_ascii=ascii_only, indent=1).encode()).elements()
    documents = stretch.documents
    assert documents is None or documents == [encoded(value, odd=False)[1] for value in stretch.values]


def test_a_value_that_was_taken_singly_has_no_document_yet() -> None:
    (stretch,) = scanner(b'[{"a": "\\ud800"}]').elements()
    assert stretch.documents is None
