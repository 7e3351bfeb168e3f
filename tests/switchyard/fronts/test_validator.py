"""DataValidator and its command, by the documents' names."""

from __future__ import annotations

import json
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from conversations.models import Message
from matches.faceit.errors import NotFound, Unavailable
from matches.models import Match
from migration_control.stages import STAGES, StageRow
from subscriptions.models import Subscription
from switchyard.fronts import DataValidator, ValidationReport, ValidationSeverity
from switchyard.validating import everything, fixing
from tests.migration_control.moving.ground import DISABLED
from tests.switchyard.conftest import InStage, Run
from tests.switchyard.validating.conftest import _at_once as _at_once

PAST = datetime(2025, 1, 1, tzinfo=UTC)


def plant() -> None:
    """1: all that can be mended; 2: what can only be told."""
    User.records.create(User(user_id=1, language="en-" + "x" * 9, total_requests=-3))
    User.records.create(User(user_id=2, faceit_nickname="n"))
    User.records.create(User(user_id=3))
    Subscription.records.create(Subscription(user_id=1, tier="PRO", daily_requests=-4))
    Subscription.records.create(Subscription(user_id=2, tier="gold"))
    Subscription.records.create(Subscription(user_id=3, tier="premium", expires_at=PAST, payment_method="x"))
    Match.records.create(Match(match_id="m", status="FINISHED", best_of=-1))
    Message.records.append(Message(ts=PAST, direction="IN", text="x"), stem="7")


def stored() -> list[Any]:
    users = [(u.user_id, u.language, u.total_requests, u.version) for u in User.records.iterate()]
    subscriptions = [(s.user_id, s.tier, s.daily_requests, s.version) for s in Subscription.records.iterate()]
    return [users, subscriptions, [m.status for m in Match.records.iterate()]]


@pytest.mark.parametrize("stage", STAGES, ids=str)
def test_what_can_be_mended_is_mended_in_every_stage(stage: StageRow, in_stage: InStage, run: Run) -> None:
    in_stage(stage)
    plant()
    validator = DataValidator(object(), subscription_service=None)
    report = run(validator.validate_all_data())
    before = stored()
    looked = run(validator.fix_validation_issues(report))
    assert (looked.attempted, looked.would_fix, looked.dry_run) == (0, 7, True)
    assert stored() == before
    done = run(validator.fix_validation_issues(report, auto_fix=True, severity_threshold=ValidationSeverity.WARNING))
    assert (done["attempted"], done["successful"], done["failed"], done["errors"]) == (7, 7, 0, [])
    assert done["skipped"] == len(report.issues) - 7
    assert done["fixes_by_category"] == {"malformed": 3, "out of range": 3, "expired": 1}
    users, subscriptions, matches = stored()
    assert [each[:3] for each in users] == [(1, "en", 0), (2, "ru", 0), (3, "ru", 0)]
    assert [each[:3] for each in subscriptions] == [(1, "pro", 0), (2, "gold", 0), (3, "free", 0)]
    assert matches == ["finished"]
    left = {(issue.code, issue.key) for issue in run(validator.validate_all_data()).issues if issue.severity != "info"}
    assert left - {("mostly-in-json", None)} == {
        ("nickname-without-id", 2), ("unknown-tier", 2), ("negative-count", "m"),
        ("conversation-without-profile", "7:0000000000"),
    }  # fmt: skip


