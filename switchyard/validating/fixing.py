"""Mending what can be mended safely: by ordinary writes, of the authority, through the router; and looking again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from accounts import services as accounts
from accounts.services.users import LONGEST_LANGUAGE
from conversations.models import Direction
from legacy_json.errors import NotThere
from legacy_json.keys import Key
from matches.models import Status
from migration_control import comparing, components
from subscriptions import services as subscriptions
from subscriptions.models import Tier
from switchyard.facade.answers import TROUBLE
from switchyard.texts import chosen
from switchyard.validating.looking import PAUSE
from switchyard.validating.records import check, respelled
from switchyard.validating.report import FixSummary, ValidationIssue, ValidationReport, ValidationSeverity
from switchyard.validating.rules import FROM_AUTHORITY

LOOKS = 3  # at a copy that may be under way

Refused = dict[int, str]  # why, by the issue's place among those that are attempted


def fix(report: ValidationReport, *, auto_fix: bool, threshold: ValidationSeverity, now: datetime) -> FixSummary:
    """Of the issues that the report lists. Each record is looked at anew before and after: what is right by now is not
    written, and what is still wrong afterwards has failed. auto_fix=False only counts.
    """
    summary = FixSummary(dry_run=not auto_fix)
    attempted = []
    for issue in report.issues:
        would = issue.fixable and issue.severity.rank >= threshold.rank
        if would and auto_fix:
            attempted.append(issue)
        else:
            summary.skip(would=would)
    refused = _copied(attempted) | _expired(attempted, now) | _written(attempted)
    for at, issue in enumerate(attempted):
        summary.tell(issue, refused.get(at) or _left(issue, now))
    return summary


def _copied(attempted: list[ValidationIssue]) -> Refused:
    """Anew from the authority, all of a component together."""
    refused: Refused = {}
    ours = {at: issue for at, issue in enumerate(attempted) if issue.code in FROM_AUTHORITY}
    for name in {issue.component for issue in ours.values()}:
        keys = {at: issue.key for at, issue in ours.items() if issue.component == name and issue.key is not None}
        try:
            why = comparing.repair(components.get(name), list(dict.fromkeys(keys.values())))
        except TROUBLE as error:
            refused |= dict.fromkeys(keys, str(error))
            continue
        refused |= {at: why[key] for at, key in keys.items() if key in why}
    return refused


def _expired(attempted: list[ValidationIssue], now: datetime) -> Refused:
    """Everybody's whose time is over, as beat does it."""
    ours = [at for at, issue in enumerate(attempted) if issue.code == "expired"]
    try:
        if ours:
            subscriptions.expire(now=now)
    except TROUBLE as error:
        return dict.fromkeys(ours, str(error))
    return {}


def _written(attempted: list[ValidationIssue]) -> Refused:
    refused: Refused = {}
    for at, issue in enumerate(attempted):
        if issue.code in _CHANGES and issue.key is not None:
            try:
                _write(issue, issue.key)
            except NotThere:
                continue  # deleted meanwhile
            except TROUBLE as error:
                refused[at] = str(error)
    return refused


def _write(issue: ValidationIssue, key: Key) -> None:
    change, details = _CHANGES[issue.code], issue.details
    components.get(issue.component).model.records.update(key, lambda record: change(record, details))


def _left(issue: ValidationIssue, now: datetime) -> str | None:
    """Why it is not mended; None if it is, or the record is gone."""
    try:
        left = _is_left(issue, now)
        for _ in range(LOOKS - 1 if issue.code in FROM_AUTHORITY else 0):
            if left:
                time.sleep(PAUSE)
                left = _is_left(issue, now)
    except TROUBLE as error:
        return str(error)
    return "it is still so" if left else None


def _is_left(issue: ValidationIssue, now: datetime) -> bool:
    component, key = components.get(issue.component), issue.key
    if key is None:
        return True
    if issue.code in FROM_AUTHORITY:
        return bool(comparing.fields_of(component, key))
    record: Any = component.model.records.get(key)
    if record is None:
        return False
    if issue.code == "nickname-outdated":
        same = record.faceit_player_id == issue.details["player_id"]
        return bool(same and record.faceit_nickname != issue.details["nickname"])
    same_field = issue.details.get("field")
    return any(
        found.code == issue.code and found.facts.get("field") == same_field
        for found in check(component.name, record, now)
    )


# Changes of a record: pure, and of nothing that is right by now


def _to_nought(record: Any, details: dict[str, Any]) -> None:
    field = details["field"]
    if (getattr(record, field) or 0) < 0:
        setattr(record, field, 0)


def _spelled(field: str, known: set[Any]) -> Callable[[Any, dict[str, Any]], None]:
    def change(record: Any, details: dict[str, Any]) -> None:
        meant = respelled(getattr(record, field) or "", known)
        if meant is not None:
            setattr(record, field, meant)

    return change


def _language(record: Any, details: dict[str, Any]) -> None:
    if len(record.language) > LONGEST_LANGUAGE:
        record.language = chosen(record.language)


def _nickname(record: Any, details: dict[str, Any]) -> None:
    """As FACEIT said, if it is still the same player."""
    if record.faceit_player_id == details["player_id"]:
        record.faceit_nickname = accounts.check_nickname(details["nickname"])


_CHANGES: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "negative-count": _to_nought,
    "language-too-long": _language,
    "unknown-tier": _spelled("tier", set(Tier)),
    "unknown-direction": _spelled("direction", set(Direction)),
    "unknown-status": _spelled("status", set(Status)),
    "nickname-outdated": _nickname,
}
