"""Subscriptions as services find and change them: a user may have none yet, which is as good as a free one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import Error

from legacy_json.errors import KeyReserved, LegacyError, NotThere, Stale
from migration_control import components, given, store
from migration_control.components import Component
from migration_control.inbox.reaching import reach
from migration_control.routing.errors import DatabaseAway, RouterError
from migration_control.stages import Store, answers
from migration_control.stores.changes import Changes
from subscriptions.errors import UnknownUser
from subscriptions.models import Subscription, Tier
from subscriptions.services.tiers import after_end, has_lapsed, put

log = logging.getLogger(__name__)

T = TypeVar("T")

SECONDS, SEEN = 86_400.0, 100_000  # for which, and of how many, it is remembered that there is such a user

_seen: dict[tuple[Path, int], float] = {}  # of each installation's users, until when

Change = Callable[[Changes[Subscription], Subscription], T]


def of(user_id: int, *, now: datetime) -> Subscription:
    """The user's subscription, or a free one that is not stored. One that has lapsed is shown as what lies underneath,
    free as a rule, and not written.

    Whether there is such a user is not asked.
    """
    return shown(Subscription.records.get(given.telegram_id(user_id)) or Subscription(user_id=user_id), now=now)


def shown(found: Subscription, *, now: datetime) -> Subscription:
    """The same object, as of() shows it."""
    if has_lapsed(found, now):
        put(found, after_end(found))
    if found.tier == Tier.FREE:
        found.expires_at = None  # since when the user was not told
    return found


def is_known(user_id: int) -> bool:
    """Whether there is such a user: asked of the component that subscriptions belong to."""
    if _parent().model.records.get(user_id) is None:
        return False
    if len(_seen) >= SEEN:
        _seen.clear()
    _seen[settings.LEGACY_INDEX, user_id] = time.monotonic() + SECONDS
    return True


def began_after(user_id: int, moment: datetime) -> bool:
    """Whether who is such a user now became one after that: somebody of that id was deleted, and came again."""
    with suppress(KeyReserved):
        began = getattr(_parent().model.records.get(user_id), "created_at", None)
        return began is not None and began > moment
    return False


def check_unknown(user_id: int) -> None:
    """Before somebody is refused for good as nobody: where the database says who is a user, and is away, a copy said
    so, which lacks whoever came last. Raises DatabaseAway.
    """
    parent = _parent()
    if not store.has_files() or answers(store.fence(parent).state) is Store.JSON:
        return
    if reach(parent.name, lambda: parent.model.records.get(user_id)) is not None:
        raise DatabaseAway(parent.name)  # when it was read


def has_user(subscription: Subscription) -> bool:
    """The same of whoever has one, asked once a day: a subscription goes with its user, so one that is still there
    belongs to somebody who is.
    """
    try:
        return _was_seen(subscription.user_id) or is_known(subscription.user_id)
    except KeyReserved:
        return True  # there is a user, in quarantine


def change(user_id: int, act: Change[T], *, others: Sequence[int] = (), once: str | None = None) -> T | None:
    """Change the user's subscription, which is made with it if there is none but there is the user, in one commit with
    the `others` that the act may look at. Returns what act() does; None, if it took place under `once` before.

    act: pure and bounded, as a change of update_many(). Raises UnknownUser, KeyReserved, and what act() raises.
    """
    made = False

    def run(known: bool, makes: bool) -> T | None:
        def altered(changes: Changes[Subscription]) -> T:
            nonlocal made
            if not known:
                raise UnknownUser(user_id)
            found = changes.get(user_id)
            made = found is None
            if found is None and not makes:
                raise _Missing
            return act(changes, changes.create(Subscription(user_id=user_id)) if found is None else found)

        return Subscription.records.update_many([user_id, *others], altered, once)

    known, makes = True, False
    if not _was_seen(user_id):
        with suppress(KeyReserved):  # whoever has a subscription keeps it
            known, makes = is_known(user_id), True
    try:
        done = run(known, makes)
    except _Missing:
        done = run(is_known(user_id), makes=True)
    if made:
        try:
            forget(user_id)
        except (RouterError, LegacyError, Error) as error:  # what the caller asked for is done
            log.warning("Whether user %d was deleted meanwhile is not known: %s", user_id, error)
    return done


def forget(user_id: int) -> None:
    """A subscription whose user is gone, as one that was made while the user was being deleted."""
    while True:
        found = Subscription.records.get(user_id)
        if found is None or is_known(user_id):
            return
        _seen.pop((settings.LEGACY_INDEX, user_id), None)  # else it would be made anew by whoever is counted next
        with suppress(Stale):  # somebody has changed it meanwhile
            with suppress(NotThere):
                Subscription.records.delete(user_id, found.version)
            return


def _parent() -> Component:
    parent = components.get(Subscription.component).parent
    assert parent is not None  # it is declared with one
    return components.get(parent)


def _was_seen(user_id: int) -> bool:
    return time.monotonic() < _seen.get((settings.LEGACY_INDEX, user_id), 0.0)


class _Missing(Exception):
    """There is no subscription."""
