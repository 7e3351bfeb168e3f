"""What differs between the two stores of a component, and whether it only waits to be copied."""

from __future__ import annotations

from collections.abc import Iterable

from legacy_json.keys import Key
from migration_control import comparing, store
from migration_control.comparing import Comparison, Keys
from migration_control.components import Component
from migration_control.mirroring import draining_to_json
from migration_control.models import Parked
from migration_control.stages import Store
from switchyard.validating.looking import Look, Standing
from switchyard.validating.report import LISTED
from switchyard.validating.rules import Found

PEOPLE = ("users", "profiles")  # whose overlap is scored
PAID = {"tier", "expires_at"}
CODES = {"faceit_player_id": "player-differs", "faceit_nickname": "nickname-differs", "language": "language-differs"}


def compare(component: Component, stands: Standing, look: Look) -> None:
    """Raises LegacyError, django.db.Error."""
    look.told(f"both stores of {component.name}", 0, None)
    found = comparing.compare(component)
    quarantined, _ = comparing.in_quarantine(component)
    if component.name in PEOPLE:
        _count_people(found, quarantined, look)
    if component.name == "users":
        _share(found, quarantined, look)
    if stands.authority is not None:
        _tell(found, stands, stands.authority, look)
        _parked(component, look)


def _count_people(found: Comparison, quarantined: int, look: Look) -> None:
    report = look.report
    report.in_json += found.in_json + quarantined
    report.in_database += found.in_database
    report.in_both += found.common
    report.in_either += found.together + quarantined


def _share(found: Comparison, quarantined: int, look: Look) -> None:
    together = found.together + quarantined
    if not together:
        look.found("users", None, Found("no-users", {}))
        return
    in_json = 100.0 * (found.json_only.count + quarantined) / together
    in_database = 100.0 * found.database_only.count / together
    if in_json > 50:
        look.found("users", None, Found("mostly-in-json", {"percent": in_json}))
    if in_database > 10:
        look.found("users", None, Found("partly-in-database", {"percent": in_database}))


def _tell(found: Comparison, stands: Standing, authority: Store, look: Look) -> None:
    name = found.component.name
    other = authority.other.said
    lacking, extra = found.seen_from(authority)
    lag = _lag(found.component, authority)
    if lag:
        advice = _advice(stands, of_json=authority is Store.JSON)
        look.found(name, None, Found("waiting", {"count": lag, "store": other, "advice": advice}))
    for kind, code in ((lacking, "not-copied"), (extra, "extra"), (found.different, "differs")):
        waiting = _waiting(found.component, authority, kind.first)
        for key, fields in kind.first.items():
            if key not in waiting:
                for each in _named(name, code, fields, other):
                    look.found(name, key, each._replace(fixable=stands.mirrored and code != "extra"))
        look.count(name, code, _beyond(kind, lag))


def _named(component: str, code: str, fields: list[str], other: str) -> Iterable[Found]:
    if code != "differs":
        return [Found(code, {"store": other})]
    if component == "subscriptions":
        paid = bool(PAID & set(fields))
        return [Found("subscription-differs" if paid else "differs", {"fields": ", ".join(fields)})]
    named = [Found(CODES[field], {"fields": field}) for field in fields if component == "users" and field in CODES]
    rest = [field for field in fields if component != "users" or field not in CODES]
    return [*named, Found("differs", {"fields": ", ".join(rest)})] if rest else named


def _beyond(kind: Keys, lag: int) -> int:
    """Those whose keys nobody kept, unless all of the kind may be waiting."""
    beyond = kind.count - len(kind.first)
    return beyond if kind.count > lag else 0


def _lag(component: Component, authority: Store) -> int:
    """Keys that the other store lacks and that are noted."""
    if authority is Store.JSON:
        return store.index().count_pending(component.name)
    return draining_to_json.count_pending(component)


def _waiting(component: Component, authority: Store, keys: Iterable[Key]) -> set[Key]:
    """Those of them."""
    if authority is Store.JSON:
        return store.index().lacking(component.name, keys)
    return {key for key in keys if draining_to_json.one(component, key) is not None}


def _advice(stands: Standing, *, of_json: bool) -> str:
    if stands.mirrored:
        return "A worker copies them; look again in some seconds."
    return "migration_import copies them." if of_json else "As it should be in db-only: a move back copies them."


def _parked(component: Component, look: Look) -> None:
    parked = Parked.objects.filter(component=component.name)
    for each in parked.order_by("key")[:LISTED]:
        facts = {"store": Store(each.to).said, "reason": each.reason}
        look.found(component.name, component.parse_key(each.key), Found("parked", facts))
    look.count(component.name, "parked", parked.count() - LISTED)
