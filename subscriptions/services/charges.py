"""A charge as Telegram tells of it, and what becomes of its row."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from django.db import transaction
from django.db.models.functions import Now

from migration_control import given
from migration_control.given import BadInput
from migration_control.inbox.reaching import reach
from subscriptions.errors import AnotherPayment
from subscriptions.models import Payment, Subscription
from subscriptions.services.orders import LONGEST, MOST

CURRENCY = 10  # characters

_charge_id = re.compile(r"[\x21-\x7e]{1,150}").fullmatch

Status = Payment.Status


class Charge(NamedTuple):
    """Of a successful_payment: telegram_payment_charge_id, who paid, total_amount, currency, invoice_payload."""

    charge_id: str
    user_id: int
    amount: int
    currency: str
    payload: str


class Receipt(NamedTuple):
    """tier, days: that were paid for; '' and 0 of a charge that was for nothing of ours. status: pending if it is given
    as soon as the stores can be reached, then completed; refunded. at: when it was received first.
    """

    charge_id: str
    user_id: int
    tier: str
    days: int
    amount: int
    status: str
    at: datetime


class Told(TypedDict):
    """A charge as it waits in an inbox. at: ISO, aware."""

    charge_id: str
    user_id: int
    amount: int
    currency: str
    payload: str
    tier: str
    days: int
    at: str


def check(charge: Charge) -> Charge:
    """Raises BadInput for what Telegram says of no charge; nothing of such a one is kept."""
    check_id(charge.charge_id)
    given.telegram_id(charge.user_id)
    given.whole("an amount of Stars", charge.amount, low=1, high=MOST)
    given.text("a currency", charge.currency, most=CURRENCY)
    given.text("a payload", charge.payload, most=LONGEST, empty=True)
    return charge


def check_id(charge_id: object) -> str:
    """Raises BadInput."""
    if not isinstance(charge_id, str) or not _charge_id(charge_id):
        raise BadInput(f"{charge_id!r:.60} is no charge id: that is 1 to 150 printable characters.", name="a charge id")
    return charge_id


def told(charge: Charge, tier: str, days: int, now: datetime) -> Told:
    return Told(
        charge_id=charge.charge_id, user_id=charge.user_id, amount=charge.amount, currency=charge.currency,
        payload=charge.payload, tier=tier, days=days, at=now.isoformat(),
    )  # fmt: skip


def again(payment: Payment) -> Told:
    """What was told of it."""
    return Told(
        charge_id=payment.charge_id, user_id=payment.user_id, amount=payment.amount, currency=payment.currency,
        payload=payment.payload, tier=payment.tier, days=payment.days, at=payment.created_at.isoformat(),
    )  # fmt: skip


def same(charge: Charge, known: Told) -> None:
    """Raises AnotherPayment."""
    if any(known[name] != value for name, value in charge._asdict().items()):  # type: ignore[literal-required]
        raise AnotherPayment(charge.charge_id)


def receipt(known: Told, status: str) -> Receipt:
    return Receipt(
        known["charge_id"], known["user_id"], known["tier"], known["days"], known["amount"], str(status),
        datetime.fromisoformat(known["at"]),
    )  # fmt: skip


def row(known: Told, status: str, reason: str = "") -> tuple[Payment, bool]:
    """The charge's, and whether it was put there by this call. Inside a transaction."""
    values: dict[str, Any] = {name: value for name, value in known.items() if name not in ("charge_id", "at")}
    values |= {"status": status, "reason": reason, "created_at": datetime.fromisoformat(known["at"])}
    return Payment.objects.get_or_create(charge_id=known["charge_id"], defaults=values)


def note(known: Told, status: str, reason: str = "", undo: object = None) -> str:
    """Bring the row to where the charge is: it only ever goes from pending or failed to completed, and from anything to
    refunded. Once, however often it is called. Returns the row's status. Raises AnotherPayment, if the row is another
    user's; DatabaseAway, DatabaseUnused.
    """

    def write() -> str:
        with transaction.atomic():
            row(known, status, reason)
            found = Payment.objects.select_for_update().get(charge_id=known["charge_id"])
            if found.user_id != known["user_id"]:
                raise AnotherPayment(found.charge_id)
            changed: dict[str, Any] = {"undo": found.undo or undo}
            if _rank(status) > _rank(found.status):
                changed["status"] = status
            if status == Status.FAILED and found.status == Status.PENDING:
                changed["reason"] = reason
            if status == Status.COMPLETED:
                # Whoever gave it judged it by the prices of then, whatever was said of a replay since.
                changed |= {"tier": known["tier"], "days": known["days"], "reason": ""}
                changed["completed_at"] = found.completed_at or Now()
            Payment.objects.filter(pk=found.pk).update(**changed)
            return str(changed.get("status", found.status))

    return reach(Subscription.component, write)


def _rank(status: str) -> int:
    return [Status.PENDING, Status.FAILED, Status.COMPLETED, Status.REFUNDED].index(Status(status))
