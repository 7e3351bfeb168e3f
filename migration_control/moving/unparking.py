"""Letting go of parked keys that there is nothing against any more: nobody should have to ask for that."""

from __future__ import annotations

from django.db.models import F

from legacy_json.index import Index
from legacy_json.keys import Key
from migration_control.components import Component
from migration_control.mirroring import parking
from migration_control.models import Change, Parked
from migration_control.stages import StageRow, Store


def release_settled(component: Component, index: Index, row: StageRow) -> None:
    """Keys that lack nothing any more: a later write of theirs was copied at once. And while nothing is mirrored, keys
    that are not what was refused: the copying that the mirror begins with parks them again, if it has to.
    """
    for to in Store:
        tried = dict(Parked.objects.filter(component=component.name, to=to).values_list("key", "version"))
        if not tried:
            continue
        versions = {component.parse_key(key): version for key, version in tried.items()}
        lacking = _lacking(component, index, to, versions)
        if not row.mirrored:
            lacking = {key for key, now in _versions(component, index, to, lacking).items() if now == versions[key]}
        parking.release(component, set(versions) - lacking)


def _lacking(component: Component, index: Index, to: Store, keys: dict[Key, int]) -> set[Key]:
    """Those of the keys whose present version that store has not confirmed."""
    if to is Store.DATABASE:
        return index.lacking(component.name, set(keys))
    lacking = Change.objects.filter(component=component.name, version__gt=F("acked"), key__in=[*map(str, keys)])
    return {component.parse_key(key) for key in lacking.values_list("key", flat=True)}


def _versions(component: Component, index: Index, to: Store, keys: set[Key]) -> dict[Key, int]:
    """Which version each of them is at, in the other store."""
    if to is Store.DATABASE:
        return {key: index.version(component.name, key) for key in keys}
    found = Change.objects.filter(component=component.name, key__in=[*map(str, keys)])
    return {component.parse_key(key): version for key, version in found.values_list("key", "version")}
