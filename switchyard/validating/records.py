"""What can be said of a record by itself. Pure: the same record at the same moment breaks the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from accounts.services.linking import LONGEST
from accounts.services.users import LONGEST_LANGUAGE
from analytics.models import Event
from conversations.models import Direction, Message, Profile, Setting
from legacy_json.keys import shown
from matches.models import Match, Status
from subscriptions.models import Subscription, Tier
from subscriptions.services.tiers import has_lapsed
from switchyard.validating.rules import Found

AHEAD = timedelta(days=1)  # that a clock or a zone may be off
LONGEST_NAME = 64  # characters of a profile's name

Rules = Iterator[Found]


def of_user(user: User, now: datetime) -> Rules:
    if user.user_id <= 0:
        yield Found("bad-user-id", {"user_id": user.user_id})
    nickname, language = user.faceit_nickname or "", user.language
    if len(nickname) > LONGEST:
        yield Found("nickname-too-long", {"length": len(nickname), "most": LONGEST})
    elif not all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in nickname):
        yield Found("nickname-malformed", {"nickname": shown(nickname)})
    if len(language) > LONGEST_LANGUAGE:
        yield Found("language-too-long", {"length": len(language), "most": LONGEST_LANGUAGE})
    elif not (language.isascii() and language.replace("-", "").replace("_", "").isalnum()):
        yield Found("language-malformed", {"language": shown(language)})
    if bool(user.faceit_player_id) != bool(nickname):
        yield Found("nickname-without-id" if nickname else "id-without-nickname", {})
    if user.created_at and user.last_active_at and user.created_at > user.last_active_at:
        yield Found("created-after-active", _dates(user, "created_at", "last_active_at"))
    yield from _duplicate(user, "faceit_player_id")
    yield from _negative(user, "total_requests")
    yield from _ahead(user, now, "created_at", "last_active_at")


def of_subscription(subscription: Subscription, now: datetime) -> Rules:
    yield from _of_choices(subscription, "tier", "unknown-tier", set(Tier))
    if subscription.tier in set(Tier) and has_lapsed(subscription, now):
        yield Found("expired", {"tier": subscription.tier} | _dates(subscription, "expires_at"))
    if subscription.referred_by == subscription.user_id:
        yield Found("referred-by-oneself", {})
    yield from _duplicate(subscription, "referral_code")
    yield from _negative(subscription, "daily_requests", "referrals_count")
    yield from _ahead(subscription, now, "last_reset_date")


def of_profile(profile: Profile, now: datetime) -> Rules:
    if profile.chat_id == 0:
        yield Found("bad-chat-id", {})
    if len(profile.name) > LONGEST_NAME:
        yield Found("name-too-long", {"length": len(profile.name), "most": LONGEST_NAME})
    for name, text in profile.summary.items():
        if not isinstance(text, str):
            yield Found("summary-malformed", {"name": shown(name)})
    yield from _negative(profile, "message_count")
    yield from _ahead(profile, now, "last_activity")


def of_message(message: Message, now: datetime) -> Rules:
    if not message.text:
        yield Found("empty-text", {})
    if message.ts is None:
        yield Found("missing-date", {"field": "ts"})
    yield from _of_choices(message, "direction", "unknown-direction", set(Direction))
    yield from _ahead(message, now, "ts")


def of_setting(setting: Setting, now: datetime) -> Rules:
    del now
    if not setting.name or setting.scope == "":
        yield Found("setting-without-name", {})


def of_match(match: Match, now: datetime) -> Rules:
    if match.status is not None:
        yield from _of_choices(match, "status", "unknown-status", set(Status))
    if match.winner not in (None, "faction1", "faction2"):
        yield Found("unknown-winner", {"winner": shown(match.winner)})
    if match.started_at and match.finished_at and match.finished_at < match.started_at:
        yield Found("finished-before-start", _dates(match, "started_at", "finished_at"))
    yield from _negative(match, "best_of", "faction1_score", "faction2_score", counters=False)
    yield from _ahead(match, now, "finished_at")


def of_event(event: Event, now: datetime) -> Rules:
    if event.file.isdecimal():  # a month's: the other entries of metrics have neither
        if not event.event_type:
            yield Found("event-without-type", {})
        if event.timestamp is None:
            yield Found("missing-date", {"field": "timestamp"})
    yield from _ahead(event, now, "timestamp")


CHECKS: dict[str, Callable[[Any, datetime], Rules]] = {
    "users": of_user,
    "subscriptions": of_subscription,
    "profiles": of_profile,
    "conversations": of_message,
    "configuration": of_setting,
    "matches": of_match,
    "analytics": of_event,
}


def check(component: str, record: Any, now: datetime) -> list[Found]:
    rules = CHECKS.get(component)
    return list(rules(record, now)) if rules else []


def respelled(found: str, known: set[Any]) -> str | None:
    """What is known and differs in letter case, or in spaces around it, only."""
    meant = found.strip().lower()
    return meant if meant in known and meant != found else None


def _of_choices(record: Any, field: str, code: str, known: set[Any]) -> Rules:
    found = getattr(record, field)
    if found not in known:
        meant = respelled(found, known)
        facts = {"field": field, "found": shown(found), "meant": meant}
        yield Found(code, facts, fixable=meant is not None)


def _negative(record: Any, *fields: str, counters: bool = True) -> Rules:
    for field in fields:
        value = getattr(record, field)
        if value is not None and value < 0:
            yield Found("negative-count", {"field": field, "value": value}, fixable=counters)


def _ahead(record: Any, now: datetime, *fields: str) -> Rules:
    for field in fields:
        moment = getattr(record, field)
        if moment is not None and moment > now + AHEAD:
            yield Found("ahead", {"field": field, "value": _written(moment)})


def _duplicate(record: Any, fields: str) -> Rules:
    if record.duplicate:
        yield Found("duplicate-value", {"fields": fields})


def _dates(record: Any, *fields: str) -> dict[str, str]:
    return {field: _written(getattr(record, field)) for field in fields}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
