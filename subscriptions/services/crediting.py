"""What a charge gives is given, and taken back: acts of the inbox, each once however often it is called.

A charge goes through two stores, of which either may be the other one by now: its row is in the database, what it gives
in the subscription. Each step is posted in the commit of the one before it:

    row, pending ---> subscription, under 'charge:ID' ---> row, completed; what was before and after it
    row, refunded --> subscription, under 'refund:ID'
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict

from legacy_json.inbox import Entry
from migration_control import inbox
from migration_control.inbox import acts
from migration_control.inbox.reaching import reach
from migration_control.stores.changes import Changes
from subscriptions.errors import NoSuchPayer, NotYet, UnknownUser
from subscriptions.models import Payment, Subscription
from subscriptions.services import charges, records
from subscriptions.services.charges import Status, Told
from subscriptions.services.tiers import Time, left_of, shortened
from subscriptions.services.upgrading import STARS, give

GIVE, NOTE, TAKE = "subscriptions.give", "subscriptions.note", "subscriptions.take"


class State(TypedDict):
    """Of a subscription, as far as a charge changes it. expires_at: ISO, aware."""

    tier: str
    expires_at: str | None
    payment_method: str | None


class Undo(TypedDict):
    before: State
    after: State


class Noted(TypedDict):
    charge: Told
    status: str
    reason: str
    undo: Undo | None


class Taken(TypedDict):
    charge: Told
    now: str


def to_give(charge: Told) -> Entry:
    return _entry(GIVE, charge, charge, f"charge:{charge['charge_id']}")


def to_note(charge: Told, status: str, reason: str = "", undo: Undo | None = None) -> Entry:
    noted = Noted(charge=charge, status=str(status), reason=reason, undo=undo)
    return _entry(NOTE, charge, noted, f"{status}:{charge['charge_id']}")


def to_take(charge: Told, now: datetime) -> Entry:
    return _entry(TAKE, charge, Taken(charge=charge, now=now.isoformat()), f"refund:{charge['charge_id']}")


def credit(charge: Told) -> None:
    """Give what was paid for, from the moment of the payment on, and post what is to be noted. Raises UnknownUser."""

    def act(changes: Changes[Subscription], subscription: Subscription) -> None:
        before = _state(subscription)
        give(subscription, charge["tier"], charge["days"], STARS, datetime.fromisoformat(charge["at"]))
        undo = Undo(before=before, after=_state(subscription))
        changes.posted.append(to_note(charge, Status.COMPLETED, undo=undo))

    records.change(charge["user_id"], act, once=f"charge:{charge['charge_id']}")


def take_back(charge: Told, undo: Undo, now: datetime, posted: Entry | None = None) -> None:
    """What the charge gave. If nothing has happened to the subscription since, it is again what it was before; else it
    loses what is not used up of the time that was given, and nothing that others gave. posted: with it.
    """
    key = charge["user_id"]

    def act(changes: Changes[Subscription]) -> None:
        subscription = changes.get(key)
        if subscription is not None:
            _take(subscription, charge, undo, now)
        if posted:
            changes.posted.append(posted)

    Subscription.records.update_many([key], act, f"refund:{charge['charge_id']}")


@inbox.act(GIVE)
def _give(charge: Told) -> None:
    """A payment that was kept while the database was away has no row yet."""
    payment, _ = reach(Subscription.component, lambda: charges.row(charge, Status.PENDING))
    if payment.status != Status.PENDING:
        return  # given already, or refunded, which gives it before it takes it back
    try:
        credit(charge)
    except UnknownUser:
        charges.note(charge, Status.FAILED, NoSuchPayer.code)


@inbox.act(NOTE)
def _note(noted: Noted) -> None:
    charges.note(noted["charge"], noted["status"], noted["reason"], noted["undo"])


@inbox.act(TAKE)
def _take_back(taken: Taken) -> None:
    """It may not be given yet, and whoever is about to give it must find it done: so it is given first."""
    charge = taken["charge"]
    try:
        credit(charge)
    except UnknownUser:
        return
    undo: Any = reach(
        Subscription.component, lambda: Payment.objects.values_list("undo", flat=True).get(pk=charge["charge_id"])
    )
    if undo is None:
        raise NotYet(charge["charge_id"])
    take_back(charge, undo, datetime.fromisoformat(taken["now"]))


def _take(subscription: Subscription, charge: Told, undo: Undo, now: datetime) -> None:
    if _state(subscription) == undo["after"]:
        _put(subscription, undo["before"])
        return
    after = _time(undo["after"])
    left = left_of(after, charge["tier"], timedelta(days=charge["days"]), now)
    has = Time(subscription.tier, subscription.expires_at)
    subscription.tier, subscription.expires_at = shortened(has, after.tier, left)


def _state(subscription: Subscription) -> State:
    ends = subscription.expires_at
    return State(
        tier=str(subscription.tier), expires_at=ends.isoformat() if ends else None,
        payment_method=subscription.payment_method,
    )  # fmt: skip


def _put(subscription: Subscription, state: State) -> None:
    subscription.tier, subscription.expires_at = _time(state)
    subscription.payment_method = state["payment_method"]


def _time(state: State) -> Time:
    ends = state["expires_at"]
    return Time(state["tier"], datetime.fromisoformat(ends) if ends else None)


def _entry(name: str, charge: Told, payload: object, id: str) -> Entry:
    return acts.entry(name, Subscription.component, charge["user_id"], payload, id)
