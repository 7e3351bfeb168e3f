"""Every record, in every stage, beside writers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from analytics.models import Event
from conversations.models import Message, Profile, Setting
from matches.models import Match
from migration_control.comparing import Keys
from migration_control.components import Component, everything
from migration_control.routing.errors import Moving
from migration_control.service_errors import ServiceError
from migration_control.stages import STAGES, StageRow, Store
from migration_control.stores.commits import OutcomeUnknown
from subscriptions.models import Subscription
from switchyard.validating import between, report, walking
from switchyard.validating import everything as module
from switchyard.validating.everything import validate
from switchyard.validating.looking import Standing
from switchyard.validating.report import ValidationReport, ValidationSeverity
from tests.migration_control.moving.ground import DB_ONLY, DISABLED
from tests.switchyard.conftest import InStage

NOW = datetime(2026, 5, 6, 7, tzinfo=UTC)
BETWEEN = {"waiting", "parked", "mostly-in-json", "partly-in-database"}

every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)


def look() -> ValidationReport:
    return validate(everything(), now=NOW)


def broken(found: ValidationReport) -> Counter[tuple[str, str, Any]]:
    """What is said of the records, and not of where they are."""
    return Counter((i.component, i.code, i.key) for i in found.issues if i.code not in BETWEEN)


def plant(*, orphan: bool = False) -> None:
    """One of each of what is in more than one record, and some that stand alone."""
    User.records.create(User(user_id=1, faceit_nickname="one", faceit_player_id="p1"))
    User.records.create(User(user_id=2, language="e" * 11))
    Subscription.records.create(Subscription(user_id=1, tier="premium", expires_at=NOW - timedelta(days=1)))
    Subscription.records.create(Subscription(user_id=2, tier="gold", referred_by=77))
    if orphan:
        Subscription.records.create(Subscription(user_id=3, tier="pro"))
    User.records.create(User(user_id=4))
    Profile.records.create(Profile(chat_id=5, message_count=-1))
    for chat in (5, 6, 56):
        for text in ("hello", "", "again"):
            Message.records.append(Message(ts=NOW, direction="in", text=text), stem=str(chat))
    Setting.records.create(Setting(id="::x", value=1))
    Match.records.create(Match(match_id="m", status="OVER"))
    Event.records.append(Event(timestamp=NOW), stem="202605")


ORPHAN = ("subscriptions", "orphaned-subscription", 3)
PLANTED = Counter(
    {
        ("users", "language-too-long", 2): 1,
        ("users", "user-without-subscription", 4): 1,
        ("subscriptions", "expired", 1): 1,
        ("subscriptions", "unknown-tier", 2): 1,
        ("subscriptions", "unknown-referrer", 2): 1,
        ("profiles", "negative-count", 5): 1,
        ("conversations", "conversation-without-profile", "6:0000000000"): 1,
        ("conversations", "conversation-without-profile", "56:0000000000"): 1,
        ("conversations", "empty-text", "5:0000000001"): 1,
        ("conversations", "empty-text", "6:0000000001"): 1,
        ("conversations", "empty-text", "56:0000000001"): 1,
        ("configuration", "setting-without-name", "::x"): 1,
        ("matches", "unknown-status", "m"): 1,
        ("analytics", "event-without-type", "202605:0000000000"): 1,
    }
)


@every_stage
def test_the_same_is_found_in_every_stage(stage: StageRow, in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(stage)
    orphan = stage.authority is Store.DATABASE  # a file has no place for one
    plant(orphan=orphan)
    monkeypatch.setattr(walking, "PAGE", 2)
    found = look()
    assert broken(found) == PLANTED + Counter([ORPHAN] * orphan)
    assert (found.checked["users"], found.checked["conversations"]) == (3, 9)
    assert found.counts["critical"] == 1
    people = (found.in_json, found.in_database, found.in_both, found.in_either)
    assert people == {DISABLED: (4, 0, 0, 4), DB_ONLY: (0, 4, 0, 4)}.get(stage, (4, 4, 4, 4))
    # What waits is told once, and is no difference.
    told = {issue.code: issue for issue in found.issues if issue.component == "users" and issue.code in BETWEEN}
    expected = {DISABLED: {"waiting", "mostly-in-json"}, DB_ONLY: {"waiting", "partly-in-database"}}.get(stage, set())
    assert set(told) == expected
    assert not expected or told["waiting"].details["count"] == 3


def test_nobody_at_all_is_critical_and_whole(in_stage: InStage) -> None:
    in_stage(DISABLED)
    found = look()
    assert [(issue.code, issue.severity) for issue in found.issues] == [("no-users", ValidationSeverity.CRITICAL)]
    assert found.integrity_score == 100


def test_of_very_many_the_rest_is_counted(in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    monkeypatch.setattr(walking, "LISTED", 3)
    monkeypatch.setattr(report, "LISTED", 3)
    monkeypatch.setattr(walking, "PAGE", 4)
    for user_id in range(1, 10):
        User.records.create(User(user_id=user_id, total_requests=-1))
        Subscription.records.create(Subscription(user_id=user_id))
    found = look()
    listed = [issue for issue in found.issues if issue.code == "negative-count"]
    assert (len(listed), found.counts["error"], found.more) == (3, 9, {"users negative-count": 6})


def test_progress_is_told(in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    plant()
    monkeypatch.setattr(walking, "PAGE", 2)
    told: list[tuple[str, int, int | None]] = []
    validate(everything(), now=NOW, told=lambda *each: told.append(each))
    assert [each for each in told if "users" in each[0]] == [
        ("records of users", 2, 3), ("records of users", 3, 3), ("both stores of users", 0, None),
    ]  # fmt: skip


# Beside writers


def after_judging(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Something is written after the first judgement of a page that found anything."""
    real, waiting = walking.broken_of, [act]

    def judged(*given: Any) -> Any:
        found = real(*given)
        if found and waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(walking, "broken_of", judged)


