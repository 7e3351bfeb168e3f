"""Each kind of file, entry by entry, with the keys that a person would see."""

import json
from pathlib import Path

import pytest

from config.journey.entries import entries, key
from legacy_json.keys import KeyType
from legacy_json.layouts import Collection, FolderOf, Home, Layout, ListOf, ObjectOf, SequenceOf, SingleOf


def found(root: Path, layout: Layout, kind: KeyType = str, first: int = 0) -> list[tuple[str, int, object, object]]:
    home = Home(Collection("things", (layout,), kind), layout)
    return [tuple(entry) for entry in entries(home, root, lambda stem: first)]  # type: ignore[misc]


def put(root: Path, name: str, value: object) -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text(value if isinstance(value, str) else json.dumps(value))


def test_a_list_carries_its_keys(tmp_path: Path) -> None:
    put(tmp_path, "a.json", {"x": [], "users": [{"id": "7"}, "text", {"id": 1.5}]})
    layout = ListOf("a.json", "users", "id")
    assert found(tmp_path, layout, int) == [
        ("a.json", 0, 7, {"id": "7"}),
        ("a.json", 1, None, "text"),
        ("a.json", 2, 1, {"id": 1.5}),
    ]


def test_an_object_may_hold_a_name_twice(tmp_path: Path) -> None:
    put(tmp_path, "a.json", '\ufeff{"b": 1, "b": {"c": null},}')
    assert found(tmp_path, ObjectOf("a.json")) == [("a.json", 0, "b", 1), ("a.json", 1, "b", {"c": None})]
    wrapped = found(tmp_path, ObjectOf("a.json", wrap="value"))
    assert [document for *_, document in wrapped] == [{"value": 1}, {"value": {"c": None}}]


def test_a_folder_has_a_record_a_file(tmp_path: Path) -> None:
    for name in ("-7.json", "8.json", "notes.json", ".9.json", "10.txt"):
        put(tmp_path, f"f/{name}", {"n": name})
    assert [entry[:3] for entry in found(tmp_path, FolderOf("f"), int)] == [
        ("f/-7.json", 0, -7),
        ("f/8.json", 0, 8),
        ("f/notes.json", 0, None),
    ]


def test_elements_of_a_sequence_go_on_from_the_first_position(tmp_path: Path) -> None:
    put(tmp_path, "c/-7.json", ["a", {"b": 1}])
    put(tmp_path, "c/8.json", [])
    assert found(tmp_path, SequenceOf("c/*.json"), first=5) == [
        ("c/-7.json", 0, "-7:0000000005", "a"),
        ("c/-7.json", 1, "-7:0000000006", {"b": 1}),
    ]


def test_a_single_value_is_found_in_its_section_or_not_at_all(tmp_path: Path) -> None:
    put(tmp_path, "m.json", {"history": [1, 2], "current": {"n": 1}})
    assert found(tmp_path, SingleOf("m.json", "current", "metrics")) == [
        ("m.json", 0, "m:current", {"metrics": {"n": 1}})
    ]
    assert found(tmp_path, SingleOf("m.json", "absent", "metrics")) == []
    assert found(tmp_path, SequenceOf("absent.json", "history")) == []


@pytest.mark.parametrize(
    ("text", "kind", "taken"),
    [
        ("12", int, 12), (" 12 ", int, 12), ("-5", int, -5), ("notes", int, None), (str(2**63), int, None),
        (True, int, None), (None, int, None), (float("inf"), int, None), ([], int, None),
        ("a b", str, "a b"), (17, str, "17"), ("", str, None), ("a\0", str, None), ("\ud83d", str, None),
        (1.5, str, None),
    ],
)  # fmt: skip
def test_a_key_is_what_a_person_would_take_for_it(text: object, kind: KeyType, taken: object) -> None:
    assert key(text, kind) == taken
