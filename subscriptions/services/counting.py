"""Figures of all subscriptions."""

from __future__ import annotations

from datetime import datetime

from subscriptions.models import Subscription, Tier
from subscriptions.services import days
from subscriptions.services.tiers import effective


def statistics(*, now: datetime) -> dict[str, int]:
    """total_users: subscriptions that there are; free_users, premium_users, pro_users: of those, by the tier that
    counts now; active_users: who asked for something today; daily_requests: how often all of them did, today.

    A page of records at a time is in memory.
    """
    found = dict.fromkeys(("total_users", *(f"{tier}_users" for tier in Tier), "active_users", "daily_requests"), 0)
    for each in Subscription.records.iterate():
        used = days.used(each, now)
        found["total_users"] += 1
        found[f"{effective(each, now)}_users"] += 1
        found["active_users"] += used > 0
        found["daily_requests"] += used
    return {str(name): number for name, number in found.items()}
