"""Daily backups: whole, of their day, below VAR_DIR."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from conversations import tasks
from conversations.services import backups, messages
from migration_control.given import BadInput
from tests.migration_control.moving.ground import Ground

NOW = datetime(2025, 3, 30, 9, 15, 30, 123456, tzinfo=UTC)
CHAT = -1001234567890


@pytest.fixture
def var(tmp_path: Path, settings: Settings) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    settings.BOT_TIME_ZONE = "Europe/Moscow"
    return tmp_path / "var"


def written(path: Path) -> Any:
    return json.loads(path.read_text())


def test_messages_are_written_as_they_are_given(var: Path) -> None:
    given: list[dict[str, Any]] = [
        {"ts": "2025-03-30T09:15:30Z", "direction": "in", "text": "שלום 👋"},
        {"text": "half \ud800", "n": [1, None]},
    ]
    path = backups.backup_day(CHAT, given, now=NOW)
    assert path == var / "backups" / "conversations" / "2025-03-30" / f"{CHAT}.json"
    assert written(path) == given
    assert path.stat().st_mode & 0o777 == 0o600
    assert written(backups.backup_day(CHAT, [], now=NOW)) == []


def test_the_day_is_the_bot_s(var: Path) -> None:
    del var
    assert backups.backup_day(1, [], now=NOW.replace(hour=20, minute=59)).parent.name == "2025-03-30"
    assert backups.backup_day(1, [], now=NOW.replace(hour=21)).parent.name == "2025-03-31"


def test_nobody_sees_half_of_a_backup(var: Path) -> None:
    def some(value: int) -> list[dict[str, int]]:
        return [{"value": value}] * 2000

    path = backups.backup_day(CHAT, some(0), now=NOW)
    seen: list[set[int]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = written(path)
            seen.append({each["value"] for each in found} if len(found) == 2000 else set())

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(read)
        for value in range(30):
            backups.backup_day(CHAT, some(value), now=NOW)
        done.set()
        reader.result(30)
    assert seen
    assert all(len(values) == 1 for values in seen)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "bad",
    ["text", {"text": float("nan")}, {"text": {1}}, {"text": "x" * 5_000_000}],
    ids=["text", "nan", "set", "long"],
)
def test_what_cannot_be_written_leaves_the_backup_before_it(var: Path, bad: Any) -> None:
    path = backups.backup_day(CHAT, [{"text": "before"}], now=NOW)
    with pytest.raises(BadInput):
        backups.backup_day(CHAT, [{"text": "after"}, bad], now=NOW)
    assert written(path) == [{"text": "before"}]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    with pytest.raises(BadInput):
        backups.backup_day(0, [], now=NOW)
    with pytest.raises(BadInput):
        backups.backup_day(1, [], now=NOW.replace(tzinfo=None))


def test_what_is_stored_of_a_day_is_backed_up(staged: Ground, var: Path) -> None:
    del staged
    midnight = datetime(2025, 3, 29, 21, tzinfo=UTC)
    for chat_id, hours in ((CHAT, (-30, -1, 0, 5, 23, 24)), (5, (-1, 24)), (6, (3,))):
        for hour in hours:
            messages.append(chat_id, "out", f"{hour} 👋", at=midnight + timedelta(hours=hour))
    assert backups.back_up(date(2025, 3, 30)) == 2
    assert [message["text"] for message in written(backups.path(CHAT, date(2025, 3, 30)))] == ["0 👋", "5 👋", "23 👋"]
    assert written(backups.path(6, date(2025, 3, 30))) == [
        {"ts": "2025-03-30T00:00:00Z", "direction": "out", "text": "3 👋"}
    ]
    assert sorted(path.name for path in (var / "backups" / "conversations").iterdir()) == ["2025-03-30"]


def test_old_days_go_if_the_setting_says_so(var: Path, settings: Settings) -> None:
    for days in range(5):
        backups.backup_day(CHAT, [], now=NOW - timedelta(days=days))
    (var / "backups" / "conversations" / "0000-mine").mkdir()
    assert backups.prune(NOW) == 0
    settings.CONVERSATION_BACKUP_DAYS = 2
    assert backups.prune(NOW) == 2
    names = sorted(path.name for path in (var / "backups" / "conversations").iterdir())
    assert names == ["0000-mine", "2025-03-28", "2025-03-29", "2025-03-30"]


def test_the_task_backs_up_the_last_day_that_is_over(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    del ground
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    messages.append(CHAT, "in", "yesterday", at=NOW - timedelta(days=1))
    messages.append(CHAT, "in", "today", at=NOW)
    assert tasks.back_up() == 1
    assert [message["text"] for message in written(backups.path(CHAT, date(2025, 3, 29)))] == ["yesterday"]
