"""The index's file is replaced under a process that has it open."""

from __future__ import annotations

from pathlib import Path

import pytest

from legacy_json import connections
from legacy_json.errors import IndexUnusable
from legacy_json.index import Index


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    monkeypatch.setattr(connections, "LOOK_SECONDS", 0.0)
    index = Index(tmp_path / "index.sqlite3")
    index.connection()
    return index


def test_nothing_is_written_to_a_file_that_another_has_taken_the_place_of(opened: Index, tmp_path: Path) -> None:
    other = Index(tmp_path / "other.sqlite3")
    other.connection()
    other.close()
    other.path.replace(opened.path)
    with pytest.raises(IndexUnusable, match="start them again"), opened.write():
        pytest.fail("written")
    with pytest.raises(IndexUnusable):
        opened.connection()
    opened.close()


def test_a_removed_file_is_told_too(opened: Index) -> None:
    opened.path.unlink()
    with pytest.raises(IndexUnusable, match="replaced or removed"):
        opened.connection()
    opened.close()


def test_the_look_is_not_repeated_at_once(opened: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LOOK_SECONDS", 60.0)
    before = opened.connection()
    opened.path.rename(opened.path.with_suffix(".away"))
    assert opened.connection() is before
    opened.close()
