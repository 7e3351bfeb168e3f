"""What may be found: how grave it is, in which words, what to do, and whether we do it."""

from __future__ import annotations

from typing import Any, NamedTuple

from legacy_json.keys import Key
from switchyard.validating.report import ValidationIssue, ValidationSeverity

INFO, WARNING, ERROR, CRITICAL = ValidationSeverity

BY_HAND = "Look which is right, and correct it through the bot or the admin."
FROM_THE_AUTHORITY = "fix_validation_issues() copies the authority's record again."
NOT_MIRRORED = "Nothing copies it in this stage. In dual-write fix_validation_issues() does: move there first."


class Rule(NamedTuple):
    """text, advice: with the names of facts in braces. otherwise: the advice of one that is not fixable, though others
    of its rule are.
    """

    severity: ValidationSeverity
    category: str
    text: str
    advice: str = ""
    fixable: bool = False
    otherwise: str = BY_HAND


class Found(NamedTuple):
    """That a record breaks a rule. facts: plain; what the rule's texts name, and what its fixer needs."""

    code: str
    facts: dict[str, Any]
    fixable: bool | None = None  # of this one, where a rule's fixer can do some of them only


MISSING, DIFFERENT, ORPHANED, RANGE, MALFORMED, EXPIRED, FILE, STORE, API = (
    "missing", "different", "orphaned", "out of range", "malformed", "expired", "file", "store", "api",
)  # fmt: skip


def _copied(severity: ValidationSeverity, category: str, text: str) -> Rule:
    return Rule(severity, category, text, FROM_THE_AUTHORITY, fixable=True, otherwise=NOT_MIRRORED)


