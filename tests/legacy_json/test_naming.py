"""Whoever names a file, a folder or a pattern means the source that it is part of."""

from __future__ import annotations

from pathlib import Path

import pytest

from legacy_json.layouts import sources
from legacy_json.naming import NoSuchSource, SeveralSources, source_named
from tests.legacy_json.ours import ALL

SOURCES = sources(ALL).values()
PROFILES = "girls_data.json + girls_data/*.json"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("data.json", "data.json"),
        ("./data.json", "data.json"),
        ("girls_data.json", PROFILES),
        ("girls_data", PROFILES),
        ("girls_data/", PROFILES),
        ("girls_data/-5.json", PROFILES),
        (PROFILES, PROFILES),
        ("analytics_*.json", "analytics_*.json"),
        ("analytics_202501.json", "analytics_*.json"),
        ("conversations", "conversations/*.json"),
        ("metrics.json", "metrics.json"),
    ],
)
def test_a_file_a_folder_or_a_pattern_names_its_source(tmp_path: Path, text: str, source: str) -> None:
    assert source_named(SOURCES, tmp_path, text).name == source


def test_a_path_names_it_too_whether_the_file_is_there_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert source_named(SOURCES, tmp_path, str(tmp_path / "data.json")).name == "data.json"
    (tmp_path / "girls_data").mkdir()
    (tmp_path / "girls_data" / "5.json").touch()
    assert source_named(SOURCES, tmp_path, str(tmp_path / "girls_data" / "5.json")).name == PROFILES
    monkeypatch.chdir(tmp_path / "girls_data")
    assert source_named(SOURCES, tmp_path, "5.json").name == PROFILES
    (tmp_path / "link").symlink_to(tmp_path)
    assert source_named(SOURCES, tmp_path, str(tmp_path / "link" / "girls_data")).name == PROFILES


@pytest.mark.parametrize("text", ["date.json", "girls_data/a/b.json", "/elsewhere/data.json", "", "girls"])
def test_what_nobody_declared_is_answered_with_what_there_is(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoSuchSource, match="Files that are declared: data.json, "):
        source_named(SOURCES, tmp_path, text or "nothing")


def test_a_folder_of_several_sources_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(SeveralSources, match="Name one"):
        source_named(SOURCES, tmp_path, str(tmp_path))
