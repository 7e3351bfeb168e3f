"""Updates: many at once, ones that nobody can read, and ends of every kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from accounts.models import User
from config.environment import BASE_DIR
from conversations.models import Message, Profile
from migration_control.stages import STAGES, StageRow
from switchyard.example.bot.texts import EN
from switchyard.example.telegram import TOKEN
from switchyard.example.telegram.people import Person
from switchyard.example.telegram.server import PATIENCE, Telegram
from switchyard.texts import en
from tests.switchyard.conftest import InStage
from tests.switchyard.example_bot.conftest import BotProcess

either_authority = pytest.mark.parametrize("stage", STAGES[::3], ids=str)
MANY = 110  # updates, more than one getUpdates returns


@either_authority
def test_a_flood_is_kept_whole_also_by_a_bot_that_is_stopped_in_the_middle(
    stage: StageRow, in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(stage)
    process.begins()
    said = [f"message {number}" for number in range(MANY)]
    for number, text in enumerate(said):
        person(10 + number % 7).says(text)
    telegram.until(lambda: len(telegram.sent("sendMessage")) > 5)
    assert process.ends() == 0
    process.begins()
    telegram.until(lambda: telegram.acknowledged() and len(telegram.sent("sendMessage")) >= MANY)
    assert process.ends() == 0
    kept = [each.text for each in Message.records.iterate() if each.direction == "in"]
    assert sorted(kept) == sorted(said)
    assert sum(profile.message_count for profile in Profile.records.iterate()) == MANY


def test_an_update_that_comes_twice_is_kept_once(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[2])
    process.begins()
    ann = person(1)
    update = ann.says("once")
    telegram.until(lambda: telegram.acknowledged() and len(ann.heard()) == 1)
    process.is_killed()
    telegram.offset = 0
    ann.says("once", update_id=update)
    process.begins()
    telegram.until(lambda: len(ann.heard()) == 2)
    assert process.ends() == 0
    assert [each.text for each in Message.records.iterate() if each.direction == "in"] == ["once"]


ODD = {
    "/link ": EN["how-to-link"],
    "/link my name": "A FACEIT nickname has",
    "/link ник": "A FACEIT nickname has",
    "/link " + "x" * 4000: "A FACEIT nickname has",
    "/link \u202egamer": "A FACEIT nickname has",
    "/analyse": EN["how-to-analyse"],
    "/analyse https://example.org": en.TEXTS["bad-match-link"],
    "/analyse https://www.faceit.com/en/cs2/room/../../1-1": en.TEXTS["bad-match-link"],
    "/analyse \0": en.TEXTS["bad-match-link"],
    "/start NOSUCHCODE": "Nobody has the referral code",
    "/start " + "😀" * 60: "Nobody has the referral code",
    "/refund": EN["not-for-you"],
    "/nothing": en.TEXTS["bad-input"],
    "a\0b": en.TEXTS["bad-input"],
}


@either_authority
def test_what_people_should_not_send_is_answered_and_changes_nothing(
    stage: StageRow, in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(stage)
    process.begins()
    ann = person(1)
    ann.asks("/start")
    before = user(1)
    for said, expected in ODD.items():
        assert expected in ann.asks(said), said
    for number in (0, -5, 1 << 70):
        assert person(number).asks("/start") == en.TEXTS["bad-input"]
    for number in (0, 1 << 70):  # a chat may have a negative id
        assert person(number).asks("hello") == en.TEXTS["bad-input"]
    assert [user(1), User.records.count(), Message.records.count()] == [before, 1, 0]

    # What both stores can hold is kept as it came.
    for said in ("😀" * 4096, "שלום \u202e עולם", "e\u0301"):
        assert ann.asks(said).startswith("I have kept that.")
    kept = [each.text for each in Message.records.iterate() if each.direction == "in"]
    assert kept == ["😀" * 4096, "שלום \u202e עולם", "e\u0301"]
    assert process.ends() == 0
    assert "could not be handled" not in process.said


def test_an_update_that_nobody_can_read_holds_up_no_other(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[0])
    ann = person(1)
    telegram.send("message", {"message_id": "one", "secret": "of a person"})
    ann.says("half a character: \ud800")
    ann.says("hello")
    telegram.send("message", {"chat": None})
    process.begins()
    telegram.until(lambda: len(ann.heard()) == 1 and telegram.acknowledged())
    assert process.ends() == 0
    assert "is passed over: nobody can read message." in process.said
    assert "of a person" not in process.said
    assert [each.text for each in Message.records.iterate() if each.direction == "in"] == ["hello"]


def test_a_telegram_that_refuses_for_now_is_asked_again(
    in_stage: InStage, process: BotProcess, person: Callable[..., Person], telegram: Telegram
) -> None:
    in_stage(STAGES[0])
    telegram.refuse("getUpdates", 502, description="Bad Gateway")
    telegram.refuse("getUpdates", 429, description="Too Many Requests", parameters={"retry_after": 1})
    telegram.refuse("sendMessage", 429, description="Too Many Requests", parameters={"retry_after": 1})
    telegram.refuse("setMyCommands", 500, description="Internal Server Error")
    process.begins()
    assert person(1).asks("/start").startswith("Hello")
    assert process.ends() == 0


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"TELEGRAM_BOT_TOKEN": "1:wrong"}, "Telegram does not know the token"),
        ({"TELEGRAM_BOT_TOKEN": "no-token"}, "TELEGRAM_BOT_TOKEN is not set"),
        ({"TELEGRAM_API_URL": "ftp://x"}, "TELEGRAM_API_URL is no address"),
        ({"TELEGRAM_OWNER_ID": "me"}, "TELEGRAM_OWNER_ID is no number"),
        ({"SWITCHYARD_HOME": "/nonexistent"}, "is no folder of an installation"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_is_set_wrong_is_said_in_a_line(process: BotProcess, variables: dict[str, str], said: str) -> None:
    process.begins(**variables)
    assert process.waited() == 1
    assert said in process.said
    assert "Traceback" not in process.said
    assert "no-token" not in process.said


def test_the_module_is_a_program(process: BotProcess) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "switchyard.example.bot"],
        env=os.environ | {"TELEGRAM_BOT_TOKEN": ""},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("TELEGRAM_BOT_TOKEN is not set")


def test_an_api_that_is_away_is_waited_for_and_no_log_has_the_token(process: BotProcess) -> None:
    process.begins(TELEGRAM_API_URL="http://127.0.0.1:1")
    process.telegram.until(lambda: "No updates; again in" in process.said)
    assert process.ends(signal.SIGTERM) == 0
    assert TOKEN.partition(":")[2] not in process.said


def user(user_id: int) -> dict[str, object]:
    found = User.records.get(user_id)
    assert found is not None
    return {name: getattr(found, name) for name in ("language", "faceit_nickname", "total_requests")}
