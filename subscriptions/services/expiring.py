"""Time runs out, and whose did is told so once.

Whoever was made free keeps the past end of their time in `expires_at` until they were told: that is how every store and
the bot's file say "ran out, not told". Who is about to tell takes them first, and says afterwards that it is done. Of
whom nobody says so, because that process died, the next one is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings

from migration_control.stores.changes import Changes
from subscriptions.models import Subscription, Tier
from subscriptions.services.tiers import TAKEN, after_end, has_lapsed, put

log = logging.getLogger(__name__)

AGAIN = timedelta(minutes=5)  # after which who has taken somebody, and said nothing, is taken for dead

Act = Callable[[Subscription], bool]


def expire(*, now: datetime) -> list[int]:
    """Make those free whose time is over. Returns the users of whom this call did so: each is named once, however
    many are at it. What fails after the first of them ends the call, which names those; the next one goes on.
    """
    return _pass(lambda found: has_lapsed(found, now), lambda found: _end(found, now))


def run_out(*, now: datetime) -> list[int]:
    """Users whose time ran out, and who are the caller's to tell; told() says that it is done. Who is not free yet is
    made so. However many ask, each is named to one of them, and five minutes later to the next one unless told() was
    called. Nobody is named whose time ran out more than EXPIRY_TOLD_DAYS ago. Fails as expire() does.
    """

    def take(found: Subscription) -> bool:
        if has_lapsed(found, now):
            _end(found, now)
        if not _waits(found, now):
            return False
        found.extra = found.extra | {TAKEN: now.isoformat()}
        return True

    return _pass(lambda found: has_lapsed(found, now) or _waits(found, now), take)


def told(users: Iterable[int]) -> None:
    """These know it. Who has bought anew meanwhile keeps that."""

    def forget(found: Subscription) -> bool:
        if TAKEN in found.extra:
            found.extra = {name: value for name, value in found.extra.items() if name != TAKEN}
            found.expires_at = None if found.tier == Tier.FREE else found.expires_at
        return True

    for user_id in users:
        _alter(user_id, forget)


def _end(found: Subscription, now: datetime) -> bool:
    """Whether it ran out just now, and nothing lies underneath."""
    if not has_lapsed(found, now):
        return False
    after = after_end(found)
    put(found, after if after.tier != Tier.FREE else after._replace(expires_at=found.expires_at))
    return after.tier == Tier.FREE


def _waits(found: Subscription, now: datetime) -> bool:
    """Whether the user is to be told, and nobody is about to do so."""
    ended = found.expires_at
    if found.tier != Tier.FREE or ended is None or not now - timedelta(settings.EXPIRY_TOLD_DAYS) < ended <= now:
        return False
    return not -AGAIN <= now - _taken_at(found, now) < AGAIN  # one from further ahead was a wrong clock's


def _taken_at(found: Subscription, now: datetime) -> datetime:
    try:
        return datetime.fromisoformat(str(found.extra[TAKEN])).astimezone(now.tzinfo)
    except (KeyError, ValueError, OverflowError):
        return now - AGAIN


def _pass(concerns: Act, act: Act) -> list[int]:
    """Over all subscriptions, a commit for each that it concerns. Returns of whom act() said so."""
    done: list[int] = []
    try:
        for each in Subscription.records.iterate():
            if concerns(each) and _alter(each.user_id, act):
                done.append(each.user_id)
    except Exception as error:
        if not done:
            raise
        log.warning("Of those whose time is over, the rest are looked at in the next call: %s", error)
    return done


def _alter(user_id: int, act: Act) -> bool:
    def run(changes: Changes[Subscription]) -> bool:
        found = changes.get(user_id)
        return found is not None and act(found)

    return Subscription.records.update_many([user_id], run)
