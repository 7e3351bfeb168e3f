"""The command, as somebody types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BASE = Path(__file__).parents[2]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BASE / "manage.py", "legacy_inspect", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=BASE, timeout=60, check=False)


def test_a_readable_file_gives_0(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"users": [{"user_id": 1}, {"user_id": "2"}]}')
    done = run(file)
    assert done.returncode == 0, done.stderr
    assert "users: list of objects, 2 entries, key user_id" in done.stdout
    assert "It can be read whole." in done.stdout
    done = run(file, "--json")
    assert json.loads(done.stdout)["sections"][0]["key"] == "user_id"


def test_a_broken_file_gives_1_with_its_byte(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text('{"users": [{"user_id": 1}, {"user')
    done = run(file)
    assert done.returncode == 1, done.stderr
    assert f"{file}, byte 33" in done.stdout
    assert json.loads(run(file, "--json").stdout)["problem"]["byte"] == 33


def test_a_file_that_does_not_exist_gives_2(tmp_path: Path) -> None:
    done = run(tmp_path / "none.json")
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert run().returncode == 2
