"""What legacy_inspect says of all sorts of files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from legacy_json.inspect import Inspection, Section, inspect
from legacy_json.inspection.kinds import kind
from legacy_json.inspection.reporting import as_document, show
from switchyard.example.store import write_store


def inspected(tmp_path: Path, text: str | bytes, name: str = "data.json") -> Inspection:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    before = path.read_bytes()
    found = inspect(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [name]
    return found


def only(found: Inspection) -> Section:
    (section,) = found.sections
    return section


def codes(section: Section) -> dict[str, int]:
    counts: dict[str, int] = {}
    for defect in section.defects:
        counts[defect.code] = counts.get(defect.code, 0) + defect.count
    return counts


@pytest.mark.parametrize(
    ("content", "layout", "declared"),
    [
        ({"users": [{"user_id": 1}, {"user_id": 2}], "n": 5}, "sections", ["ListOf('data.json', 'users', 'user_id')"]),
        ({"girls": {"1": {"n": 1}, "-2": {"n": 2}}}, "sections", ["ObjectOf('data.json', 'girls')"]),
        ({"1": {"n": 1}, "-2": {"n": 2}}, "object by id", ["ObjectOf('data.json')"]),
        ({"ann": {"n": 1}, "bob": {"n": 2}}, "object by id", ["ObjectOf('data.json'),), key=str"]),
        ([{"id": "x", "n": 1}, {"id": "y", "n": 1}], "list of objects", ["ListOf('data.json', None, 'id'),), key=str"]),
        ({"_default": {"1": {"a": 1}, "2": {"a": 2}}}, "sections", ["ObjectOf('data.json', '_default')"]),
        ({"sessions": [{"id": "1:2", "data": {}}]}, "sections", ["ListOf('data.json', 'sessions', 'id'),), key=str"]),
        ({"token": "x", "limits": {"free": 10}, "admins": [1, 2]}, "single object", []),
        ([1, 2, 3], "list of values", []),
        ({}, "single object", []),
        ([], "list of objects", []),
        (5, "a single value", []),
    ],
)  # fmt: skip
def test_the_layout_is_named_and_declared(tmp_path: Path, content: object, layout: str, declared: list[str]) -> None:
    found = inspected(tmp_path, json.dumps(content))
    assert (found.layout, found.problem) == (layout, None)
    lines = [line for section in found.sections for line in section.declaration]
    assert len(lines) == len(declared)
    assert all(part in line for part, line in zip(declared, lines, strict=True))


def test_lines_of_json_are_recognised_under_any_name(tmp_path: Path) -> None:
    found = inspected(tmp_path, '{"id": 1}\n\n{"id": 2, "x": [1]}\n{"id": 3}')
    assert (found.layout, found.problem, only(found).entries) == ("JSON lines", None, 3)


def test_two_roots_are_a_defect_and_no_lines(tmp_path: Path) -> None:
    text = json.dumps({"users": [{"user_id": 1}]}, indent=2)
    found = inspected(tmp_path, text + "\n" + text)
    assert found.problem is not None
    assert found.problem.offset == len(text) + 1


def test_a_folder_holds_a_record_a_file(tmp_path: Path) -> None:
    for name, text in {"1": '{"n": 1}', "-2": '{"n": 2, "x": 1}', "3": "[]", "note": '{"n": 1}'}.items():
        (tmp_path / f"{name}.json").write_text(text)
    found = inspect(tmp_path)
    assert (found.layout, found.problem, only(found).entries) == ("folder of files", None, 4)
    assert codes(only(found)) == {"no-key": 1, "not-an-object": 1}
    assert {defect.places[0].file for defect in only(found).defects} == {"3.json", "note.json"}


def test_a_broken_file_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"n": 1}')
    (tmp_path / "2.json").write_text('{"n": ')
    found = inspect(tmp_path)
    assert found.problem is not None
    assert (found.problem.path, found.problem.offset) == (tmp_path / "2.json", 6)
    assert only(found).entries == 1


def test_generations_are_shown_against_the_commonest(tmp_path: Path) -> None:
    users: list[dict[str, Any]] = [{"user_id": n, "a": 1} for n in range(5)]
    users += [{"user_id": 10}, {"user_id": 11, "a": 1, "b": 1}, {"user_id": 12, "a": 1, "b": 1}]
    section = only(inspected(tmp_path, json.dumps({"users": users})))
    assert section.keys == ["a", "user_id"]
    assert [(g.count, g.adds, g.lacks) for g in section.generations] == [(5, [], []), (2, ["b"], []), (1, [], ["a"])]


def test_sub_objects_of_records_are_declared_but_maps_are_not(tmp_path: Path) -> None:
    users = [
        {"user_id": n, "subscription": {"tier": "free"}, "map": {f"{n}{m}": 1 for m in range(20)}} for n in range(9)
    ]
    section = only(inspected(tmp_path, json.dumps({"users": users})))
    assert section.declaration == [
        "Collection('users', (ListOf('data.json', 'users', 'user_id'),))",
        "Collection('subscriptions', (SubObject('users', 'subscription'),))",
    ]


def test_defects_have_their_entry_and_byte(tmp_path: Path) -> None:
    plain = [json.dumps({"user_id": n, "n": n, "д": "😀"}, ensure_ascii=False) for n in range(300)]
    odd = [
        '{"user_id": 7}',
        '{"user_id": 900, "n": NaN}',
        '{"user_id": 901, "n": 1, "n": 2}',
        "5",
        '{"user_id": "902"}',
    ]
    text = '{"users": [' + ",\n ".join(plain[:250] + odd + plain[250:]) + "]}"
    section = only(inspected(tmp_path, text))
    found = {defect.code: defect for defect in section.defects if "user_id" not in defect.detail}
    for place, (code, record) in enumerate(
        zip(["duplicate-key", "not-a-number", "duplicate-name", "not-an-object", "key-repaired"], odd, strict=True), 250
    ):
        assert found[code].places[0].entry == place
        assert found[code].places[0].byte == text.encode().index(b"\n " + record.encode() + b",") + 2


def test_the_example_has_its_defects_found(tmp_path: Path) -> None:
    write_store(tmp_path, users=400)
    found = inspect(tmp_path / "data.json")
    assert codes(only(found)) == {
        "duplicate-key": 1, "duplicate-name": 1, "key-repaired": 2, "no-key": 2, "not-a-number": 1, "not-an-object": 1,
        "number-too-large": 1, "odd-value": 13, "unstorable-value": 6,
    }  # fmt: skip
    assert only(found).key == "user_id"
    assert found.settings == {"analytics": "object"}


@pytest.mark.parametrize("cut", [0, 1, 15, 200, 1000])
def test_what_cannot_be_read_whole_is_told_with_what_stands_before_it(tmp_path: Path, cut: int) -> None:
    text = json.dumps({"users": [{"user_id": n} for n in range(200)]})[:cut]
    found = inspected(tmp_path, text)
    assert found.problem is not None
    assert found.problem.offset == cut
    assert cut < 200 or only(found).entries > 5


def test_memory_does_not_grow_with_the_kinds_of_records(tmp_path: Path) -> None:
    users = [{"user_id": n, f"a{n}": 1, "m": {f"x{n}": 1}} for n in range(1000)]
    section = only(inspected(tmp_path, json.dumps({"users": users})))
    assert len(section.generations) == 50
    assert section.more_generations == 950
    assert len(section.kinds) == 200


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"), (True, "boolean"), (2**63 - 1, "integer"), (2**63, "integer over 64 bits"), (1.5, "fraction"),
        (float("inf"), "not a number"), ("9", "number as text"), ("1129.2", "number as text"), ("", "text"),
        ("2024-05-01T10:20:30.123456", "local date"), ("2024-05-01T10:20:30Z", "date with zone"),
        ("2024-05-01 10:20:30+00:00", "date with zone"), ("2024-05-01", "date only"), ("12:30", "time only"),
        ("20240501102030", "14-digit date"), ("a\0", "text with NUL"), ("\ud800", "text with lone surrogate"),
        ("игрок", "text"), ([], "list"), ({}, "object"),
    ],
)  # fmt: skip
def test_kinds_of_values_are_told_apart(value: object, name: str) -> None:
    assert kind(value) == name


def test_people_and_scripts_are_told_the_same(tmp_path: Path) -> None:
    found = inspected(tmp_path, '{"users": [{"user_id": 1, "\\u001b[31m[bold]": 2}, {"user_id": 1}')
    document = json.loads(json.dumps(as_document(found)))
    assert document["readable"] is False
    assert document["problem"]["byte"] == 64
    out = io.StringIO()
    show(found, Console(file=out, width=140))
    said = out.getvalue()
    assert "data.json, byte 64" in said
    assert "Mend it" in said
    assert "users: list of objects, 2 entries" in said
    assert "\x1b" not in said
    assert "[bold]" in said
