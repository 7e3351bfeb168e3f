"""A user saved whole: what changed of it since it was read, in one commit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from accounts.errors import AccountTaken, UnknownUser
from accounts.models import User
from legacy_json.errors import ValueTaken
from legacy_json.keys import LARGEST
from migration_control import given
from migration_control.given import BadInput
from migration_control.records import Record
from migration_control.stores.changes import Changes
from subscriptions.errors import CodeTaken
from subscriptions.models import Subscription
from subscriptions.services import records
from switchyard.effects import CODE, posted
from switchyard.legacy import checking
from switchyard.legacy.remembering import Change
from switchyard.legacy.turns import one_at_a_time
from switchyard.legacy.users import UserData, UserSubscription

COUNTERS = ("total_requests", "daily_requests", "referrals_count")


class Wanted(NamedTuple):
    """fields: set to these values. added: counters raised by so much, so that what others counted counts too."""

    fields: dict[str, Any]
    added: dict[str, int]

    def __bool__(self) -> bool:
        return bool(self.fields or self.added)

    def put(self, record: Record) -> None:
        for name, value in self.fields.items():
            setattr(record, name, value)
        for name, more in self.added.items():
            setattr(record, name, min(getattr(record, name) + more, LARGEST))


def wanted(changes: Mapping[str, Change]) -> Wanted:
    """A counter that was raised is raised by the difference; one that was lowered has been begun anew."""
    raised = {name: change.now - change.was for name, change in changes.items() if _is_raised(name, change)}
    return Wanted({name: change.now for name, change in changes.items() if name not in raised}, raised)


def _is_raised(name: str, change: Change) -> bool:
    return name in COUNTERS and isinstance(change.was, int) and change.now > change.was


@one_at_a_time
def save(user: UserData) -> None:
    """Raises BadInput, UnknownTier, AccountTaken, CodeTaken; UnknownUser, if the user was read and is deleted since."""
    now, subscription = user.whole(), user.subscription
    key, mine = given.telegram_id(now["user_id"]), _of_user(user, now)
    its = _whole(subscription)
    theirs = wanted(checking.checked(checking.SUBSCRIPTION, subscription.changes(its)))
    _check_code(key, theirs.fields.get(CODE))
    try:
        if mine or not user.was_read:
            _save_both(key, None if user.was_read else now, mine, theirs)
        elif theirs:
            records.change(key, lambda _, subscription: theirs.put(subscription))
    except ValueTaken as error:
        if error.name == CODE:
            raise CodeTaken(theirs.fields.get(CODE)) from error
        if error.name != "faceit_player_id":
            raise
        raise AccountTaken(key, now["faceit_nickname"] or "") from error
    user.remember(now)
    subscription.remember(its)


def _of_user(user: UserData, now: Mapping[str, Any]) -> Wanted:
    changes = user.changes(dict(now))
    if user.was_read and "user_id" in changes:
        raise BadInput("A user's id never changes. Build another UserData.", name="user_id")
    changes.pop("user_id", None)
    return wanted(checking.checked(checking.USER, changes))


def _check_code(key: int, code: str | None) -> None:
    """Before anything is written: the subscription's half comes after the other one, and cannot be refused then."""
    holders = Subscription.records.find(CODE, code) if code else []
    if any(holder.user_id != key and not holder.duplicate for holder in holders):
        raise CodeTaken(code)


def _whole(subscription: object) -> dict[str, Any]:
    if not isinstance(subscription, UserSubscription):
        raise BadInput("A user's subscription is a UserSubscription.", name="subscription")
    return subscription.whole()


def _save_both(key: int, new: Mapping[str, Any] | None, mine: Wanted, theirs: Wanted) -> None:
    """new: the whole of one that may have to be made."""
    whole = None if new is None else checking.checked(checking.USER, {n: Change(None, v) for n, v in new.items()})
    before = (theirs and Subscription.records.get(key)) or Subscription(user_id=key)
    id = f"saved:{uuid.uuid4()}"

    def change(changes: Changes[User]) -> None:
        record = changes.get(key)
        if record is None and whole is None:
            raise UnknownUser(key)
        if record is not None:
            mine.put(record)
        elif whole is not None:
            changes.create(User(**{name: change.now for name, change in whole.items()}))
        if theirs:
            changes.posted.append(posted(before, *theirs, id))

    User.records.update_many([key], change)
