"""What the objects of a bot change in two components: in one commit of the one, which posts it for the other.

Loaded in every process of the installation, for a worker may have to finish what a bot that died began.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypedDict

from legacy_json.errors import ValueTaken
from legacy_json.inbox import Entry
from legacy_json.keys import LARGEST
from migration_control import inbox
from migration_control.inbox import acts
from migration_control.stores.changes import Changes
from subscriptions.errors import UnknownUser
from subscriptions.models import Subscription, Tier
from subscriptions.services import records, tiers

log = logging.getLogger(__name__)

SUBSCRIPTION = "switchyard.subscription"
DATES = ("expires_at", "last_reset_date")
CODE = "referral_code"
TOGETHER = (  # fields that say one thing
    ("tier", "expires_at", "payment_method"),
    ("daily_requests", "last_reset_date"),
)


class Saved(TypedDict):
    """What was saved of a subscription. set: fields. was: these, and what goes together with them, before that.
    add: of counters, what they are raised by. Dates are ISO texts.
    """

    user_id: int
    id: str
    set: dict[str, Any]
    was: dict[str, Any]
    add: dict[str, int]


def posted(before: Subscription, fields: Mapping[str, Any], added: dict[str, int], id: str) -> Entry:
    """To be posted in the commit of the other half. before: the subscription at the time. id: of this save alone."""
    touched = {name for field in fields for name in beside(field)}
    saved = Saved(
        user_id=before.user_id, id=id, add=added, set={name: _said(value) for name, value in fields.items()},
        was={name: _said(getattr(before, name)) for name in sorted(touched)},
    )  # fmt: skip
    return acts.entry(SUBSCRIPTION, Subscription.component, before.user_id, saved, id)


@inbox.act(SUBSCRIPTION)
def _save(saved: Saved) -> None:
    """What others wrote since it was saved, as a payment, stays."""
    try:
        _apply(saved)
    except UnknownUser:
        log.info("What was saved of user %d's subscription is nobody's any more.", saved["user_id"])
    except ValueTaken as error:
        if error.name != CODE:
            raise
        log.warning("User %d keeps the referral code of before: %s", saved["user_id"], error)
        _apply(saved, but=CODE)


def _apply(saved: Saved, but: str | None = None) -> None:
    def act(_: Changes[Subscription], subscription: Subscription) -> None:
        fields = {name: value for name, value in saved["set"].items() if name != but}
        late = [name for name in fields if any(_differs(subscription, saved["was"], each) for each in beside(name))]
        put(subscription, {name: _read(name, fields[name]) for name in fields.keys() - late}, saved["add"])
        warn_of(saved["user_id"], late)

    records.change(saved["user_id"], act, once=saved["id"])


def put(subscription: Subscription, fields: Mapping[str, Any], added: Mapping[str, int]) -> None:
    """In a change. Who is made free has again what lies underneath, which the bot knows nothing of."""
    for name, value in fields.items():
        setattr(subscription, name, value)
    for name, more in added.items():
        setattr(subscription, name, min(getattr(subscription, name) + more, LARGEST))
    if fields.get("tier") == Tier.FREE and tiers.time_of(subscription).underneath:
        tiers.put(subscription, tiers.after_end(subscription))


def warn_of(user_id: int, late: Collection[str]) -> None:
    if late:
        log.warning("Of user %d's subscription others wrote %s meanwhile; that stays.", user_id, sorted(late))


def beside(name: str) -> tuple[str, ...]:
    """The field, and those that say one thing with it."""
    return next((fields for fields in TOGETHER if name in fields), (name,))


def _differs(subscription: Subscription, was: Mapping[str, Any], name: str) -> bool:
    return bool(getattr(subscription, name) != _read(name, was[name]))


def _said(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _read(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in DATES and value else value
