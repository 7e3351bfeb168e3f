"""Records as the documents that JSON is to hold: only what a reading of them would take back."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

from legacy_json.errors import Unholdable
from migration_control.components import Component
from migration_control.conversions import CannotHold, Integer
from migration_control.records import Record


def document(component: Component, record: Record, zone: ZoneInfo) -> dict[str, object]:
    """Raises Unholdable for a number that no column holds: it would be set apart as soon as it is read."""
    try:
        made = component.mapping.write(record, zone)
        for name, converts in _integers(component):
            if name in made:
                converts.hold(made[name], zone)
    except CannotHold as error:
        raise Unholdable(component.name, record.key, error.detail) from error
    return made


@cache
def _integers(component: Component) -> list[tuple[str, Integer]]:
    """What else no column holds, JSON has no way to write either. The key is no column of the document's."""
    mapping = component.mapping
    found = ((name, converts) for name, converts in mapping.conversions.items() if name != mapping.pk)
    return [(name, converts) for name, converts in found if isinstance(converts, Integer)]
