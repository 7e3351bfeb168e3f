"""Counts, the score, and what is listed of very many."""

from __future__ import annotations

import json

import pytest

from switchyard.validating import report as module
from switchyard.validating.report import FixSummary, ValidationIssue, ValidationReport, ValidationSeverity

INFO, WARNING, ERROR, CRITICAL = ValidationSeverity


def report(*severities: ValidationSeverity, both: int = 10, either: int = 10) -> ValidationReport:
    made = ValidationReport(in_both=both, in_either=either)
    for severity in severities:
        made.add(ValidationIssue(severity, "missing", "x.", component="users", code=f"a {severity}"))
    return made


@pytest.mark.parametrize(
    ("given", "score"),
    [
        (report(), 100), (report(INFO), 100), (report(WARNING), 95), (report(ERROR), 90), (report(CRITICAL), 80),
        (report(CRITICAL, ERROR, WARNING, INFO), 65), (report(both=5), 50), (report(WARNING, both=5), 45),
        (report(*[CRITICAL] * 6), 0), (report(both=0), 0), (report(CRITICAL, both=0, either=0), 100),
    ],
)  # fmt: skip
def test_the_score(given: ValidationReport, score: float) -> None:
    assert given.integrity_score == score


def test_what_could_not_be_compared_has_no_overlap_and_no_score() -> None:
    made = report()
    made.compared = False
    assert (made.overlap, made.integrity_score) == (None, 0)
    made = report(both=0, either=0)
    made.compared = False
    assert made.integrity_score == 0


def test_of_very_many_the_first_are_listed_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LISTED", 3)
    made = report(*[WARNING] * 10, ERROR)
    made.count("users", "a warning", WARNING, 5)
    made.count("users", "a warning", WARNING, 0)
    assert made.counts == {"info": 0, "warning": 15, "error": 1, "critical": 0}
    assert (len(made.issues), made.more) == (4, {"users a warning": 12})
    assert (made.at_least(WARNING), made.at_least(ERROR)) == (16, 1)
    made.arrange()
    assert [issue.severity for issue in made.issues] == [ERROR, WARNING, WARNING, WARNING]
    plain = json.loads(json.dumps(made.dict()))
    assert (plain["integrity_score"], plain["counts"]["warning"], len(plain["issues"])) == (15, 15, 4)


def test_a_summary_is_read_by_items_and_by_attributes() -> None:
    summary = FixSummary(dry_run=False)
    issue = ValidationIssue(ERROR, "missing", "x.", component="users", key=7, code="c")
    summary.tell(issue, None)
    summary.tell(issue, "no")
    summary.skip(would=True)
    assert (summary.attempted, summary["successful"], summary.failed, summary.skipped) == (2, 1, 1, 1)
    assert (summary.fixes_by_category, summary.errors, summary.would_fix) == ({"missing": 1}, ["users 7 (c): no"], 1)
    with pytest.raises(AttributeError):
        _ = summary.nonsense
