"""What of a file is no record, and the records as they stand in it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_json.errors import SourceUnreadable
from legacy_json.rendering.composing import ListMember, Member, ObjectMember, Verbatim, write_list, write_object
from legacy_json.rendering.skeleton import Dissection, Entry, Section, SectionTooLarge, Skeleton, decoded
from legacy_json.rendering.style import Style, detect

SIZES = (16, 64, 1 << 16)


def dissected(data: bytes, containers: Any, *, size: int = 1 << 16) -> tuple[list[Entry], Skeleton]:
    found = Dissection(io.BytesIO(data), Path("data.json"), containers, size=size)
    return list(found), found.skeleton


@pytest.mark.parametrize("size", SIZES)
def test_unknown_sections_keep_their_bytes_and_their_order(size: int) -> None:
    data = (
        '\ufeff{ "a" : [1 , {"x":\t1.50}],\n"users": [{"id" :1}, 5 ,"я"], "b\\u0062": "\\/",'
        ' "o": {"k": {}, "\\u006b": 1}, "c":\r\n{}}'
    )
    entries, skeleton = dissected(data.encode(), {"users": "list", "o": "object"}, size=size)
    assert skeleton.root == "object"
    assert skeleton.sections == (
        Section("a", b'"a"', b'[1 , {"x":\t1.50}]'),
        Section("users", b'"users"', None),
        Section("bb", b'"b\\u0062"', b'"\\/"'),
        Section("o", b'"o"', None),
        Section("c", b'"c"', b"{}"),
    )
    assert entries == [
        Entry("users", 0, None, None, b'{"id" :1}'),
        Entry("users", 1, None, None, b"5"),
        Entry("users", 2, None, None, '"я"'.encode()),
        Entry("o", 0, "k", b'"k"', b"{}"),
        Entry("o", 1, "k", b'"\\u006b"', b"1"),
    ]
    assert decoded(skeleton.encoded()) == skeleton


def test_the_root_itself_may_hold_the_entries() -> None:
    assert dissected(b'{"1": {}, "2": []}', {None: "object"}) == (
        [Entry(None, 0, "1", b'"1"', b"{}"), Entry(None, 1, "2", b'"2"', b"[]")],
        Skeleton("object", None),
    )
    assert dissected(b"[1, 2]", {None: "list"}) == (
        [Entry(None, 0, None, None, b"1"), Entry(None, 1, None, None, b"2")],
        Skeleton("list", None),
    )
    assert dissected(b' {"a": 1}\n', {None: "value"})[0] == [Entry(None, 0, None, None, b'{"a": 1}')]
    assert decoded(Skeleton("list", None).encoded()) == Skeleton("list", None)


def test_a_section_may_be_one_record() -> None:
    entries, skeleton = dissected(b'{"current": {"a": [1]}}', {"current": "value"})
    assert entries == [Entry("current", 0, None, None, b'{"a": [1]}')]
    assert skeleton.sections == (Section("current", b'"current"', None),)


def test_a_name_with_half_a_character_is_kept() -> None:
    skeleton = dissected(b'{"\\ud800": 1}', {})[1]
    assert decoded(skeleton.encoded()) == skeleton
    assert skeleton.sections == (Section("\ud800", b'"\\ud800"', b"1"),)


@pytest.mark.parametrize(
    ("data", "containers", "said"),
    [
        (b'{"users": {}}', {"users": "list"}, "'users' is not a list"),
        (b'{"users": []}', {"users": "object"}, "'users' is not an object"),
        (b"[]", {None: "object"}, "it is not an object"),
        (b"[]", {"users": "list"}, "it is not an object"),
        (b'{"users": [], "users": []}', {"users": "list"}, "twice"),
        (b'{"a": [1, }', {}, "value"),
        (b'{"a": 1}x', {}, "follows the end"),
        (b"{", {}, "ends"),
    ],
)
def test_what_cannot_be_read_whole_is_refused(data: bytes, containers: Any, said: str) -> None:
    with pytest.raises(SourceUnreadable, match=said):
        dissected(data, containers)


def test_sections_that_would_fill_the_memory_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legacy_json.window.LONGEST_VALUE", 10_000)
    items = json.dumps({"small": [0] * 900, "cache": [{"x": "y" * 100}] * 200, "users": [1]}).encode()
    with pytest.raises(SectionTooLarge, match="'cache'") as caught:
        dissected(items, {"users": "list"}, size=1000)
    assert caught.value.size > 20_000
    assert len(dissected(items, {"users": "list", "cache": "list"}, size=1000)[0]) == 201


sections = st.dictionaries(st.text(max_size=4), st.lists(st.integers() | st.text(max_size=5), max_size=4), max_size=5)


@given(sections, sections, st.sampled_from([None, 2, "\t"]), st.sampled_from(SIZES))
def test_a_file_comes_back_byte_for_byte_from_its_parts(
    unknown: dict[str, Any], known: dict[str, Any], indent: Any, size: int
) -> None:
    text = json.dumps({**unknown, "users": [known, 1], "girls": known}, indent=indent, ensure_ascii=False)
    data = text.encode("utf-8", "backslashreplace")
    entries, skeleton = dissected(data, {"users": "list", "girls": "object"}, size=size)
    users = [Verbatim(entry.raw) for entry in entries if entry.section == "users"]
    girls = [Member(Verbatim(e.spelled or b""), Verbatim(e.raw)) for e in entries if e.section == "girls"]
    members: list[Any] = []
    for name, spelled, raw in skeleton.sections or ():
        if raw is not None:
            members.append(Member(Verbatim(spelled), Verbatim(raw)))
        else:
            kind: Any = ListMember if name == "users" else ObjectMember
            members.append(kind(Verbatim(spelled), users if name == "users" else girls))
    stream = io.BytesIO()
    write_object(stream, detect(io.BytesIO(data)), members)
    assert stream.getvalue() == data


def test_a_list_comes_back_from_its_entries() -> None:
    data = b'[\n  {"a": 1},\n  2\n]'
    entries, _ = dissected(data, {None: "list"})
    stream = io.BytesIO()
    write_list(stream, Style(), [Verbatim(entry.raw) for entry in entries])
    assert stream.getvalue() == data
