"""Whole files from streams of entries."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy_json.rendering import composing
from legacy_json.rendering.composing import (
    ListMember,
    Member,
    ObjectMember,
    Verbatim,
    write_list,
    write_object,
    write_value,
)
from legacy_json.rendering.style import Style
from tests.legacy_json.rendering.test_formatting import STYLES, ordinary

encode = msgspec.json.encode
encodable = ordinary.filter(lambda value: "\\ud" not in json.dumps(value))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def dumped(value: Any, style: Style) -> bytes:
    text = json.dumps(value, indent=style.indent, separators=(style.comma, style.colon), ensure_ascii=style.ascii)
    return text.replace("\n", style.newline).encode()


@given(
    st.lists(encodable, max_size=6),
    st.dictionaries(names, encodable, max_size=6),
    encodable,
    st.sampled_from(STYLES),
    st.sampled_from([1, 30, 1 << 15]),
)
def test_a_file_is_what_json_dump_would_have_written(
    users: list[Any], girls: dict[str, Any], single: Any, style: Style, batch: int
) -> None:
    stream = io.BytesIO()
    members: list[Member | ListMember | ObjectMember] = [
        ListMember("users", map(encode, users)),
        Member("ü", encode(single)),
        Member("more", encode([single])),
        ObjectMember("girls", (Member(name, encode(value)) for name, value in girls.items())),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(composing, "BATCH", batch)
        patch.setattr(composing, "CHUNK", batch)
        written = write_object(stream, style, members)
    expected = dumped({"users": users, "ü": single, "more": [single], "girls": girls}, style)
    assert stream.getvalue() == expected
    assert written == (len(expected), hashlib.blake2b(expected, digest_size=32).digest())


@given(st.lists(encodable, max_size=4), encodable, st.sampled_from(STYLES))
def test_a_root_may_be_a_list_or_one_document(entries: list[Any], value: Any, style: Style) -> None:
    stream = io.BytesIO()
    write_list(stream, style, map(encode, entries))
    assert stream.getvalue() == dumped(entries, style)
    stream = io.BytesIO()
    write_value(stream, style, encode(value))
    assert stream.getvalue() == dumped(value, style)


def test_verbatim_parts_stand_as_they_are_in_their_places() -> None:
    stream = io.BytesIO()
    write_object(
        stream,
        Style(bom=True, last_newline=True),
        [
            Member(Verbatim(b'"\\u0061"'), Verbatim(b"[1 , NaN]")),
            ListMember("l", [b"1", Verbatim(b"{ broken"), b"2", b"3"]),
            ObjectMember("o", [Member("x", b"1"), Member(Verbatim(b'"\\u0078"'), Verbatim(b"1.50"))]),
        ],
    )
    assert stream.getvalue().decode() == (
        '\ufeff{\n  "\\u0061": [1 , NaN],\n  "l": [\n    1,\n    { broken,\n    2,\n    3\n  ],\n'
        '  "o": {\n    "x": 1,\n    "\\u0078": 1.50\n  }\n}\n'
    )


def test_memory_does_not_grow_with_the_file() -> None:
    class Nowhere:
        length = 0

        def write(self, data: bytes, /) -> None:
            assert len(data) < 1 << 20
            self.length += len(data)

    def entries() -> Iterator[bytes]:
        for number in range(40_000):
            yield b'{"number":%d,"text":"%b"}' % (number, b"x" * 500)

    stream = Nowhere()
    tracemalloc.start()
    try:
        write_object(stream, Style(), [ListMember("users", entries())])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert stream.length > 20 << 20
    assert peak < 4 << 20
