"""What this host's index has heard of charges: it says so too while the database, which has their rows, is away.

An effect that gave what was paid for lies with the subscription, one that refused a charge with nobody's. The index has
them all whenever subscriptions are JSON's; else it has some, and what it has is true: effects are never undone.
"""

from __future__ import annotations

from django.conf import settings

from legacy_json import effects
from migration_control import store
from subscriptions.errors import AnotherPayment, PaymentRefused
from subscriptions.models import Subscription

GIVEN, REFUSED, TAKEN_BACK = "charge", "refused", "refund"
NOBODY = 0  # with whose key refusals lie: who paid may be no user
BEFORE = "told-before"  # in the place of a reason that is in the row


def once(what: str, charge_id: str) -> str:
    """The idempotency key."""
    return f"{what}:{charge_id}"


def given_to(charge_id: str) -> list[int]:
    return _people(GIVEN, charge_id)


def is_taken_back(charge_id: str) -> bool:
    return bool(_people(TAKEN_BACK, charge_id))


def check(charge_id: str, user_id: int) -> None:
    """Of a charge that was not given to this user yet. In a change of a subscription this is the truth of that commit,
    if JSON is the authority: so of two who bring one charge, or of one who brings it while it is refused, one is heard.
    Raises AnotherPayment, PaymentRefused.
    """
    if any(other != user_id for other in given_to(charge_id)):
        raise AnotherPayment(charge_id)
    if _people(REFUSED, charge_id):
        raise PaymentRefused(charge_id, BEFORE)


def _people(what: str, charge_id: str) -> list[int]:
    if not (store.has_files() and settings.LEGACY_INDEX.exists()):
        return []
    return [int(key) for key in effects.keys_of(store.index(), Subscription.component, once(what, charge_id))]
