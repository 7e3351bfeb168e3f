"""The second reader against plain json.load."""

import json
from pathlib import Path

import pytest

from config.journey import rereading
from config.journey.rereading import members, records, values

USERS = [{"user_id": 1, "name": "Ёлка 🎄", "n": [1, 2.5, None]}, "text", 12345, [], {"deep": {"er": {}}}, 10**40]


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_it_finds_what_json_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None
) -> None:
    monkeypatch.setattr(rereading, "CHUNK", chunk)
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"before": [{"users": 1}], "users": USERS, "after": 17}, indent=indent))
    assert list(records(file, "users")) == USERS
    file.write_text(json.dumps(USERS, indent=indent))
    assert list(records(file, None)) == USERS


def test_it_takes_what_the_reader_takes_too(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text('\ufeff{"users": [1, NaN, ' + "9" * 5000 + ",],}")
    first, second, third = records(file, "users")
    assert (first, repr(second), third) == (1, "nan", float("inf"))


def test_a_file_that_breaks_off_raises(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    whole = json.dumps({"users": USERS})
    for length in range(len(whole)):
        file.write_text(whole[:length])
        with pytest.raises(ValueError):
            list(records(file, "users"))


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_members_come_in_their_order_and_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(rereading, "CHUNK", chunk)
    file = tmp_path / "config.json"
    file.write_text('{"girls": {"1": {"n": 1}, "2": [], "1": null}, "after": 17}')
    assert list(members(file, "girls")) == [("1", {"n": 1}), ("2", []), ("1", None)]
    assert [name for name, _ in members(file, None)] == ["girls", "after"]


def test_a_value_is_that_of_a_section_or_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text('{"current": {"n": 1}, "history": []}')
    assert list(values(file, "current")) == [{"n": 1}]
    assert list(values(file, None)) == [{"current": {"n": 1}, "history": []}]
    assert list(values(file, "absent")) == []
