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
from switchyard import effects
from switchyard.effects import CODE
from switchyard.legacy import checking, clock
from switchyard.legacy.remembering import Change
from switchyard.legacy.turns import one_at_a_time
from switchyard.legacy.users import UserData, UserSubscription, as_stored, subscription_of

TIME = ("tier", "expires_at")
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


class Theirs(NamedTuple):
    """Of a subscription. its: the whole, as the handler has it. read: as it was read, if it was."""

    wanted: Wanted
    its: Mapping[str, Any]
    read: Mapping[str, Any] | None

    def over(self, found: Subscription) -> Wanted:
        """What of it is put over the subscription as it is now. What others have written since it was read, as a
        payment, stays. Tier and end go together where it was not read as it is stored: see users.subscription_of().
        """
        if self.read is None:
            return self.wanted
        stored, shown = as_stored(found).whole(), subscription_of(found).whole()
        late = {name for name in self.wanted.fields if self._differs(name, stored) and self._differs(name, shown)}
        effects.warn_of(found.user_id, late)
        fields = {name: value for name, value in self.wanted.fields.items() if name not in late}
        if fields.keys() & {*TIME} and any(self._differs(name, stored) for name in TIME):
            whole = {name: Change(None, self.its[name]) for name in TIME}
            fields |= {name: change.now for name, change in checking.checked(checking.SUBSCRIPTION, whole).items()}
        return self.wanted._replace(fields=fields)

    def _differs(self, name: str, now: Mapping[str, Any]) -> bool:
        assert self.read is not None
        return any(_local(each, self.read[each]) != now[each] for each in effects.beside(name))


def _local(name: str, value: Any) -> Any:
    """As it is read: a handler may have put in an aware date, or a text."""
    return clock.local(clock.aware(name, value)) if name in effects.DATES else value


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
    changes = subscription.changes(its)
    read = its | {name: change.was for name, change in changes.items()} if subscription.was_read else None
    theirs = Theirs(wanted(checking.checked(checking.SUBSCRIPTION, changes)), its, read)
    _check_code(key, theirs.wanted.fields.get(CODE))
    try:
        if mine or not user.was_read:
            _save_both(key, None if user.was_read else now, mine, theirs)
        elif theirs.wanted:
            records.change(key, lambda _, found: effects.put(found, *theirs.over(found)))
    except ValueTaken as error:
        if error.name == CODE:
            raise CodeTaken(theirs.wanted.fields.get(CODE)) from error
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


def _save_both(key: int, new: Mapping[str, Any] | None, mine: Wanted, theirs: Theirs) -> None:
    """new: the whole of one that may have to be made."""
    whole = None if new is None else checking.checked(checking.USER, {n: Change(None, v) for n, v in new.items()})
    before = (theirs.wanted and Subscription.records.get(key)) or Subscription(user_id=key)
    wanted = theirs.over(before)
    id = f"saved:{uuid.uuid4()}"

    def change(changes: Changes[User]) -> None:
        record = changes.get(key)
        if record is None and whole is None:
            raise UnknownUser(key)
        if record is not None:
            mine.put(record)
        elif whole is not None:
            changes.create(User(**{name: change.now for name, change in whole.items()}))
        if wanted:
            changes.posted.append(effects.posted(before, *wanted, id))

    User.records.update_many([key], change)
