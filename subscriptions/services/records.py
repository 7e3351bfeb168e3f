"""Subscriptions as services find and change them: a user may have none yet, which is as good as a free one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from migration_control import components, given
from migration_control.stores.changes import Changes
from subscriptions.errors import UnknownUser
from subscriptions.models import Subscription, Tier
from subscriptions.services.tiers import has_lapsed

T = TypeVar("T")

Change = Callable[[Changes[Subscription], Subscription], T]


def of(user_id: int, *, now: datetime) -> Subscription:
    """The user's subscription, or a free one that is not stored. One that has lapsed is shown as free, and not written.

    Whether there is such a user is not asked.
    """
    found = Subscription.records.get(given.telegram_id(user_id)) or Subscription(user_id=user_id)
    if has_lapsed(found, now):
        found.tier, found.expires_at = Tier.FREE.value, None
    return found


def is_known(user_id: int) -> bool:
    """Whether there is such a user: asked of the component that subscriptions belong to."""
    parent = components.get(Subscription.component).parent
    assert parent is not None  # it is declared with one
    return components.get(parent).model.records.get(user_id) is not None


def change(user_id: int, act: Change[T], *, others: Sequence[int] = (), once: str | None = None) -> T | None:
    """Change the user's subscription, which is made with it if there is none but there is the user, in one commit with
    the `others` that the act may look at. Returns what act() does; None, if it took place under `once` before.

    act: pure and bounded, as a change of update_many(). Raises UnknownUser, and what act() raises.
    """

    def run(makes: bool) -> T | None:
        def altered(changes: Changes[Subscription]) -> T:
            found = changes.get(user_id)
            if found is None and not makes:
                raise _Missing
            return act(changes, changes.create(Subscription(user_id=user_id)) if found is None else found)

        return Subscription.records.update_many([user_id, *others], altered, once)

    try:
        return run(makes=False)
    except _Missing:
        if not is_known(user_id):
            raise UnknownUser(user_id) from None
        return run(makes=True)


class _Missing(Exception):
    """There is no subscription."""
