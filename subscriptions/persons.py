"""Payments stay, for the books: what was paid, when and for what; by whom goes, and what says so in other words."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, QuerySet, Value, When
from django.forms.models import model_to_dict

from migration_control.persons.registry import Beside, Personal, register
from subscriptions.models import Payment

NOBODY = 0  # in the place of the id of a person who was deleted
NOT_GIVEN = "the person's data was deleted"


def _of(person: int) -> QuerySet[Payment]:
    return Payment.objects.filter(user_id=person)


def _payments(person: int) -> list[dict[str, Any]]:
    rows = _of(person).order_by("created_at", "pk")
    return [model_to_dict(row) | {"charge_id": row.pk, "created_at": row.created_at} for row in rows]


def _anonymise(person: int) -> int:
    """One that was not given yet never will be; a reason may quote what the person sent."""
    pending = _of(person).filter(status=Payment.Status.PENDING)
    pending.update(status=Payment.Status.FAILED, reason=NOT_GIVEN)
    reason = Case(When(reason="", then=Value("")), default=Value(NOT_GIVEN))
    return _of(person).update(user_id=NOBODY, payload="", undo=None, reason=reason)


register(
    Personal("subscriptions", spans=lambda person: [(person, person)]),
    Beside("payments", _payments, _anonymise),
)
