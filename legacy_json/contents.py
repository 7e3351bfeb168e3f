"""What the index says that a file of ours holds: its records, and between them the entries that are no records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import FolderOf, Home, Layout, ListOf, ObjectOf, SequenceOf
from legacy_json.records import State
from legacy_json.rendering.composing import (
    ListMember,
    Member,
    ObjectMember,
    Stream,
    Verbatim,
    Written,
    write_list,
    write_object,
    write_value,
)
from legacy_json.rendering.skeleton import Kind, Section, Skeleton, decoded
from legacy_json.rendering.style import Style
from legacy_json.rendering.style import decoded as style_from
from legacy_json.scratch import Listed

SHOWN = f"({State.LIVE:d}, {State.QUARANTINED:d})"  # states of what stands in the file


class Content(NamedTuple):
    """One entry of a section, at its place. name: of a member."""

    ordinal: int
    name: str | Verbatim
    value: bytes | Verbatim


ContentsOf = Callable[[Home], Iterator[Content]]
Tell = Callable[[str, Key, bytes], None]  # component, key, document


def _no_one(component: str, key: Key, document: bytes) -> None:
    """Nobody wants to know."""


def kind_of(layout: Layout) -> Kind:
    """How its entries lie in their section."""
    if isinstance(layout, ListOf | SequenceOf):
        return "list"
    return "object" if isinstance(layout, ObjectOf) else "value"


def frame_of(index: Index, file: Listed, homes: Sequence[Home]) -> tuple[Style, Skeleton]:
    """How the file is written, and what stands around its records; the usual for one that we made."""
    row = index.connection().execute("SELECT style, skeleton FROM frame WHERE file = ?", (file.id,)).fetchone()
    return (style_from(row[0]), with_sections(decoded(row[1]), homes)) if row else (Style(), usual(homes))


def usual(homes: Sequence[Home]) -> Skeleton:
    """Of a file that holds nothing else."""
    if homes[0].layout.section is None:
        return Skeleton(kind_of(homes[0].layout), None)
    return with_sections(Skeleton("object", ()), homes)


def with_sections(skeleton: Skeleton, homes: Sequence[Home]) -> Skeleton:
    """With every section where records may come to lie."""
    if skeleton.sections is None:
        return skeleton
    there = {section.name for section in skeleton.sections}
    missing = [home.layout.section or "" for home in homes if home.layout.section not in there]
    made = tuple(Section(name, json.dumps(name).encode(), None) for name in missing)
    return Skeleton(skeleton.root, skeleton.sections + made)


def compose(index: Index, file: Listed, homes: Sequence[Home], stream: Stream, tell: Tell = _no_one) -> Written:
    """Write the file as the index has it now, from one snapshot. tell: called with each record."""
    with index.snapshot():
        style, skeleton = frame_of(index, file, homes)
        return write(stream, style, skeleton, homes, lambda home: list_contents(index, file, home, tell))


def write(stream: Stream, style: Style, skeleton: Skeleton, homes: Sequence[Home], contents: ContentsOf) -> Written:
    """Write a file from what each of its homes has, in order, wherever that comes from."""
    if skeleton.sections is not None:
        return write_object(stream, style, _members(homes, skeleton.sections, contents))
    found = contents(homes[0])
    if skeleton.root == "list":
        return write_list(stream, style, (content.value for content in found))
    if skeleton.root == "object":
        return write_object(stream, style, (Member(content.name, content.value) for content in found))
    return write_value(stream, style, next(found).value)


def is_empty(index: Index, file: Listed, homes: list[Home]) -> bool:
    """Whether it is a record's own file, and the record is gone."""
    if not isinstance(homes[0].layout, FolderOf):
        return False
    return next(list_contents(index, file, homes[0]), None) is None


def _members(
    homes: Sequence[Home], sections: Iterable[Section], contents: ContentsOf
) -> Iterator[Member | ListMember | ObjectMember]:
    by_section = {home.layout.section: home for home in homes}
    for section in sections:
        name = Verbatim(section.spelled)
        if section.raw is not None:
            yield Member(name, Verbatim(section.raw))
            continue
        home = by_section[section.name]
        kind, found = kind_of(home.layout), contents(home)
        if kind == "list":
            yield ListMember(name, (content.value for content in found))
        elif kind == "object":
            yield ObjectMember(name, (Member(content.name, content.value) for content in found))
        else:
            yield from (Member(name, content.value) for content in found)


def list_contents(index: Index, file: Listed, home: Home, tell: Tell = _no_one) -> Iterator[Content]:
    """Records and leftovers of one section, in the order of the file."""
    rest = index.connection().execute(
        "SELECT ordinal, name, raw FROM leftover WHERE file = ? AND section = ? ORDER BY ordinal",
        (file.id, home.layout.section or ""),
    )
    left = rest.fetchone()
    for content in _records(index, file, home, tell):
        while left is not None and left[0] < content.ordinal:
            yield _leftover(*left)
            left = rest.fetchone()
        yield content
    while left is not None:
        yield _leftover(*left)
        left = rest.fetchone()


def _leftover(ordinal: int, name: str | None, raw: bytes) -> Content:
    return Content(ordinal, Verbatim((name or "").encode("utf-8", "surrogatepass")), Verbatim(raw))


def _records(index: Index, file: Listed, home: Home, tell: Tell) -> Iterator[Content]:
    name, layout = home.collection.name, home.layout
    span = layout.span(file.name, home.collection.key)
    between = "" if span is None else "AND r.key BETWEEN :low AND :high"
    low, high = span or (None, None)
    order = "r.key" if isinstance(layout, SequenceOf) else "r.ordinal"
    rows = index.connection().execute(
        "SELECT r.key, r.ordinal, r.document, s.name FROM record r"  # noqa: S608
        " LEFT JOIN spelling s ON s.component = r.component AND s.key = r.key"
        f" WHERE r.component = :component AND r.file = :file AND r.state IN {SHOWN} {between} ORDER BY {order}",
        {"component": name, "file": file.id, "low": low, "high": high},
    )
    for key, ordinal, document, spelled in rows:
        tell(name, key, document)
        for child, member in home.children:
            inside = _document(index, child.name, key)
            if inside is not None:
                tell(child.name, key, inside)
                document = with_member(document, member, inside)
        if layout.wrap is not None:
            document = unwrapped(document, layout.wrap)
        yield Content(ordinal, str(key) if spelled is None else spelled, document)


def _document(index: Index, component: str, key: Key) -> bytes | None:
    query = f"SELECT document FROM record WHERE component = ? AND key = ? AND state IN {SHOWN}"  # noqa: S608
    row = index.connection().execute(query, (component, key)).fetchone()
    return row[0] if row else None


def with_member(document: bytes, member: str, value: bytes) -> bytes:
    """The record with a value under this name, its last. What is no object has no place for it."""
    if not document.startswith(b"{"):
        return document
    name = json.dumps(member).encode()
    if name in document:  # perhaps null stands there
        whole = json.loads(document)
        whole.pop(member, None)
        document = json.dumps(whole).encode()
    comma = b"" if document == b"{}" else b","
    return b"%b%b%b:%b}" % (document[:-1], comma, name, value)


def unwrapped(document: bytes, wrap: str) -> bytes:
    """The value that a document with the member `wrap` stands for, spelled as it is there if nothing else is."""
    front = b"{" + json.dumps(wrap).encode() + b":"
    whole = json.loads(document)
    if len(whole) == 1 and document.startswith(front):
        return document[len(front) : -1]
    return json.dumps(whole.get(wrap)).encode()
