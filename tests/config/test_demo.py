"""`make demo`: the example, a copy of somebody's file, a broken file, Ctrl-C."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from config.environment import BASE_DIR
from tests.config.conftest import type_of_run
from tests.config.test_run import processes

SECONDS = 120
STEPS = ["start", "read", "dry_run", "import", "import_again", "undo", "import_paused", "check"]
PLAIN: dict[str, Any] = {
    "user_id": 100,
    "faceit_player_id": None,
    "faceit_nickname": "Ёлка 🎄",
    "last_checked_match_id": None,
    "waiting_for_nickname": False,
    "language": "ru",
    "notifications_enabled": True,
    "created_at": "2025-03-30T02:30:00.000001",
    "last_active_at": None,
    "total_requests": 3,
    "subscription": {"tier": "pro", "expires_at": "2025-10-26T02:30:00", "referral_code": "AAAA1111", "seat": 7},
}


def defective() -> bytes:
    """Two users as they should be, and one with each of some defects."""
    users: list[object] = [
        PLAIN,
        {"user_id": 101, "faceit_player_id": None, "faceit_nickname": None, "last_checked_match_id": None},
        PLAIN | {"user_id": "102", "subscription": None},
        PLAIN | {"user_id": 103, "total_requests": "1129.2", "subscription": None},
        PLAIN | {"user_id": 104, "faceit_nickname": "nul\0", "subscription": {"tier": "free", "daily_requests": 2**63}},
        PLAIN | {"user_id": 100},
        PLAIN | {"user_id": 105, "total_requests": float("nan"), "subscription": None},
        "no object",
    ]
    return json.dumps({"users": users, "analytics": {"total_users": 8, "daily_stats": {}}}, indent=2).encode()


def test_the_example_travels_and_leaves_nothing(run: type_of_run, home: Path) -> None:
    done = run("-m", "config.demo", JSON="1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["ok"]
    assert set(found["seconds"]) == {*STEPS, "import_difference"}
    for counts in found["records"].values():
        assert counts["lost"] == 0
        assert counts["round_trip"] + counts["quarantined"] == counts["entries"] > 0
        assert counts["rows"] == counts["round_trip"]
    assert "Every record is accounted for." in done.stderr
    assert list((home / "demo").iterdir()) == []
    assert processes(home) == []


def test_a_copy_of_a_file_with_defects_travels_and_the_original_stays(
    run: type_of_run, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "data.json").write_bytes(defective())
    done = run("-m", "config.demo", JSON="1", DATA=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data.json").read_bytes() == defective()
    found = json.loads(done.stdout)
    assert found["source"]["identical"]
    assert found["time_zone"] == {"name": "UTC", "assumed": True}
    assert "LEGACY_TIME_ZONE=" in done.stderr
    assert list(found["seconds"]) == STEPS
    users, subscriptions = found["records"]["users"], found["records"]["subscriptions"]
    assert (users["entries"], users["round_trip"], users["quarantined"], users["lost"]) == (8, 5, 3, 0)
    assert (subscriptions["entries"], subscriptions["round_trip"], subscriptions["lost"]) == (3, 1, 0)
    lines = [json.loads(line) for line in (home / "demo-report.jsonl").read_text().splitlines()]
    assert {(line["component"], line["entry"], line["outcome"]) for line in lines} == {
        ("users", 2, "repaired"),
        ("users", 3, "repaired"),
        ("users", 4, "repaired"),
        ("subscriptions", 4, "quarantined"),
        ("users", 5, "quarantined"),
        ("subscriptions", 5, "quarantined"),
        ("users", 6, "quarantined"),
        ("users", 7, "quarantined"),
    }
    assert (home / "demo-report.txt").read_text().count("\n") == len(lines) == found["report"]["records"]


def test_a_broken_file_is_one_line_with_file_byte_and_key(run: type_of_run, home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bot.json"
    broken.write_bytes(defective()[:1000])
    done = run("-m", "config.demo", JSON="1", DATA=str(broken))
    assert done.returncode == 1
    found = json.loads(done.stdout)
    (problem,) = found["problems"]
    assert not found["ok"]
    assert problem.startswith(f"{broken}, byte ")
    assert "'101'" in problem
    assert "mend the file" in problem
    assert done.stderr.splitlines()[-1] == problem
    assert list((home / "demo").iterdir()) == []


def test_what_cannot_be_started_is_one_line(run: type_of_run, tmp_path: Path) -> None:
    for words, variables in (
        ("does not exist", {"DATA": str(tmp_path / "data.json")}),
        (f"{tmp_path} has no data.json", {"DATA": str(tmp_path)}),
        ("Set JSON to 1 or 0", {"JSON": "maybe"}),
    ):
        done = run("-m", "config.demo", **variables)
        assert done.returncode == 1
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_stops_all_and_leaves_nothing(clean: dict[str, str], home: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "config.demo"],
        cwd=BASE_DIR,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + SECONDS
    while not list(home.glob("demo/run-*/log/beat.log")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, shown
    assert "Stopped" in shown
    assert list((home / "demo").iterdir()) == []
    assert processes(home) == []