RULES = {
    # Users
    "bad-user-id": Rule(CRITICAL, MALFORMED, "user_id is {user_id}, which is nobody's", "Remove the record."),
    "no-users": Rule(CRITICAL, MISSING, "Neither store has a user", "Look at LEGACY_DIR and DATABASE_URL; import."),
    "nickname-too-long": Rule(ERROR, RANGE, "faceit_nickname has {length} characters; {most} is the most", BY_HAND),
    "nickname-malformed": Rule(INFO, MALFORMED, "faceit_nickname {nickname} has characters that FACEIT's have not"),
    "language-too-long": Rule(
        ERROR, RANGE, "language has {length} characters; {most} is the most",
        "fix_validation_issues() writes the language that the person is spoken to in.", fixable=True,
    ),
    "language-malformed": Rule(INFO, MALFORMED, "language {language} is no code of one"),
    "id-without-nickname": Rule(WARNING, MISSING, "faceit_player_id without faceit_nickname", "Link it once more."),
    "nickname-without-id": Rule(WARNING, MISSING, "faceit_nickname without faceit_player_id", "Link it once more."),
    "created-after-active": Rule(WARNING, RANGE, "created_at lies after last_active_at", BY_HAND),
    "user-without-subscription": Rule(INFO, MISSING, "No subscription, which is as good as a free one"),
    # Subscriptions
    "unknown-tier": Rule(
        CRITICAL, MALFORMED, "Nobody knows the tier {found}; it counts as free",
        "Set what was paid for: upgrade_subscription(), or the admin.", fixable=True,
    ),
    "expired": Rule(
        WARNING, EXPIRED, "{tier} ended at {expires_at}, and is not written down as free",
        "check_expired_subscriptions(), which beat does too.", fixable=True,
    ),
    "orphaned-subscription": Rule(
        ERROR, ORPHANED, "A subscription ({tier}) of a user that there is not",
        "Nothing removes it by itself, for it may be paid for: create the user, or delete the subscription.",
    ),
    "referred-by-oneself": Rule(WARNING, MALFORMED, "referred_by is the user's own id", BY_HAND),
    "unknown-referrer": Rule(INFO, ORPHANED, "referred_by names {referred_by}, whom nobody knows"),
    # Any of them
    "negative-count": Rule(
        ERROR, RANGE, "{field} is {value}", "fix_validation_issues() sets a counter to 0.", fixable=True
    ),
    "ahead": Rule(WARNING, RANGE, "{field} lies ahead: {value}", "Look at the clock of the machine that wrote it."),
    "duplicate-value": Rule(
        ERROR, MALFORMED, "An earlier record has its {fields} too", "Give one of the two another value, in the admin."
    ),
    # The companion bot
    "bad-chat-id": Rule(CRITICAL, MALFORMED, "chat_id is 0, which is nobody's", "Remove the record."),
    "name-too-long": Rule(WARNING, RANGE, "name has {length} characters; {most} is the most", BY_HAND),
    "summary-malformed": Rule(WARNING, MALFORMED, "summary {name} is no text", BY_HAND),
    "conversation-without-profile": Rule(
        WARNING, ORPHANED, "Messages of a chat without a profile", "ensure_girl() makes one at the next message."
    ),
    "empty-text": Rule(INFO, MISSING, "A message without a text"),
    "missing-date": Rule(INFO, MISSING, "{field} is missing"),
    "unknown-direction": Rule(
        WARNING, MALFORMED, "The direction {found} is neither in nor out", BY_HAND, fixable=True
    ),
    "setting-without-name": Rule(WARNING, MALFORMED, "The setting's scope or name is empty", "Remove or rename it."),
    # Matches, analytics
    "unknown-status": Rule(WARNING, MALFORMED, "Nobody knows the status {found}", BY_HAND, fixable=True),
    "unknown-winner": Rule(WARNING, MALFORMED, "The winner is {winner}, neither faction1 nor faction2", BY_HAND),
    "finished-before-start": Rule(WARNING, RANGE, "It ended at {finished_at}, before it began", BY_HAND),
    "event-without-type": Rule(WARNING, MISSING, "An event without event_type", BY_HAND),
    # Between the stores
    "player-differs": _copied(ERROR, DIFFERENT, "faceit_player_id differs between the stores"),
    "nickname-differs": _copied(WARNING, DIFFERENT, "faceit_nickname differs between the stores"),
    "language-differs": _copied(INFO, DIFFERENT, "language differs between the stores"),
    "subscription-differs": _copied(ERROR, DIFFERENT, "What was paid for differs between the stores: {fields}"),
    "differs": _copied(WARNING, DIFFERENT, "The stores differ in {fields}"),
    "not-copied": _copied(ERROR, MISSING, "It is not in {store}, and nothing waits to copy it"),
    "extra": Rule(
        WARNING, ORPHANED, "Only {store} has it, which is not the authority",
        "Nothing removes it by itself: compare it with a backup, then delete it there.",
    ),
    "waiting": Rule(INFO, STORE, "Keys that wait to be copied to {store}: {count}", "{advice}"),
    "parked": Rule(ERROR, STORE, "{store} refuses it: {reason}", "Repair it and try again: the admin, Parked keys."),
    "mostly-in-json": Rule(WARNING, MISSING, "{percent:.0f} % of the users are only in JSON", "migration_import"),
    "partly-in-database": Rule(INFO, MISSING, "{percent:.0f} % of the users are only in the database"),
    "one-store": Rule(INFO, STORE, "There is one store only, and nothing to compare it with: {reason}"),
    # What could not be looked at
    "database-unreachable": Rule(
        ERROR, STORE, "The database cannot be reached: {reason}", "Start it, or correct DATABASE_URL or DB_*."
    ),
    "not-compared": Rule(ERROR, STORE, "The stores of {component} could not be compared: {reason}", "Mend that first."),
    "not-checked": Rule(ERROR, STORE, "The records of {component} could not be read: {reason}", "Mend that first."),
    # Files
    "file-unreadable": Rule(CRITICAL, FILE, "{reason}", "Mend the file at that place, or restore a copy."),
    "key-missing": Rule(CRITICAL, FILE, "{place}: {detail}", "Mend it in the file, then import."),
    "quarantined": Rule(
        ERROR, FILE, "{place}: {detail}", "Mend it in the file, then import; the admin has its bytes."
    ),
    "repaired": Rule(INFO, FILE, "{place}: {detail}"),
    "reported": Rule(INFO, FILE, "{place}: {detail}"),
    # FACEIT
    "player-unknown": Rule(ERROR, API, "FACEIT knows no player {player_id}", "Ask the user to link the account again."),
    "nickname-outdated": Rule(
        WARNING, API, "The player is called {nickname} on FACEIT by now",
        "fix_validation_issues() writes that.", fixable=True,
    ),
    "api-silent": Rule(INFO, API, "FACEIT was not asked of all players: {reason}", "Try again later."),
}  # fmt: skip

FROM_AUTHORITY = {code for code, rule in RULES.items() if rule.advice == FROM_THE_AUTHORITY}
PERSONS = {"users", "subscriptions", "profiles"}  # whose keys are persons'


def issue(component: str, key: Key | None, found: Found, *, user_id: int | None = None) -> ValidationIssue:
    rule = RULES[found.code]
    fixable = rule.fixable if found.fixable is None else found.fixable
    advice = rule.otherwise if rule.fixable and not fixable else rule.advice
    if user_id is None and component in PERSONS and isinstance(key, int):
        user_id = key
    return ValidationIssue(
        severity=rule.severity,
        category=rule.category,
        description=rule.text.format_map(found.facts) + ".",
        user_id=user_id,
        details=found.facts,
        fix_suggested=advice.format_map(found.facts),
        code=found.code,
        component=component,
        key=key,
        fixable=fixable,
    )