def nought(user: User) -> None:
    user.total_requests = 0


def test_a_subscription_whose_user_comes_to_be_a_moment_later_is_no_orphan(
    in_stage: InStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_stage(DB_ONLY)
    Subscription.records.create(Subscription(user_id=1))
    User.records.create(User(user_id=2))
    Subscription.records.create(Subscription(user_id=2))
    after_judging(monkeypatch, lambda: User.records.create(User(user_id=1)))
    assert broken(look()) == Counter()


def test_what_is_mended_meanwhile_is_not_told(in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    User.records.create(User(user_id=1, total_requests=-1, faceit_nickname="n"))
    Subscription.records.create(Subscription(user_id=1))
    after_judging(monkeypatch, lambda: User.records.update(1, nought))
    assert broken(look()) == Counter({("users", "nickname-without-id", 1): 1})


def test_what_is_beyond_the_list_is_looked_at_again_too(in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    monkeypatch.setattr(walking, "LISTED", 0)
    User.records.create(User(user_id=1, total_requests=-1))
    Subscription.records.create(Subscription(user_id=1))
    after_judging(monkeypatch, lambda: User.records.update(1, nought))
    assert look().counts["error"] == 0


@pytest.mark.parametrize("trouble", [Moving("users", 15), OutcomeUnknown("users"), ServiceError("No.")], ids=repr)
def test_a_component_that_cannot_be_read_is_told_and_the_others_are_read(
    trouble: Exception, in_stage: InStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_stage(DISABLED)
    plant()
    real = walking._pages

    def pages(of: Component) -> Iterator[Any]:
        if of.name == "users":
            raise trouble
        return real(of)

    monkeypatch.setattr(walking, "_pages", pages)
    found = look()
    assert ("users", "not-checked", None) in broken(found)
    assert "matches" in found.checked
    assert (found.overlap, found.integrity_score) == (None, 0)


def test_stores_that_cannot_be_compared_are_told(in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    plant()

    def refuse(*given: Any) -> None:
        raise OutcomeUnknown("users")

    monkeypatch.setattr(between, "compare", refuse)
    found = look()
    assert found.checked["users"] == 3
    assert broken(found)[("users", "not-compared", None)] == 1
    assert found.overlap is None


def test_a_host_without_the_files_says_so(in_stage: InStage, settings: Settings) -> None:
    in_stage(DB_ONLY)
    plant()
    settings.LEGACY_DIR = None
    found = look()
    assert found.checked["users"] == 3
    assert {issue.component for issue in found.issues if issue.code == "not-compared"} >= {"users", "profiles"}
    assert found.overlap is None


def test_without_a_database_none_is_asked(
    in_stage: InStage, settings: Settings, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    in_stage(DISABLED)
    plant()
    settings.DATABASE_USED = False
    with django_assert_num_queries(0):
        found = look()
    assert broken(found) == PLANTED + Counter([("", "one-store", None)])
    assert (found.overlap, found.in_json, found.in_database) == (100, 4, 0)


def test_a_closed_migration_has_one_store(in_stage: InStage, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DB_ONLY)
    plant(orphan=True)
    for_good = Standing(Store.DATABASE, mirrored=False, closed=True)
    monkeypatch.setattr(module, "standing", lambda component, database: for_good)
    found = look()
    stores = Counter({("users", "one-store", None): 1, ("profiles", "one-store", None): 1})
    assert broken(found) == PLANTED + Counter([ORPHAN]) + stores
    assert (found.overlap, found.in_json, found.in_database) == (100, 0, 4)


def test_more_differences_than_are_kept_are_counted() -> None:
    assert between._beyond(Keys(5, {1: ["x"]}), lag=0) == 4
    assert between._beyond(Keys(5, {1: ["x"]}), lag=5) == 0
    assert between._beyond(Keys(1, {1: ["x"]}), lag=0) == 0
