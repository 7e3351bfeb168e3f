"""Users looked for, and counted. In pages, so that any number of them needs the same memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts.models import User
from migration_control import given

MOST = 100  # users that a search returns
WINDOWS = {"active_day": timedelta(days=1), "active_week": timedelta(days=7), "active_month": timedelta(days=30)}
LANGUAGES = 20  # counted by themselves; files may have anything in that place


def linked() -> Iterator[User]:
    """The users with a FACEIT account, by id."""
    return (user for user in User.records.iterate() if user.faceit_player_id)


def search(text: str, *, limit: int = 20) -> list[User]:
    """At most so many, 1 to 100: first who has just this Telegram id, FACEIT id or nickname, by way of an index;
    then, by id, those whose nickname begins so, in whatever case, for which every user is looked at until it is enough.
    """
    wanted = given.text("what is searched for", text, most=200).strip()
    most = given.whole("a limit", limit, low=1, high=MOST)
    found = {user.user_id: user for user in _exact(wanted)} if wanted else {}
    if wanted and len(found) < most:
        for user in _beginning(wanted.casefold()):
            found.setdefault(user.user_id, user)
            if len(found) >= most:
                break
    return list(found.values())[:most]


def statistics(*, now: datetime) -> dict[str, int]:
    """total, linked, notifications; active_day, active_week and active_month: in the last 1, 7 and 30 days;
    language_<code> of the most spoken, and language_other.
    """
    counts: Counter[str] = Counter(dict.fromkeys(("total", "linked", "notifications", *WINDOWS), 0))
    languages: Counter[str] = Counter()
    for user in User.records.iterate():
        counts["total"] += 1
        counts["linked"] += bool(user.faceit_player_id)
        counts["notifications"] += user.notifications_enabled
        if user.last_active_at is not None:
            counts.update(name for name, window in WINDOWS.items() if user.last_active_at > now - window)
        languages[user.language if len(user.language) <= 10 else ""] += 1
    return dict(counts) | _by_language(languages)


def _by_language(languages: Counter[str]) -> dict[str, int]:
    other = languages.pop("", 0)
    ranked = sorted(languages.items(), key=lambda each: (-each[1], each[0]))
    other += sum(count for _, count in ranked[LANGUAGES:])
    named = {f"language_{code}": count for code, count in ranked[:LANGUAGES]}
    return named | ({"language_other": other} if other else {})


def _exact(text: str) -> Iterator[User]:
    if text.isascii() and text.isdecimal() and len(text) <= 19 and 0 < int(text) < 2**63:
        user = User.records.get_many([int(text)])
        yield from user.values()
    for name in ("faceit_player_id", "faceit_nickname"):
        yield from User.records.find(name, text)


def _beginning(folded: str) -> Iterator[User]:
    return (user for user in User.records.iterate() if (user.faceit_nickname or "").casefold().startswith(folded))
