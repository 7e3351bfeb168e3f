"""Keys that the other store would not take: visible to staff, and tried again ever more seldom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from legacy_json.keys import Key
from migration_control.components import Component
from migration_control.models import Parked
from migration_control.stages import Store

FIRST, LONGEST = timedelta(seconds=2), timedelta(minutes=10)
REMEDY = "See Parked keys in the admin: repair each record, or delete it."


def park(component: Component, key: Key, to: Store, version: int, reason: str) -> None:
    """The store has refused this version of it."""
    parked, made = Parked.objects.get_or_create(
        component=component.name,
        key=str(key),
        defaults={"to": to, "version": version, "reason": reason, "due": timezone.now() + FIRST},
    )
    if made:
        return
    pause = min(FIRST * 2 ** min(parked.attempts, 20), LONGEST)
    Parked.objects.filter(component=component.name, key=str(key)).update(
        to=to, version=version, reason=reason, attempts=F("attempts") + 1, due=timezone.now() + pause
    )


def release(component: Component, keys: Iterable[Key]) -> None:
    """They have been copied."""
    parked = Parked.objects.filter(component=component.name)
    if parked.exists():
        parked.filter(key__in=[str(key) for key in keys]).delete()


def waiting(component: Component) -> set[Key]:
    """The keys that are not to be tried again yet."""
    keys = Parked.objects.filter(component=component.name, due__gt=timezone.now()).values_list("key", flat=True)
    return {component.parse_key(key) for key in keys}


def hasten(component: Component) -> None:
    """Have the next drain try all of them: what was in their way may be gone."""
    Parked.objects.filter(component=component.name, due__gt=timezone.now()).update(due=timezone.now())


def count(component: Component) -> int:
    return Parked.objects.filter(component=component.name).count()


def told(number: int) -> str:
    """The fact that so many are parked, for messages."""
    return (
        "1 key is parked: the other store would not take it."
        if number == 1
        else f"{number:,} keys are parked: the other store would not take them."
    )
