"""What the objects of a bot change in two components: in one commit of the one, which posts it for the other.

Loaded in every process of the installation, for a worker may have to finish what a bot that died began.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from legacy_json.keys import LARGEST
from migration_control import inbox
from subscriptions.models import Subscription

SUBSCRIPTION = "switchyard.subscription"
DATES = ("expires_at", "last_reset_date")


@inbox.effect(SUBSCRIPTION, make=lambda key: Subscription(user_id=key))
def _subscription(subscription: Subscription, payload: dict[str, Any]) -> None:
    """payload: see posted()."""
    for name, value in payload["set"].items():
        setattr(subscription, name, datetime.fromisoformat(value) if name in DATES and value else value)
    for name, more in payload["add"].items():
        setattr(subscription, name, min(getattr(subscription, name) + more, LARGEST))


def posted(fields: dict[str, Any], added: dict[str, int]) -> dict[str, Any]:
    """A payload that JSON can hold. added: of counters, what they are raised by."""
    set_ = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
    return {"set": set_, "add": added}
