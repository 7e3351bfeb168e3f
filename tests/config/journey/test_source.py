"""What is copied of somebody's folder, and that it is copied whole."""

from pathlib import Path

import pytest

from config.journey.source import PATTERNS, Source, copied, files
from config.supervisor import Refusal
from migration_control import components, store

ONE = {
    "data.json": "{}",
    "girls_data.json": "{}",
    "girls_data/-7.json": "{}",
    "conversations/-7.json": "[]",
    "analytics_202501.json": "[]",
    "metrics.json": "{}",
    "config.json": "{}",
}
OTHERS = {
    ".env": "SECRET=1",
    "girls_data/.7.json": "{}",
    "photos/1.json": "{}",
    "notes.txt": "",
    "analytics.json": "[]",
}


def folder_of(root: Path, names: dict[str, str]) -> Path:
    for name, text in names.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def copy(data: Path, tmp_path: Path) -> Source:
    return copied(str(data), tmp_path / "copy", "UTC")


def test_every_file_that_a_component_reads_is_copied() -> None:
    read = {
        pattern
        for component in components.everything()
        for source in store.sources_of(component)
        for pattern in source.patterns
    }
    assert read == {pattern for patterns in PATTERNS.values() for pattern in patterns}


def test_of_a_folder_the_bots_files_are_copied_and_nothing_else(tmp_path: Path) -> None:
    original = folder_of(tmp_path / "original", ONE | OTHERS)
    source = copy(original, tmp_path)
    assert source.bots == ("faceit", "companion")
    assert {path.relative_to(source.folder).as_posix() for path in source.folder.rglob("*") if path.is_file()} == set(
        ONE
    )
    assert source.unchanged()


@pytest.mark.parametrize(
    ("names", "bots"),
    [
        (["data.json", "config.json"], ("faceit",)),
        (["girls_data/-7.json"], ("companion",)),
        (["conversations/-7.json", "metrics.json"], ("companion",)),
    ],
)
def test_whose_files_they_are_shows_in_what_no_other_bot_has(
    tmp_path: Path, names: list[str], bots: tuple[str, ...]
) -> None:
    source = copy(folder_of(tmp_path / "original", {name: ONE[name] for name in names}), tmp_path)
    assert source.bots == bots


def test_a_file_is_the_faceit_bots_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "backup.json").write_text("{}")
    source = copy(tmp_path / "backup.json", tmp_path)
    assert files(source.folder, source.bots) == [source.folder / "data.json"]
    assert source.in_their_words(f"{source.folder}/data.json, byte 3") == f"{tmp_path}/backup.json, byte 3"


def test_a_change_of_any_file_shows(tmp_path: Path) -> None:
    original = folder_of(tmp_path / "original", ONE)
    source = copy(original, tmp_path)
    (original / "conversations/-7.json").write_text("[1]")
    assert source.unchanged() is False


def test_a_folder_of_no_bot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"has no data.json"):
        copy(folder_of(tmp_path / "original", {"config.json": "{}"}), tmp_path)
