"""What is said of a record by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from analytics.models import Event
from conversations.models import Message, Profile, Setting
from matches.models import Match, Player
from subscriptions.models import Subscription
from switchyard.validating.records import check
from switchyard.validating.report import ValidationSeverity
from switchyard.validating.rules import FROM_AUTHORITY, FROM_THE_AUTHORITY, NOT_MIRRORED, RULES, Found, issue

NOW = datetime(2026, 5, 6, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)
INFO, WARNING, ERROR, CRITICAL = ValidationSeverity


def user(**values: Any) -> User:
    return User(**{"user_id": 7, "language": "ru"} | values)


def subscription(**values: Any) -> Subscription:
    return Subscription(user_id=7, **values)


def event(**values: Any) -> Event:
    return Event(**{"id": "202605:0000000001", "file": "202605", "event_type": "x", "timestamp": NOW} | values)


def message(**values: Any) -> Message:
    return Message(**{"id": "7:0000000000", "chat_id": 7, "ts": NOW, "direction": "in", "text": "x"} | values)


# As the design has them; the others are our own choice.
DOCUMENTED = [
    (user(user_id=0), "bad-user-id", CRITICAL),
    (user(user_id=-5), "bad-user-id", CRITICAL),
    (subscription(tier="gold"), "unknown-tier", CRITICAL),
    (user(faceit_nickname="n" * 51, faceit_player_id="p"), "nickname-too-long", ERROR),
    (user(language="e" * 11), "language-too-long", ERROR),
    (subscription(daily_requests=-1), "negative-count", ERROR),
    (user(faceit_player_id="p"), "id-without-nickname", WARNING),
    (user(faceit_nickname="n"), "nickname-without-id", WARNING),
    (user(created_at=NOW, last_active_at=NOW - HOUR), "created-after-active", WARNING),
    (subscription(tier="premium", expires_at=NOW), "expired", WARNING),
]
OURS = [
    (user(faceit_nickname="имя", faceit_player_id="p"), "nickname-malformed", INFO),
    (user(language="мова"), "language-malformed", INFO),
    (user(language=""), "language-malformed", INFO),
    (user(total_requests=-1), "negative-count", ERROR),
    (user(duplicate=True), "duplicate-value", ERROR),
    (user(last_active_at=NOW + 25 * HOUR), "ahead", WARNING),
    (subscription(referrals_count=-1), "negative-count", ERROR),
    (subscription(referred_by=7), "referred-by-oneself", WARNING),
    (Profile(chat_id=0), "bad-chat-id", CRITICAL),
    (Profile(chat_id=7, name="n" * 65), "name-too-long", WARNING),
    (Profile(chat_id=7, summary={"1": 2}), "summary-malformed", WARNING),
    (Profile(chat_id=7, message_count=-1), "negative-count", ERROR),
    (message(text=""), "empty-text", INFO),
    (message(ts=None), "missing-date", INFO),
    (message(direction="sideways"), "unknown-direction", WARNING),
    (Setting(id="a::", name="", scope="a"), "setting-without-name", WARNING),
    (Setting(id="::a", name="a", scope=""), "setting-without-name", WARNING),
    (Match(match_id="m", status="over"), "unknown-status", WARNING),
    (Match(match_id="m", winner="us"), "unknown-winner", WARNING),
    (Match(match_id="m", started_at=NOW, finished_at=NOW - HOUR), "finished-before-start", WARNING),
    (Match(match_id="m", best_of=-1), "negative-count", ERROR),
    (event(event_type=None), "event-without-type", WARNING),
    (event(timestamp=None), "missing-date", INFO),
]
FINE = [
    user(faceit_nickname="n" * 50, faceit_player_id="p", language="e" * 10, created_at=NOW, last_active_at=NOW),
    user(last_active_at=NOW + 23 * HOUR, language="pt-br"),
    subscription(),
    subscription(tier="pro"),
    subscription(tier="premium", expires_at=NOW + HOUR),
    subscription(tier="free", expires_at=NOW - HOUR),
    Profile(chat_id=-100, name="n" * 64, summary={"20260101000000": "x"}),
    message(direction="out"),
    Setting(id="a::b", name="b", scope="a"),
    Setting(id="b", name="b"),
    Match(match_id="m"),
    Match(match_id="m", status="finished", winner="faction2", started_at=NOW, finished_at=NOW),
    Player(player_id="p"),
    event(),
    Event(id="metrics:current", file="metrics"),
]


@pytest.mark.parametrize(("record", "code", "severity"), [*DOCUMENTED, *OURS], ids=lambda each: str(each)[:20])
def test_each_defect_is_found_with_its_severity(record: Any, code: str, severity: ValidationSeverity) -> None:
    (found,) = check(record.component, record, NOW)
    told = issue(record.component, record.key, found)
    assert (told.code, told.severity) == (code, severity)
    assert told.description.endswith(".")
    assert "{" not in told.description + told.fix_suggested


@pytest.mark.parametrize("record", FINE, ids=str)
def test_nothing_is_said_of_what_is_right(record: Any) -> None:
    assert check(record.component, record, NOW) == []


@pytest.mark.parametrize(
    ("record", "mends"),
    [
        (subscription(tier=" PRO "), True), (subscription(tier="gold"), False), (subscription(tier=""), False),
        (Match(match_id="m", status="FINISHED"), True), (message(direction="OUT"), True),
        (Match(match_id="m", faction1_score=-1), False), (subscription(daily_requests=-1), True),
    ],
)  # fmt: skip
def test_only_what_is_certain_can_be_mended(record: Any, mends: bool) -> None:
    (found,) = check(record.component, record, NOW)
    assert issue(record.component, record.key, found).fixable is mends


def test_texts_of_all_rules_name_facts_that_there_are() -> None:
    facts = dict.fromkeys(
        ("user_id", "length", "most", "nickname", "language", "found", "tier", "expires_at", "referred_by", "field",
         "value", "fields", "name", "winner", "finished_at", "store", "count", "advice", "reason", "component",
         "place", "detail", "player_id"), "x",
    ) | {"percent": 60.0}  # fmt: skip
    for code in RULES:
        assert issue("users", 7, Found(code, facts)).user_id == 7


def test_what_is_not_copied_in_a_stage_is_not_said_to_be() -> None:
    found = Found("not-copied", {"store": "JSON"})
    assert issue("users", 7, found).fix_suggested == FROM_THE_AUTHORITY
    told = issue("users", 7, found._replace(fixable=False))
    assert (told.fixable, told.fix_suggested) == (False, NOT_MIRRORED)
    assert len(FROM_AUTHORITY) == 6
