"""Records of the database, accepted by the index: in one commit, each only if it is newer."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.conf import settings

from legacy_json.accepting import Accepted, accept
from legacy_json.keys import Key
from migration_control import pairing, store
from migration_control.components import Component
from migration_control.stores.written import Copy


def apply(component: Component, copies: Sequence[Copy]) -> dict[Key, int]:
    """Versions that the index has now, or has passed. All or nothing of them.

    Raises JsonIsTheAuthority, StoresDisagree, ValueTaken, Unholdable, NotOurs, StoreBusy, IndexUnwritable.
    """
    zone = ZoneInfo(settings.LEGACY_TIME_ZONE)
    accepted = [_accepted(component, copy, zone) for copy in copies]
    passed = accept(store.index(), store.places(), component.collection, accepted)
    if passed.different:
        raise pairing.StoresDisagree(
            component.name,
            f"{store.index().path} and the database have other contents of {len(passed.different)} records in the same"
            f" version, {passed.different[0]!r} among them: is one of them from a backup?",
        )
    if passed.older:
        pairing.check_passed_over(component, store.index(), passed.older)
    return {copy.key: copy.version for copy in copies}


def _accepted(component: Component, copy: Copy, zone: ZoneInfo) -> Accepted:
    if copy.record is None:
        return Accepted(copy.key, copy.version, None, duplicate=False, effects=copy.effects)
    document = component.mapping.write(copy.record, zone)
    return Accepted(copy.key, copy.version, document, copy.record.duplicate, copy.effects)
