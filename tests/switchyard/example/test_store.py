"""Both bots' files: the same each time, each defect in its place as often as is said, and readable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from config.environment import BASE_DIR
from switchyard.example.planting import Written
from switchyard.example.store import main, write_stores

DEFECTS = BASE_DIR / "docs" / "defects.md"
SINGLE = 1
PLANTED = {  # of each file: how many defects, and the entries of those that more than one entry shows
    "data.json": (29, {}),
    "matches.json": (33, {}),
    "girls_data.json": (11, {}),
    "girls_data/*.json": (48, {}),
    "conversations/*.json": (37, {"identical_messages": 2}),
    "analytics_*.json": (33, {}),
    "metrics.json": (17, {}),
    "config.json": (17, {}),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Written]]:
    folder = tmp_path_factory.mktemp("example")
    return folder, {written.file: written for written in write_stores(folder, users=400)}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def loaded(path: Path) -> Any:
    """As a bot reads it, once a hand edit is mended."""
    return json.loads(path.read_text(encoding="utf-8-sig").replace("},\n}", "}\n}").replace("},\n]", "}\n]"))


def entries(folder: Path, file: str) -> Iterator[Any]:
    """All that lies in the files of one kind, one value an entry."""
    for path in folder.glob(file):
        whole = loaded(path)
        if file == "data.json":
            yield from whole["users"]
        elif file == "metrics.json":
            yield from (whole["current"], *whole["history"])
        elif file == "girls_data/*.json":
            yield whole
        else:
            yield from whole.get("girls", whole).values() if isinstance(whole, dict) else whole


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_stores(tmp_path / name, users=60, seed=seed)
        written.append(contents(tmp_path / name))
    assert written[0] == written[1] != written[2]


def test_a_bot_alone_writes_what_it_writes_beside_the_other(tmp_path: Path) -> None:
    write_stores(tmp_path / "both", users=60)
    for bot in ("companion", "faceit"):
        write_stores(tmp_path / "single", users=60, bots=[bot])
    assert contents(tmp_path / "single") == contents(tmp_path / "both")


def test_each_defect_is_counted(stores: tuple[Path, dict[str, Written]]) -> None:
    _, written = stores
    assert {file: len(found.planted) for file, found in written.items()} == {f: n for f, (n, _) in PLANTED.items()}
    for file, found in written.items():
        _, more = PLANTED[file]
        assert {name: count for name, count in found.planted.items() if count != SINGLE} == more


@pytest.mark.parametrize("file", PLANTED)
def test_entries_are_counted_as_they_lie_in_the_files(stores: tuple[Path, dict[str, Written]], file: str) -> None:
    folder, written = stores
    counted = {name: count for name, count in written[file].entries.items() if name != "subscriptions"}
    if file == "data.json":
        assert counted.pop("analytics") == 1
    beaten = {"matches.json": 1, "girls_data.json": 1, "config.json": 1}  # json.load keeps the last of two names
    assert sum(counted.values()) == sum(1 for _ in entries(folder, file)) + beaten.get(file, 0)


def test_the_companions_files_grow_with_the_number_of_users(tmp_path: Path) -> None:
    for users in (200, 2000):
        write_stores(tmp_path / str(users), users, bots=["companion"])
    few, many = (len(list((tmp_path / str(users) / "girls_data").iterdir())) for users in (200, 2000))
    assert many - few == 144  # four in five of 180 chats more


def test_chats_are_in_both_generations_of_files(stores: tuple[Path, dict[str, Written]]) -> None:
    folder, _ = stores
    older = set(loaded(folder / "girls_data.json")["girls"])
    newer = {path.stem for path in (folder / "girls_data").iterdir()}
    assert older - newer
    assert newer - older
    assert len(older & newer) == 8
    assert any(int(name) < 0 for name in older & newer)


def test_conversations_are_what_people_write(stores: tuple[Path, dict[str, Written]]) -> None:
    folder, _ = stores
    said = [m for m in entries(folder, "conversations/*.json") if isinstance(m, dict)]
    texts = "".join(m["text"] for m in said if isinstance(m.get("text"), str))
    assert all(sign in texts for sign in ("\n", "\u200f", "👩‍👩‍👧‍👦", "\0", "Доброе"))
    assert any(one == other for one, other in pairwise(said))
    assert [] in [loaded(path) for path in (folder / "conversations").iterdir()]


def test_settings_are_of_every_type(stores: tuple[Path, dict[str, Written]]) -> None:
    folder, _ = stores
    types = {type(value) for value in loaded(folder / "config.json").values()}
    assert types == {str, int, float, bool, type(None), list, dict}


def test_the_command_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "new"), "--users", "100"]) == 0
    said = capsys.readouterr().out
    assert "lone surrogate" in said
    assert str(tmp_path / "new" / "conversations/*.json") in said
    assert len(json.loads((tmp_path / "new" / "data.json").read_text())["users"]) == 100


def test_the_command_takes_bots_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path), "--users", "60", "--bots", "faceit"])
    assert set(contents(tmp_path)) == {"data.json", "matches.json"}
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--bots", "faceit,other"])
    assert "no bot 'other'" in capsys.readouterr().err


def test_the_table_of_defects_names_what_is_planted(stores: tuple[Path, dict[str, Written]]) -> None:
    _, written = stores
    rows = [line.rpartition("outcomes")[2] for line in DEFECTS.read_text().splitlines() if " outcomes `" in line]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert len(named) > 90
    assert named <= {name for found in written.values() for name in found.planted}
