"""What a validation tells: counts of everything, and the first findings of each kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

LISTED = 1000  # findings of one kind of a component that are listed; the others are counted


class ValidationSeverity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(ValidationSeverity).index(self)


PENALTIES = {ValidationSeverity.CRITICAL: 20, ValidationSeverity.ERROR: 10, ValidationSeverity.WARNING: 5}


@dataclass
class ValidationIssue:
    """code: which rule it breaks. key: of the record; None of what is about no single one. user_id: whose it is, a
    chat's id for what the companion bot keeps. fix_suggested: what to do. fixable: fix_validation_issues() does it.
    """

    severity: ValidationSeverity
    category: str
    description: str
    user_id: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    fix_suggested: str = ""
    code: str = ""
    component: str = ""
    key: int | str | None = None
    fixable: bool = False

    def dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class ValidationReport:
    """issues: the most severe first; of one kind and component at most LISTED. counts: of all, by severity, those
    included that are not listed. more: those, by component and code. checked: records looked at, by component.

    overlap: people (users, profiles) that both stores have, in percent of those that either has; None where the two
    cannot be compared from here, which counts as 0; 100 where there are none, or one store is all that there is.
    integrity_score: overlap, less 20 for each critical, 10 for each error, 5 for each warning, from 0 to 100; 100 of
    nobody at all.
    """

    issues: list[ValidationIssue] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {str(severity): 0 for severity in ValidationSeverity})
    more: dict[str, int] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)
    in_json: int = 0
    in_database: int = 0
    in_both: int = 0
    in_either: int = 0
    compared: bool = True
    validation_timestamp: str = ""
    duration_seconds: float = 0.0
    _kinds: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)

    def add(self, issue: ValidationIssue) -> None:
        self.counts[issue.severity] += 1
        kind = issue.component, issue.code
        self._kinds[kind] += 1
        if self._kinds[kind] <= LISTED:
            self.issues.append(issue)
        else:
            self._not_listed(*kind, 1)

    def count(self, component: str, code: str, severity: ValidationSeverity, number: int) -> None:
        """Of which nobody knows more than that they are."""
        if number > 0:
            self.counts[severity] += number
            self._not_listed(component, code, number)

    def arrange(self) -> None:
        self.issues.sort(key=lambda issue: -issue.severity.rank)  # keeps the order of each severity

    def at_least(self, severity: ValidationSeverity) -> int:
        """How many are as severe as that, or more."""
        return sum(self.counts[each] for each in ValidationSeverity if each.rank >= severity.rank)

    @property
    def overlap(self) -> float | None:
        if not self.compared:
            return None
        return 100.0 * self.in_both / self.in_either if self.in_either else 100.0

    @property
    def integrity_score(self) -> float:
        if self.compared and not self.in_either:
            return 100.0
        score = (self.overlap or 0.0) - sum(self.counts[each] * lost for each, lost in PENALTIES.items())
        return min(100.0, max(0.0, score))

    @property
    def by_category(self) -> dict[str, int]:
        """Of those that are listed."""
        return dict(Counter(issue.category for issue in self.issues))

    def dict(self) -> dict[str, Any]:
        """Plain, for JSON."""
        names = ("counts", "more", "checked", "in_json", "in_database", "in_both", "in_either", "compared", "overlap",
                 "by_category", "validation_timestamp", "duration_seconds")  # fmt: skip
        told = {name: getattr(self, name) for name in ("integrity_score", *names)}
        return told | {"issues": [issue.dict() for issue in self.issues]}

    def _not_listed(self, component: str, code: str, number: int) -> None:
        name = f"{component} {code}".strip()
        self.more[name] = self.more.get(name, 0) + number


class FixSummary(dict[str, Any]):
    """attempted, successful, failed, skipped: counts of issues. fixes_by_category: successful ones. would_fix: what a
    call with auto_fix had attempted. errors: of each that failed, a sentence. Its items are its attributes too.
    """

    def __init__(self, *, dry_run: bool) -> None:
        super().__init__(
            attempted=0, successful=0, failed=0, skipped=0, fixes_by_category={}, would_fix=0, errors=[],
            dry_run=dry_run,
        )  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def skip(self, *, would: bool) -> None:
        self["skipped"] += 1
        self["would_fix"] += would

    def tell(self, issue: ValidationIssue, error: str | None) -> None:
        """error: why it could not be mended; None if it was."""
        self["attempted"] += 1
        if error is None:
            self["successful"] += 1
            done = self["fixes_by_category"]
            done[issue.category] = done.get(issue.category, 0) + 1
            return
        self["failed"] += 1
        self["errors"].append(f"{issue.component} {issue.key} ({issue.code}): {error}")