def test_only_what_is_severe_enough_is_mended(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    plant()
    validator = DataValidator()
    report = run(validator.validate_all_data())
    assert run(validator.fix_validation_issues(report, severity_threshold="critical")).would_fix == 1
    assert run(validator.fix_validation_issues(report, severity_threshold="error")).would_fix == 4
    with pytest.raises(ValueError):
        run(validator.fix_validation_issues(report, severity_threshold="dire"))


def test_what_is_right_or_gone_by_now_is_not_written(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    plant()
    validator = DataValidator()
    report = run(validator.validate_all_data())

    def mend(subscription: Subscription) -> None:
        subscription.tier, subscription.daily_requests = "premium", 5

    Subscription.records.update(1, mend)
    User.records.delete(3)
    version = Subscription.records.get(1).version  # type: ignore[union-attr]
    done = run(validator.fix_validation_issues(report, auto_fix=True))
    assert (done.failed, done.errors) == (0, [])
    now = Subscription.records.get(1)
    assert now is not None
    assert (now.tier, now.daily_requests, now.version) == ("premium", 5, version)
    assert User.records.get(3) is None


def test_a_fix_that_does_not_take_is_a_failure(in_stage: InStage, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    in_stage(DISABLED)
    plant()
    monkeypatch.setitem(fixing._CHANGES, "negative-count", lambda record, details: None)
    validator = DataValidator()
    done = run(validator.fix_validation_issues(run(validator.validate_all_data()), auto_fix=True))
    assert (done.failed, done.successful) == (2, 5)
    assert "users 1 (negative-count): it is still so" in done.errors


class Faceit:
    """Knows p1 by another name by now, and p2 not at all; asked of p9 it says nothing."""

    async def player(self, player_id: str) -> dict[str, Any]:
        if player_id == "p2":
            raise NotFound("/players/p2")
        if player_id == "p9":
            raise Unavailable("/players/p9", "it is away")
        return {"player_id": player_id, "nickname": {"p1": "renamed"}.get(player_id, "three")}


def api(report: ValidationReport) -> set[Any]:
    return {(issue.code, issue.key, str(issue.severity)) for issue in report.issues if issue.category == "api"}


def test_players_are_asked_for_where_there_is_a_client(in_stage: InStage, run: Run) -> None:
    in_stage(DISABLED)
    for key, name in ((1, "one"), (2, "two"), (3, "three")):
        User.records.create(User(user_id=key, faceit_player_id=f"p{key}", faceit_nickname=name))
    assert api(run(DataValidator().validate_all_data())) == set()
    validator = DataValidator(faceit=Faceit())
    report = run(validator.validate_all_data())
    assert api(report) == {("nickname-outdated", 1, "warning"), ("player-unknown", 2, "error")}
    done = run(validator.fix_validation_issues(report, auto_fix=True))
    assert (done.successful, done.failed) == (1, 0)
    assert User.records.get(1).faceit_nickname == "renamed"  # type: ignore[union-attr]
    User.records.create(User(user_id=9, faceit_player_id="p9", faceit_nickname="nine"))
    assert ("api-silent", None, "info") in api(run(validator.validate_all_data()))


def test_the_event_loop_goes_on_meanwhile(in_stage: InStage, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio
    import time

    in_stage(DISABLED)
    real = everything.validate

    def slow(*given: Any, **named: Any) -> Any:
        time.sleep(0.3)
        return real(*given, **named)

    monkeypatch.setattr(everything, "validate", slow)

    async def both() -> int:
        ticks, going = 0, asyncio.ensure_future(DataValidator().validate_all_data())
        while not going.done():
            await asyncio.sleep(0.02)
            ticks += 1
        return ticks

    coroutine: Coroutine[Any, Any, int] = both()
    assert run(coroutine) > 5


# The command


def call(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("migration_validate", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def test_the_command(in_stage: InStage, capsys: pytest.CaptureFixture[str]) -> None:
    in_stage(DISABLED)
    User.records.create(User(user_id=1, total_requests=-3, last_active_at=datetime.now(UTC) - timedelta(days=1)))
    assert call("nonsense")[0] == 2
    assert call("--dry-run")[0] == 2
    status, text = call("users", "--json", "--severity", "error")
    report = json.loads(text)
    assert (status, report["counts"]["error"], report["checked"]) == (1, 1, {"users": 1})
    assert call("users", "--fix", "--dry-run", "--severity", "error")[0] == 1
    assert User.records.get(1).total_requests == -3  # type: ignore[union-attr]
    status, text = call("users", "--fix", "--json", "--severity", "error")
    assert (status, json.loads(text)["fixed"]["successful"]) == (0, 1)
    assert call("users", "--severity", "error")[0] == 0
    assert call("users", "--severity", "warning")[0] == 1  # all of them are in JSON alone
    printed = capsys.readouterr().out
    assert "error users 1: total_requests is -3. (--fix)" in printed
    assert "Looked at 1 users." in printed
    assert "Integrity score" in printed


def test_what_is_printed_holds_no_control_characters(in_stage: InStage, capsys: pytest.CaptureFixture[str]) -> None:
    in_stage(DISABLED)
    Match.records.create(Match(match_id="\x1b[2Jm", status="\x1b[2J[red]over"))
    assert call("matches")[0] == 1
    printed = capsys.readouterr().out
    assert "[red]over" in printed
    assert "\x1b[2J" not in printed
