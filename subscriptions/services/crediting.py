"""What a charge gives is given, and taken back: acts of the inbox, each once however often it is called.

A charge goes through two stores, of which either may be the other one by now: its row is in the database, what it gives
in the subscription. Each step is posted in the commit of the one before it:

    row, pending ---> subscription, under 'charge:ID' ---> row, completed; what was before and after it
    row, refunded --> subscription, under 'refund:ID'
    row, failed ----> 'refused:ID', so that nobody gives it who cannot read the row
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, NotRequired, TypedDict

from legacy_json.inbox import Entry
from migration_control import inbox
from migration_control.inbox import acts
from migration_control.inbox.reaching import reach
from migration_control.routing.errors import DatabaseAway, DatabaseUnused
from migration_control.stores.changes import Changes
from subscriptions.errors import AnotherPayment, NoSuchPayer, NotYet, PaymentRefused, UnknownUser
from subscriptions.models import Payment, Subscription
from subscriptions.services import charges, judged, records, tiers
from subscriptions.services.charges import Status, Told
from subscriptions.services.judged import GIVEN, NOBODY, REFUSED, TAKEN_BACK, once
from subscriptions.services.tiers import Time, after_end, has_lapsed, left_of, put, shortened, time_of
from subscriptions.services.upgrading import STARS, give

log = logging.getLogger(__name__)

GIVE, NOTE, TAKE, REFUSE = "subscriptions.give", "subscriptions.note", "subscriptions.take", "subscriptions.refuse"
FORGET = "subscriptions.forget"


class State(TypedDict):
    """Of a subscription, as far as a charge changes it. expires_at: ISO, aware."""

    tier: str
    expires_at: str | None
    payment_method: str | None
    underneath: NotRequired[str | None]


class Undo(TypedDict):
    """prices: of a month by tier, when it was given."""

    before: State
    after: State
    prices: NotRequired[dict[str, int]]


class Noted(TypedDict):
    charge: Told
    status: str
    reason: str
    undo: Undo | None


class Taken(TypedDict):
    charge: Told
    now: str


class Refused(TypedDict):
    charge: Told
    reason: str


def to_give(charge: Told) -> Entry:
    return _entry(GIVE, charge, charge, once(GIVEN, charge["charge_id"]))


def to_note(charge: Told, status: str, reason: str = "", undo: Undo | None = None) -> Entry:
    noted = Noted(charge=charge, status=str(status), reason=reason, undo=undo)
    return _entry(NOTE, charge, noted, f"{status}:{charge['charge_id']}")


def to_take(charge: Told, now: datetime) -> Entry:
    return _entry(TAKE, charge, Taken(charge=charge, now=now.isoformat()), once(TAKEN_BACK, charge["charge_id"]))


def to_refuse(charge: Told, reason: str) -> Entry:
    return _entry(REFUSE, charge, Refused(charge=charge, reason=reason), once(REFUSED, charge["charge_id"]))


def credit(charge: Told) -> bool:
    """Give what was paid for, from the moment of the payment on, and post what is to be noted. Whether this call did:
    else it was given to this user before. Raises UnknownUser, AnotherPayment, PaymentRefused.
    """

    def act(changes: Changes[Subscription], subscription: Subscription) -> bool:
        judged.check(charge["charge_id"], charge["user_id"])
        before = _state(subscription)
        give(subscription, charge["tier"], charge["days"], STARS, datetime.fromisoformat(charge["at"]))
        undo = Undo(before=before, after=_state(subscription), prices=tiers.monthly())
        changes.posted.append(to_note(charge, Status.COMPLETED, undo=undo))
        return True

    return bool(records.change(charge["user_id"], act, once=once(GIVEN, charge["charge_id"])))


def refuse(charge: Told, posted: Entry | None = None) -> None:
    """From now on nobody gives it, unless somebody has. posted: with it."""

    def act(changes: Changes[Subscription]) -> None:
        if judged.given_to(charge["charge_id"]):
            raise _Given
        if posted:
            changes.posted.append(posted)

    try:
        Subscription.records.update_many([NOBODY], act, once(REFUSED, charge["charge_id"]))
    except _Given:
        return


def take_back(charge: Told, undo: Undo, now: datetime, posted: Entry | None = None) -> None:
    """What the charge gave. If nothing has happened to the subscription since, it is again what it was before; else it
    loses what is not used up of the time that was given, and nothing that others gave. Who was deleted since and came
    again has nothing of it. posted: with it.
    """
    key = charge["user_id"]
    came_again = records.began_after(key, datetime.fromisoformat(charge["at"]))

    def act(changes: Changes[Subscription]) -> None:
        subscription = changes.get(key)
        if subscription is not None and not came_again:
            _take(subscription, charge, undo, now)
        if posted:
            changes.posted.append(posted)

    Subscription.records.update_many([key], act, once(TAKEN_BACK, charge["charge_id"]))


@inbox.act(GIVE)
def _give(charge: Told) -> None:
    """A payment that was kept while the database was away has no row yet. If the database never came back and JSON was
    promoted, it is given without one; its row follows.
    """
    try:
        payment, _ = reach(Subscription.component, lambda: charges.row(charge, Status.PENDING))
    except (DatabaseAway, DatabaseUnused):
        has_row = False
    else:
        has_row = True
        if payment.user_id != charge["user_id"]:
            log.error("Nothing is given: %s", AnotherPayment(charge["charge_id"]))
            return
        if payment.status != Status.PENDING:
            return  # given already, or refunded, which gives it before it takes it back
    try:
        credit(charge)
    except UnknownUser:
        records.check_unknown(charge["user_id"])
        refuse(charge, to_note(charge, Status.FAILED, NoSuchPayer.code))
    except (AnotherPayment, PaymentRefused) as refusal:
        if has_row:
            charges.note(charge, Status.FAILED, refusal.code)
        else:
            acts.keep(to_note(charge, Status.FAILED, refusal.code))


@inbox.act(NOTE)
def _note(noted: Noted) -> None:
    """What was given for a charge that had been refused and refunded, or that is another user's, is taken back: whoever
    gave it could not read the row.
    """
    charge, undo = noted["charge"], noted["undo"]
    try:
        status = charges.note(charge, noted["status"], noted["reason"], undo)
    except AnotherPayment as error:
        log.error("What was given for it is taken back: %s", error)  # noqa: TRY400 - it says all
        status = Status.REFUNDED
    if undo and status == Status.REFUNDED:
        take_back(charge, undo, datetime.fromisoformat(charge["at"]))


@inbox.act(TAKE)
def _take_back(taken: Taken) -> None:
    """It may not be given yet, and whoever is about to give it must find it done: so it is given first."""
    charge = taken["charge"]
    undo = _undo_of(charge["charge_id"])
    if undo is None:  # else nothing is given: what says that it was is forgotten after EFFECTS_KEPT_DAYS
        try:
            credit(charge)
        except (UnknownUser, AnotherPayment, PaymentRefused):
            return
        undo = _undo_of(charge["charge_id"])
    if undo is None:
        raise NotYet(charge["charge_id"])
    take_back(charge, undo, datetime.fromisoformat(taken["now"]))


@inbox.act(FORGET)
def _forget(user_id: int) -> None:
    """Posted by the trigger of migration 0004."""
    records.forget(user_id)


@inbox.act(REFUSE)
def _refuse(refused: Refused) -> None:
    refuse(refused["charge"])


class _Given(Exception):
    """Somebody has it."""


def _take(subscription: Subscription, charge: Told, undo: Undo, now: datetime) -> None:
    before, after, has = _time(undo["before"]), _time(undo["after"]), time_of(subscription)
    if has == after:
        put(subscription, before)
        if subscription.payment_method == undo["after"]["payment_method"]:
            subscription.payment_method = undo["before"]["payment_method"]
        return
    prices = undo.get("prices") or tiers.monthly()
    left = left_of(after, charge["tier"], timedelta(days=charge["days"]), now, prices)
    taken = [shortened(has, after.tier, left, by) for by in (prices, tiers.monthly())]
    put(subscription, max(taken, key=lambda time: time.expires_at or now))  # converted by which of them nobody knows
    if has_lapsed(subscription, now) and has.underneath:
        put(subscription, after_end(subscription))


def _undo_of(charge_id: str) -> Any:
    return reach(Subscription.component, lambda: Payment.objects.values_list("undo", flat=True).get(pk=charge_id))


def _state(subscription: Subscription) -> State:
    tier, ends, underneath = time_of(subscription)
    return State(
        tier=tier, expires_at=ends.isoformat() if ends else None, payment_method=subscription.payment_method,
        underneath=underneath,
    )  # fmt: skip


def _time(state: State) -> Time:
    ends = state["expires_at"]
    return Time(state["tier"], datetime.fromisoformat(ends) if ends else None, state.get("underneath"))


def _entry(name: str, charge: Told, payload: object, id: str) -> Entry:
    return acts.entry(name, Subscription.component, charge["user_id"], payload, id)
