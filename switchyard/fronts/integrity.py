"""How far both stores have the same users and subscriptions."""

from __future__ import annotations

from typing import Any

from migration_control import components
from migration_control.comparing import KEPT, Comparison, compare, in_quarantine
from switchyard.facade.answers import TROUBLE
from switchyard.legacy import clock

COMPONENTS = ("users", "subscriptions")


def look() -> dict[str, Any]:
    """total_json_users, total_postgresql_users, common_users, json_only_users, postgresql_only_users: counts.

    data_mismatches: {user_id, component, fields} of what both have differently, or of a subscription that only one
    has; the first KEPT of each kind, of data_mismatches_total. quarantined_users: entries of JSON that are no records;
    they count as only in JSON. integrity_score: users equal in both, in percent of
    those that either has; 100 of nobody. Where one store cannot be seen, `error` says why, and there are no figures.
    """
    stamp = {"validation_timestamp": clock.now().isoformat()}
    try:
        users, subscriptions = (compare(components.get(name)) for name in COMPONENTS)
        quarantined, _ = in_quarantine(users.component)
    except TROUBLE as error:
        return stamp | {"error": str(error), "integrity_score": None}
    return stamp | _figures(users, subscriptions, quarantined)


def _figures(users: Comparison, subscriptions: Comparison, quarantined: int) -> dict[str, Any]:
    theirs = {key: fields for kind in kinds(subscriptions) for key, fields in kind.first.items()}
    missing = users.json_only.first.keys() | users.database_only.first.keys()
    theirs = {key: fields for key, fields in theirs.items() if key not in missing}
    differing = len(users.different.first.keys() | theirs.keys()) + max(0, users.different.count - KEPT)
    mismatches = [
        {"user_id": key, "component": name, "fields": fields}
        for name, first in (("users", users.different.first), ("subscriptions", theirs))
        for key, fields in first.items()
    ]
    together = users.together + quarantined
    return {
        "total_json_users": users.in_json + quarantined,
        "total_postgresql_users": users.in_database,
        "common_users": users.common,
        "json_only_users": users.json_only.count + quarantined,
        "postgresql_only_users": users.database_only.count,
        "quarantined_users": quarantined,
        "data_mismatches": mismatches,
        "data_mismatches_total": users.different.count + len(theirs),
        "integrity_score": 100.0 * max(0, users.common - differing) / together if together else 100.0,
    }


def kinds(found: Comparison) -> tuple[Any, ...]:
    return found.json_only, found.database_only, found.different
