"""What each layout makes of a file, and which files are read together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from legacy_json.errors import SourceUnreadable
from legacy_json.layouts import Collection, FolderOf, ListOf, ObjectOf, SequenceOf, SingleOf, SubObject, fits, sources
from legacy_json.layouts import within as moved
from tests.legacy_json.folders import EVENTS, MESSAGES, PEOPLE, PROFILES, SETTINGS, Folder

SUBSCRIPTIONS = Collection("subscriptions", (SubObject("users", "subscription"),))
EVERY_TYPE = [None, True, False, 0, -1, 1.5, 2**70, "", "текст", [], [1, {"a": None}], {}, {"value": 1}]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "bot", SETTINGS)
    yield made
    made.index.close()


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "bot", EVENTS, PEOPLE)
    made.write("data.json", {"users": [{"user_id": 1}]})
    yield made
    made.index.close()


# Values of any kind


@pytest.mark.parametrize("value", EVERY_TYPE, ids=repr)
def test_a_member_of_any_type_is_a_document_of_its_own(settings: Folder, value: object) -> None:
    settings.write("config.json", {"a::b": value, "other": 1})
    settings.read()
    assert settings.document("a::b", "configuration") == {"value": value}
    assert settings.codes("configuration") == []
    settings.assert_balanced()


def test_a_member_that_changes_its_type_is_one_version_up(settings: Folder) -> None:
    settings.write("config.json", {"a": 1, "b": 2})
    settings.read()
    settings.write("config.json", {"a": "1", "b": 2})
    settings.read()
    assert [record.version for record in settings.records("configuration")] == [1, 0]


def test_a_number_beyond_json_is_a_document_with_a_note(settings: Folder) -> None:
    settings.write_text("config.json", '{"a": NaN, "b": [1e400]}')
    settings.read()
    assert settings.document("b", "configuration") == {"value": [float("inf")]}
    assert settings.codes("configuration") == ["not-a-number", "number-too-large"]
    settings.assert_balanced()


def test_of_two_members_with_one_name_the_last_counts(settings: Folder) -> None:
    settings.write_text("config.json", '{"a": 1, "b": 2, "a": [3]}')
    settings.read()
    assert settings.document("a", "configuration") == {"value": [3]}
    (finding,) = settings.quarantined("configuration")
    assert (finding.code, finding.ordinal, finding.raw) == ("duplicate-key", 0, b'{"value":1}')
    settings.assert_balanced()


def test_a_name_that_no_database_holds_is_quarantined_with_its_value(settings: Folder) -> None:
    settings.write_text("config.json", '{"a\\u0000": [1], "\\ud800": 2, "": 3, "b": 4}')
    settings.read()
    assert list(settings.live("configuration")) == ["b"]
    assert [finding.raw for finding in settings.quarantined("configuration")] == [b"[1]", b"2", b"3"]
    settings.assert_balanced()


def test_without_a_wrap_a_member_that_is_no_object_is_quarantined(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", Collection("things", (ObjectOf("things.json"),), key=str))
    store.write("things.json", {"a": 1, "b": {}})
    store.read()
    assert list(store.live("things")) == ["b"]
    store.assert_balanced()


# One value


@pytest.mark.parametrize("value", EVERY_TYPE, ids=repr)
def test_a_section_is_one_record_named_after_its_file_and_itself(events: Folder, value: object) -> None:
    events.write("metrics.json", {"history": [], "current": value})
    events.read_all()
    assert events.live("analytics") == {"metrics:current": {"metrics": value}}
    events.assert_balanced()


def test_a_section_that_vanished_is_a_deleted_record(events: Folder) -> None:
    events.write("metrics.json", {"history": [{"n": 1}], "current": {}})
    events.read_all()
    events.write("metrics.json", {"history": [{"n": 1}]})
    events.read_all()
    assert list(events.live("analytics")) == ["metrics:0000000000"]
    events.assert_balanced()


def test_a_section_that_stands_there_twice_is_refused(events: Folder) -> None:
    events.write_text("metrics.json", '{"current": {}, "current": {}}')
    with pytest.raises(SourceUnreadable, match="twice"):
        events.read_all()


def test_a_section_that_is_not_optional_has_to_be_there(tmp_path: Path) -> None:
    store = Folder(tmp_path / "bot", Collection("one", (SingleOf("one.json", "it", wrap="value"),), key=str))
    store.write("one.json", {"other": 1})
    with pytest.raises(SourceUnreadable, match="no 'it'"):
        store.read()


# One component in several sources


def test_one_component_may_lie_in_several_sources(events: Folder) -> None:
    events.write("analytics_202501.json", [{"n": 1}, {"n": 2}])
    events.write("analytics_202502.json", [{"n": 3}])
    events.write("metrics.json", {"current": {"c": 1}, "history": [{"n": 4}], "other": [5]})
    events.write("data.json", {"users": [{"user_id": 1}], "analytics": {"total_users": 1}})
    events.read_all()
    assert events.live("analytics") == {
        "202501:0000000000": {"n": 1},
        "202501:0000000001": {"n": 2},
        "202502:0000000000": {"n": 3},
        "data:analytics": {"metrics": {"total_users": 1}},
        "metrics:0000000000": {"n": 4},
        "metrics:current": {"metrics": {"c": 1}},
    }
    assert events.file_of("data:analytics", "analytics") == "data.json"
    events.assert_balanced()


def test_a_reading_of_one_source_leaves_the_records_of_the_others(events: Folder) -> None:
    events.write("analytics_202501.json", [{"n": 1}])
    events.write("metrics.json", {"current": {}})
    events.write("data.json", {"users": [{"user_id": 1}], "analytics": {}})
    events.read_all()
    before = events.dump()
    events.write("data.json", {"users": [{"user_id": 1}], "analytics": {"total_users": 1}})
    assert [reading.changed for reading in events.read_all()] == [False, False, True]
    assert events.pending("analytics") == ["202501:0000000000", "data:analytics", "metrics:current"]
    events.write("data.json", {"users": [{"user_id": 1}], "analytics": {}})
    events.read_all()
    versions = [(row[1], row[2]) for row in events.dump()["record"] if row[0] == "analytics"]
    assert versions == [("202501:0000000000", 0), ("data:analytics", 2), ("metrics:current", 0)]
    assert [row[:2] for row in events.dump()["record"]] == [row[:2] for row in before["record"]]
    events.assert_balanced()


def test_a_key_that_another_source_has_stays_there_and_the_entry_here_is_a_finding(events: Folder) -> None:
    events.write("metrics.json", {"history": [{"n": 1}, {"n": 2}]})
    events.write("analytics_metrics.json", [])
    events.write("analytics_202501.json", [{"n": 0}])
    events.read_all()
    events.write("analytics_metrics.json", [{"n": 3}])  # at the end of what is known as "metrics"
    events.read_all()
    events.write("metrics.json", {"history": [{"n": 1}, {"n": 2}, {"n": 4}]})
    events.read_all()
    assert events.document("metrics:0000000002", "analytics") == {"n": 3}
    (finding,) = events.quarantined("analytics")
    assert (finding.source, finding.ordinal, finding.raw) == ("metrics.json", 2, b'{"n":4}')
    assert "analytics_metrics.json has the same key" in finding.detail
    events.assert_balanced()


# Optional files


def test_optional_files_that_nobody_has_seen_are_no_error(events: Folder) -> None:
    assert [reading.changed for reading in events.read_all()] == [True, True, True]
    assert events.index.is_read("analytics")
    assert events.records("analytics") == []
    assert not any(reading.changed for reading in events.read_all())
    events.assert_balanced()


def test_an_optional_file_that_appears_is_read(events: Folder) -> None:
    events.read_all()
    events.write("metrics.json", {"current": {}})
    events.write("analytics_202501.json", [{}])
    events.read_all()
    assert list(events.live("analytics")) == ["202501:0000000000", "metrics:current"]


# Names


@pytest.mark.parametrize(
    ("name", "pattern", "it_does"),
    [
        ("data.json", "data.json", True),
        ("x/data.json", "data.json", False),
        ("conversations/1.json", "conversations/*.json", True),
        ("conversations/a/1.json", "conversations/*.json", False),
        ("x/conversations/1.json", "conversations/*.json", False),
        ("analytics_.json", "analytics_*.json", True),
        ("analytics_1.json.bak", "analytics_*.json", False),
        ("ab", "ab*b", False),
        ("[1]/1.json", "[1]/*.json", True),
        ("1/1.json", "[1]/*.json", False),
    ],
)
def test_a_file_belongs_to_a_pattern_or_not(name: str, pattern: str, it_does: bool) -> None:
    assert fits(name, pattern) is it_does


def test_each_layout_names_the_file_of_a_key() -> None:
    assert SequenceOf("analytics_*.json").file_of("202501:0000000003") == "analytics_202501.json"
    assert SequenceOf("metrics.json", "history").file_of("metrics:0000000003") == "metrics.json"
    assert SequenceOf("conversations/*.json").file_of("-100:0000000003") == "conversations/-100.json"
    assert SingleOf("data.json", "analytics", wrap="metrics").file_of("data:analytics") == "data.json"
    assert FolderOf("girls_data").file_of(-100) == "girls_data/-100.json"
    assert ListOf("data.json", "users", "user_id").file_of(1) == "data.json"


def test_a_layout_in_a_subfolder_makes_the_same_keys(tmp_path: Path) -> None:
    layouts = [moved(layout, "bots/[1]") for layout in (*EVENTS.layouts, *PROFILES.layouts)]
    folder = Collection("analytics", tuple(layouts[:-1]), key=str), Collection("profiles", (layouts[-1],))
    store = Folder(tmp_path / "bot", *folder)
    for name, value in {
        "analytics_202501.json": [{}], "metrics.json": {"current": 1}, "data.json": {"analytics": 2},
        "girls_data.json": {"girls": {"1": {}}},
    }.items():  # fmt: skip
        path = store.root / "bots" / "[1]" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    store.read_all()
    assert list(store.live("analytics")) == ["202501:0000000000", "data:analytics", "metrics:current"]
    assert list(store.live("profiles")) == [1]
    assert store.file_of(1, "profiles") == "bots/[1]/girls_data.json"


# What is read together


def test_what_shares_a_file_is_one_source_and_the_rest_are_their_own() -> None:
    found = sources([EVENTS, PEOPLE, SUBSCRIPTIONS, PROFILES, MESSAGES, SETTINGS])
    assert {name: [c.name for c in source.collections] for name, source in found.items()} == {
        "analytics_*.json": ["analytics"],
        "metrics.json": ["analytics"],
        "data.json": ["analytics", "users", "subscriptions"],
        "girls_data.json + girls_data/*.json": ["profiles"],
        "conversations/*.json": ["conversations"],
        "config.json": ["configuration"],
    }
