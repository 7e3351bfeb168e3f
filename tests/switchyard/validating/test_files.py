"""What stands in the files of a bot that writes them itself."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from migration_control.components import everything
from switchyard.validating import fixing
from switchyard.validating.everything import validate
from switchyard.validating.report import ValidationReport, ValidationSeverity
from tests.migration_control.world import Bot, Importer, subscription, user

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 5, 6, 7, tzinfo=UTC)


def look() -> ValidationReport:
    return validate(everything(), now=NOW)


def told(report: ValidationReport) -> Counter[Any]:
    return Counter((issue.component, issue.code, str(issue.severity), issue.key) for issue in report.issues)


def test_each_defect_of_a_file_is_told(bot: Bot) -> None:
    bot.writes(
        user(1, subscription=subscription(tier="gold")),
        user(1),
        user(None),
        "no object",
        user(2, total_requests="4", notifications_enabled="yes", created_at="yesterday"),
        user(3, total_requests=10**30),
        user(4, faceit_player_id="p", faceit_nickname="n"),
        user(5, faceit_player_id="p", faceit_nickname="n"),
    )
    found = told(look())
    assert found[("users", "key-missing", "critical", None)] == 2
    assert found[("users", "quarantined", "error", 1)] == 1  # the second of one id
    assert found[("users", "quarantined", "error", 3)] == 0  # which only a copy finds, see below
    assert found[("users", "duplicate-value", "error", 5)] == 1
    assert found[("subscriptions", "unknown-tier", "critical", 1)] == 1
    assert found[("users", "waiting", "info", None)] == 1


def test_what_an_import_set_apart_is_told_and_counts_as_missing(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1), user(2, total_requests="4"), user(3, total_requests=10**30))
    run_import()
    report = look()
    found = told(report)
    assert found[("users", "quarantined", "error", 3)] == 1
    assert found[("users", "repaired", "info", 2)] == 1
    assert (report.in_json, report.in_database, report.in_both, report.in_either) == (3, 2, 2, 3)


def test_a_file_that_cannot_be_read_whole_is_critical_and_told_once(bot: Bot, run_import: Importer) -> None:
    bot.writes(user(1))
    run_import()
    for text in ("[1, 2]", '{"users": {}}'):
        bot.writes_text(text)
        report = look()
        broken = [issue for issue in report.issues if issue.code == "file-unreadable"]
        assert [str(issue.severity) for issue in broken] == ["critical"]
        assert "data.json" in broken[0].description
        assert report.checked["users"] == 1  # what was read last
        assert report.integrity_score == 0
        assert not report.compared


def test_what_the_bot_writes_itself_is_not_written_by_us(bot: Bot) -> None:
    bot.writes(user(1, total_requests=-3))
    before = bot.file.read_bytes()
    done = fixing.fix(look(), auto_fix=True, threshold=ValidationSeverity.WARNING, now=NOW)
    assert (done.attempted, done.failed) == (1, 1)
    assert "belongs to the bot" in done.errors[0]
    assert bot.file.read_bytes() == before
    assert json.loads(before)["users"][0]["total_requests"] == -3
