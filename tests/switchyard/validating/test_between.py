"""What differs between the stores, and is not merely on its way."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from migration_control.components import everything
from migration_control.mirroring import acknowledging
from migration_control.models import Parked
from migration_control.stages import StageRow
from subscriptions.models import Subscription
from switchyard.validating import fixing
from switchyard.validating.everything import validate
from switchyard.validating.report import FixSummary, ValidationReport, ValidationSeverity
from tests.migration_control.moving.ground import DB_ONLY, DUAL_DATABASE, DUAL_JSON, Ground
from tests.switchyard.conftest import InStage
from tests.switchyard.fronts.test_migration import past_guards

NOW = datetime(2026, 5, 6, 7, tzinfo=UTC)
SEVERITIES = {
    "player-differs": "error", "nickname-differs": "warning", "language-differs": "info", "differs": "warning",
    "subscription-differs": "error",
}  # fmt: skip


def look() -> ValidationReport:
    return validate([c for c in everything() if c.name in ("users", "subscriptions")], now=NOW)


def mend(report: ValidationReport) -> FixSummary:
    return fixing.fix(report, auto_fix=True, threshold=ValidationSeverity.INFO, now=NOW)


def told(report: ValidationReport) -> Counter[Any]:
    return Counter((issue.code, issue.key) for issue in report.issues)


def people() -> None:
    for key in (1, 2, 3):
        User.records.create(User(user_id=key, faceit_player_id=f"p{key}", faceit_nickname=f"n{key}"))
        Subscription.records.create(Subscription(user_id=key, tier="premium"))
    acknowledging.flush()


def spoil(ground: Ground, stage: StageRow) -> None:
    """The store that is not the authority, past the protocol: 1 differs in all, 2's subscription, 3 is lost there, and
    9 was never anywhere else.
    """
    if stage.authority.value == "json":
        with past_guards() as cursor:
            cursor.execute(
                "UPDATE accounts_user SET faceit_player_id = 'x', faceit_nickname = 'x', language = 'x',"
                " notifications_enabled = false WHERE user_id = 1"
            )
            cursor.execute("UPDATE subscriptions_subscription SET tier = 'pro' WHERE user_id = 2")
            cursor.execute("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT * FROM accounts_user WHERE user_id = 3")
            cursor.execute(
                "UPDATE t SET user_id = 9, faceit_player_id = 'p9'; DELETE FROM accounts_user WHERE user_id = 3"
            )
            cursor.execute("INSERT INTO accounts_user SELECT * FROM t")
        return
    with ground.index.write() as (index, _):

        def change(component: str, key: int, *pairs: tuple[bytes, bytes]) -> None:
            query = "SELECT document FROM record WHERE component = ? AND key = ?"
            (document,) = index.execute(query, (component, key)).fetchone()
            made = bytes(document)
            for before, after in pairs:
                assert before in made
                made = made.replace(before, after)
            index.execute("UPDATE record SET document = ? WHERE component = ? AND key = ?", (made, component, key))

        change("users", 1, (b'"p1"', b'"x"'), (b'"n1"', b'"x"'), (b'"ru"', b'"x"'), (b"true", b"false"))
        change("subscriptions", 2, (b'"premium"', b'"pro"'))
        change("users", 3, (b'"user_id":3', b'"user_id":9'), (b'"p3"', b'"p9"'))
        index.execute("UPDATE record SET key = 9 WHERE component = 'users' AND key = 3")


@pytest.mark.parametrize("stage", [DUAL_JSON, DUAL_DATABASE], ids=str)
def test_differences_are_found_and_copied_anew_from_the_authority(stage: StageRow, in_stage: InStage) -> None:
    ground = in_stage(stage)
    people()
    spoil(ground, stage)
    found = look()
    assert told(found) == Counter(
        {
            ("player-differs", 1): 1, ("nickname-differs", 1): 1, ("language-differs", 1): 1, ("differs", 1): 1,
            ("subscription-differs", 2): 1, ("not-copied", 3): 1, ("extra", 9): 1, ("partly-in-database", None): 1,
        }
    )  # fmt: skip
    for issue in found.issues:
        assert issue.severity == SEVERITIES.get(issue.code, issue.severity)
    assert (found.in_both, found.in_either) == (2, 4)
    done = mend(found)
    assert (done.attempted, done.successful, done.errors) == (6, 6, [])
    assert done.skipped == 2  # what only the other store has is never removed
    assert {issue.code for issue in look().issues} <= {"extra", "partly-in-database"}
    user = User.records.get(1)
    assert user is not None
    assert (user.faceit_player_id, user.language) == ("p1", "ru")


def test_what_differs_because_it_waits_is_no_difference(in_stage: InStage) -> None:
    in_stage(DUAL_JSON)
    people()
    in_stage(DB_ONLY)

    def rename(user: User) -> None:
        user.faceit_nickname, user.faceit_player_id = "new", "new"

    User.records.update(1, rename)
    Subscription.records.delete(2)
    User.records.create(User(user_id=4))
    found = [issue for issue in look().issues if issue.code != "partly-in-database"]
    waiting = {i.component: i.details["count"] for i in found if i.code == "waiting"}
    assert waiting == {"users": 2, "subscriptions": 1}
    rest = {(i.code, i.key) for i in found if i.code != "waiting"}
    assert rest == {("user-without-subscription", 2), ("user-without-subscription", 4)}


def test_a_parked_key_is_told_with_its_reason(in_stage: InStage) -> None:
    in_stage(DUAL_JSON)
    people()
    Parked.objects.create(component="users", key="2", to="database", version=9, reason="too long", due=timezone.now())
    (issue,) = look().issues
    assert (issue.code, issue.key, issue.description) == ("parked", 2, "the database refuses it: too long.")
