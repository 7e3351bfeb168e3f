"""`make demo`: the example with its handover, copies of somebody's file and folder, broken files, Ctrl-C."""

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from rich.console import Console

from config.environment import BASE_DIR
from config.journey.source import copied
from config.supervisor import Refusal
from tests.config.conftest import type_of_run
from tests.config.test_run import processes
from tests.migration_control.conftest import bot as bot

SECONDS = 120
WHOLE = 400  # for all of it, with the handover
STEPS = ["start", "read", "dry_run", "import", "import_again", "undo", "import_paused", "check"]
MOVES = ["take", "traffic", "dual_write", "to_database", "db_only", "back", "forward", "handover_check"]
BOT = {"bot: people", "bot: languages", "bot: payments"}  # whoever talks to the example bot, and about what
MESSAGE = {"ts": "2025-03-30T02:30:00.001Z", "direction": "in", "text": "שלום\n👋🏽"}
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


def companion(folder: Path) -> None:
    """A few files of a companion bot, each with an entry as it should be and one that is not."""
    files: dict[str, object] = {
        "girls_data.json": {"girls": {"7": {"chat_id": 7, "name": "older"}, "8": {"chat_id": 8, "name": "only here"}}},
        "girls_data/7.json": {"chat_id": 7, "name": "newer 🎄", "summary": {"20240517081530": "met"}, "seat": 7},
        "girls_data/-9.json": {"chat_id": -9, "name": None, "message_count": "12"},
        "girls_data/notes.json": {"text": "no profile"},
        "conversations/-9.json": [MESSAGE, MESSAGE, "no message", MESSAGE | {"ts": 1715933730}],
        "conversations/archive.json": [MESSAGE],
        "analytics_202501.json": [{"timestamp": "2025-01-01T00:00:00+00:00", "bot_id": "b", "event_data": [1]}, None],
        "metrics.json": {"current": {"start_time": 1.5}, "history": [{"timestamp": "2025-01-01T00:00:00"}, 3]},
    }
    for name, value in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(value, indent=2), encoding="utf-8")


