"""Payments in Telegram Stars: received, and refunded, once each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from legacy_json.inbox import Entry
from migration_control import store
from migration_control.inbox import acts, kept, settling
from migration_control.inbox.reaching import reach
from migration_control.routing.errors import DatabaseAway, DatabaseUnused
from subscriptions.errors import NoSuchPayer, OrderRefused, PaymentRefused, UnknownCharge, UnknownUser
from subscriptions.models import Payment, Subscription
from subscriptions.services import charges, crediting, judged, orders, records
from subscriptions.services.charges import Charge, Receipt, Status, Told


def receive(payment: Charge, *, now: datetime) -> Receipt:
    """Keep what was charged, and give what was paid for. The same charge again changes nothing, and has the same
    receipt; a call that was cut off may be repeated, and what it left undone is done all the same.

    Without the database, as the receipt says: where the subscription is JSON's it is given at once (completed), else
    kept on this host until the database is back (pending). Raises BadInput, AnotherPayment; and of a charge that is
    not what we sell an OrderRefused, when it is kept as a failed payment. DatabaseAway, DatabaseUnused: nothing was
    kept, nor given; repeat the call.
    """
    charge = charges.check(payment)
    try:
        _settled_here(charge.charge_id)
        known = reach(Subscription.component, lambda: _recorded(charge, now))
    except (DatabaseAway, DatabaseUnused):
        if not store.has_files():
            raise
        return _without_database(charge, now)
    charges.same(charge, charges.again(known))
    if known.status == Status.PENDING:
        _at_once([crediting.to_give(charges.again(known))])
        known = _looked_at(known)
    elif known.status == Status.FAILED:
        _at_once([crediting.to_refuse(charges.again(known), known.reason)])
    return _answer(charges.again(known), known.status, known.reason, charge)


def refund(charge_id: str, *, now: datetime) -> Receipt:
    """Take back what the payment gave, given or not yet; what others gave stays. Once: again it changes nothing.

    Telegram is told by the caller (refundStarPayment), before or after. Raises BadInput, UnknownCharge. Without the
    database, a payment that was given while it was away is taken back all the same; else DatabaseAway, DatabaseUnused.
    """
    charges.check_id(charge_id)
    try:
        found = reach(Subscription.component, lambda: _refunded(charge_id, now))
        if found is None and _settled_here(charge_id):
            found = reach(Subscription.component, lambda: _refunded(charge_id, now))
    except (DatabaseAway, DatabaseUnused):
        done = _refunded_here(charge_id, now) if store.has_files() else None
        if done is None:
            raise
        return done
    if found is None:
        raise UnknownCharge(charge_id)
    payment, undoing = found
    _at_once(undoing)
    return charges.receipt(charges.again(payment), Status.REFUNDED)


# With the database


def _recorded(charge: Charge, now: datetime) -> Payment:
    """Its row, and what it is to give, in one transaction; or as it was recorded before."""
    with transaction.atomic():
        found = Payment.objects.filter(pk=charge.charge_id).first()
        if found is not None:
            return found
        order = _judged(charge)
        if isinstance(order, OrderRefused):
            failed = charges.told(charge, "", 0, now)
            acts.post(crediting.to_refuse(failed, order.code))
            return charges.row(failed, Status.FAILED, order.code)[0]
        told = charges.told(charge, order.tier, order.days, now)
        made, new = charges.row(told, Status.PENDING)
        if new:
            acts.post(crediting.to_give(told))
        return made


def _refunded(charge_id: str, now: datetime) -> tuple[Payment, list[Entry]] | None:
    """Its row, and what is to follow from this call: from a later one nothing, since what says that it was taken is
    forgotten after EFFECTS_KEPT_DAYS.
    """
    with transaction.atomic():
        found = Payment.objects.select_for_update().filter(pk=charge_id).first()
        if found is None:
            return None
        if found.status == Status.REFUNDED:
            return found, []
        found.status = Status.REFUNDED
        found.save(update_fields=["status"])
        undoing = _undoing(found, now)
        acts.post(undoing)
        return found, [undoing]


def _undoing(payment: Payment, now: datetime) -> Entry:
    """What was given is taken back; what was refused nobody gives any more."""
    known = charges.again(payment)
    return crediting.to_refuse(known, payment.reason) if payment.reason else crediting.to_take(known, now)


def _looked_at(payment: Payment) -> Payment:
    """As it is by now, if that can be said."""
    try:
        return reach(Subscription.component, lambda: Payment.objects.get(pk=payment.pk))
    except DatabaseAway:
        return payment


def _at_once(entries: list[Entry]) -> None:
    transaction.on_commit(lambda: settling.at_once(entries))


# Without it


def _without_database(charge: Charge, now: datetime) -> Receipt:
    known = _waits_here(charge.charge_id)
    if known is not None:
        told, status, reason = known
        charges.same(charge, told)
        if status == Status.PENDING:
            return _give_here(told)  # JSON may be the authority by now
        return _answer(told, status, reason, charge)
    done = _given_here(charge, now)
    if done is not None:
        return done
    order = _judged(charge)
    if isinstance(order, OrderRefused):
        _refuse_here(charges.told(charge, "", 0, now), order.code)
        raise order
    return _give_here(charges.told(charge, order.tier, order.days, now))


def _give_here(told: Told) -> Receipt:
    """Or keep it. Raises NoSuchPayer, AnotherPayment, PaymentRefused; DatabaseAway, if nothing is to be kept."""
    try:
        _credit_here(told)
    except DatabaseAway:
        if _payloads(f"charge:{told['charge_id']}"):
            return charges.receipt(told, Status.PENDING)
        if not kept.is_wanted():
            raise
        acts.keep(crediting.to_give(told))
        return charges.receipt(told, Status.PENDING)
    return charges.receipt(told, Status.COMPLETED)


def _credit_here(told: Told) -> None:
    try:
        crediting.credit(told)
    except UnknownUser as error:
        records.check_unknown(told["user_id"])
        _refuse_here(told, NoSuchPayer.code)
        raise NoSuchPayer(told["user_id"]) from error


def _given_here(charge: Charge, now: datetime) -> Receipt | None:
    """What became of it before, as far as this host has heard. Raises OrderRefused, AnotherPayment."""
    if charge.user_id in judged.given_to(charge.charge_id):
        order = orders.parse_payload(charge.payload)
        status = Status.REFUNDED if judged.is_taken_back(charge.charge_id) else Status.COMPLETED
        return charges.receipt(charges.told(charge, order.tier, order.days, now), status)
    try:
        judged.check(charge.charge_id, charge.user_id)
    except PaymentRefused as refusal:
        now_said = _judged(charge)
        raise (now_said if isinstance(now_said, OrderRefused) else refusal) from None
    return None


def _refuse_here(told: Told, reason: str) -> None:
    """Nobody gives it any more, and the database is told on return."""
    noted = crediting.to_note(told, Status.FAILED, reason)
    try:
        crediting.refuse(told, noted)
    except DatabaseAway:
        acts.keep(noted)  # the database is the one to give it


def _waits_here(charge_id: str) -> tuple[Told, str, str] | None:
    """What this host is yet to tell the database of it: the charge, its status, and why it was refused."""
    for status in (Status.REFUNDED, Status.COMPLETED, Status.FAILED):
        for noted in _payloads(f"{status}:{charge_id}"):
            return noted["charge"], status, noted["reason"]
    for told in _payloads(f"charge:{charge_id}"):
        return told, Status.PENDING, ""
    return None


def _settled_here(charge_id: str) -> bool:
    """Tell the database of it now. Whether there was something to tell."""
    found: list[Entry] = []
    if store.has_files():
        for once in (f"charge:{charge_id}", *(f"{s}:{charge_id}" for s in Status)):
            found += acts.kept(Subscription.component, once)
    settling.at_once(found)
    return bool(found)


def _refunded_here(charge_id: str, now: datetime) -> Receipt | None:
    """Raises DatabaseAway."""
    known = _waits_here(charge_id)
    if known is None or known[1] == Status.PENDING:
        return None
    told, status, reason = known
    refunded = crediting.to_note(told, Status.REFUNDED, reason)
    if status == Status.FAILED:
        acts.keep(refunded)
    for noted in _payloads(f"{Status.COMPLETED}:{charge_id}"):
        crediting.take_back(told, noted["undo"], now, refunded)
    return charges.receipt(told, Status.REFUNDED)


def _payloads(once: str) -> list[Any]:
    return [json.loads(entry.payload) for entry in acts.kept(Subscription.component, once)]


# Either way


def _judged(charge: Charge) -> orders.Order | OrderRefused:
    try:
        return orders.judged(charge.payload, user_id=charge.user_id, amount=charge.amount, currency=charge.currency)
    except OrderRefused as refusal:
        return refusal


def _answer(told: Told, status: str, reason: str, charge: Charge) -> Receipt:
    """Raises OrderRefused, of a payment that failed."""
    if status == Status.FAILED:
        raise _refusal(charge, reason)
    return charges.receipt(told, status)


def _refusal(charge: Charge, reason: str) -> OrderRefused:
    """As it was told first, as far as the settings still say so."""
    refusals: dict[str, Callable[[], object]] = {NoSuchPayer.code: lambda: NoSuchPayer(charge.user_id)}
    found = refusals.get(reason, lambda: _judged(charge))()
    if isinstance(found, OrderRefused) and found.code == reason:
        return found
    return PaymentRefused(charge.charge_id, reason)