def whole(clean: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    """With the handover, which takes longer than other commands."""
    return subprocess.run(
        [sys.executable, "-m", "config.demo"],
        cwd=BASE_DIR,
        env=clean | {"JSON": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=WHOLE,
        check=False,
    )


def test_the_example_travels_is_handed_over_and_leaves_nothing(clean: dict[str, str], home: Path) -> None:
    done = whole(clean)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["ok"]
    assert set(found["seconds"]) == {*STEPS, "import_difference", *MOVES}
    assert set(found["records"]) == {
        "users", "subscriptions", "matches", "analytics", "profiles", "conversations", "configuration",
    }  # fmt: skip
    assert "was killed while people talked to it (kill -9)" in done.stderr
    for counts in found["records"].values():
        assert counts["lost"] == 0
        assert counts["round_trip"] + counts["superseded"] + counts["quarantined"] == counts["entries"] > 0
        assert counts["rows"] == counts["round_trip"]
    nothing_was_lost(found["handover"], {*found["records"], *BOT, "bot: messages"})
    assert found["handover"]["kept"] > 0
    assert "was killed there (kill -9)" in done.stderr
    assert "PostgreSQL was stopped" in done.stderr
    assert "Every record is accounted for." in done.stderr
    assert list((home / "demo").iterdir()) == []
    assert processes(home) == []


def nothing_was_lost(handover: dict[str, Any], names: set[str]) -> None:
    """Of these components all that was acknowledged is in both stores; and it was not nothing."""
    assert set(handover["components"]) == names
    for counts in handover["components"].values():
        assert counts["json"] == counts["database"] == counts["acknowledged"] > 0
    assert handover["found"] == handover["acknowledged"] > 100
    # While there was no database, and where it was the authority.
    assert handover["stale"] > 0
    assert set(handover["refused"]) <= {"DatabaseAway", "Moving", "StoreBusy"}
    assert handover["refused"]["DatabaseAway"] > 0


def test_a_copy_of_a_file_with_defects_travels_and_the_original_stays(
    clean: dict[str, str], home: Path, tmp_path: Path
) -> None:
    (tmp_path / "data.json").write_bytes(defective())
    done = whole(clean, DATA=str(tmp_path / "data.json"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data.json").read_bytes() == defective()
    found = json.loads(done.stdout)
    assert found["source"]["identical"]
    assert found["time_zone"] == {"name": "UTC", "assumed": True}
    assert "LEGACY_TIME_ZONE=" in done.stderr
    assert list(found["seconds"]) == STEPS + MOVES
    nothing_was_lost(found["handover"], {"users", "subscriptions", *BOT})
    assert found["source"]["bots"] == ["faceit"]
    assert set(found["records"]) == {"users", "subscriptions", "analytics"}
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


def test_a_copy_of_a_folder_travels_file_by_file(run: type_of_run, home: Path, tmp_path: Path) -> None:
    companion(tmp_path)
    (tmp_path / "secrets.json").write_text("{}")
    done = run("-m", "config.demo", JSON="1", DATA=str(tmp_path), LEGACY_TIME_ZONE="Asia/Tokyo", HANDOVER="0")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (list(found["seconds"]), found["handover"]) == (STEPS, None)
    assert found["source"]["identical"]
    assert (found["source"]["bots"], found["source"]["files"]) == (["companion"], 8)
    assert {name: counts["entries"] for name, counts in found["records"].items()} == {
        "analytics": 5,
        "conversations": 5,
        "profiles": 5,
    }
    lines = [json.loads(line) for line in (home / "demo-report.jsonl").read_text().splitlines()]
    assert {(line["file"], line["entry"], line["key"], line["outcome"]) for line in lines} == {
        ("girls_data.json", 0, 7, "superseded"),
        ("girls_data/-9.json", 0, -9, "repaired"),
        ("girls_data/notes.json", 0, None, "quarantined"),
        ("conversations/-9.json", 2, "-9:0000000002", "quarantined"),
        ("conversations/-9.json", 3, "-9:0000000003", "repaired"),
        ("conversations/archive.json", 0, "archive:0000000000", "quarantined"),
        ("analytics_202501.json", 1, "202501:0000000001", "quarantined"),
        ("metrics.json", 1, "metrics:0000000001", "quarantined"),
    }
    assert "no file: configuration" in done.stderr


@pytest.mark.django_db
def test_a_broken_file_of_a_folder_is_named(bot: object, settings: Settings, tmp_path: Path) -> None:
    """In this process: what is made of a Refusal is the same for a file."""
    from config.journey.report import Report
    from config.journey.steps import Journey

    (theirs := tmp_path / "theirs").mkdir()
    companion(theirs)
    broken = theirs / "conversations" / "-9.json"
    broken.write_bytes(broken.read_bytes()[:-20])
    source = copied(str(theirs), settings.LEGACY_DIR / "copy", "UTC")
    settings.LEGACY_DIR, settings.BOTS = source.folder, list(source.bots)
    with pytest.raises(Refusal, match=f"^{broken}, byte "):
        Journey(source, Report(tmp_path), Console(file=io.StringIO())).read()


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


def test_without_aiogram_it_says_how_to_get_it(run: type_of_run, home: Path) -> None:
    program = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "aiogram" else find(name, *more)
from config.demo import main
sys.exit(main())
"""
    done = run("-c", program)
    assert done.returncode == 1
    assert done.stderr.startswith("aiogram is not installed")
    assert len(done.stderr.splitlines()) == 1
    assert not (home / "demo").exists()


@pytest.mark.parametrize("reached", ["log/beat.log", "traffic/*.inside"])
def test_ctrl_c_stops_all_and_leaves_nothing(clean: dict[str, str], home: Path, tmp_path: Path, reached: str) -> None:
    (tmp_path / "data.json").write_bytes(defective())
    process = subprocess.Popen(
        [sys.executable, "-m", "config.demo"],
        cwd=BASE_DIR,
        env=clean | {"DATA": str(tmp_path / "data.json")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + SECONDS
    while not list(home.glob(f"demo/run-*/{reached}")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, shown
    assert "Stopped" in shown
    assert list((home / "demo").iterdir()) == []
    assert processes(home) == []
