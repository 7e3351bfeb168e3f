"""A document of the file beside the one that its row would be written back as."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from migration_control.components import Component
from migration_control.conversions import CannotHold
from migration_control.records import Record

NONE = "no such key"


def differences(component: Component, found: object, row: Record, zone: ZoneInfo) -> Iterator[str]:
    """Where they are not the same, in words."""
    if not isinstance(found, dict):
        yield "it is not an object, but has a row"
        return
    try:
        written = component.mapping.write(row, zone)
    except CannotHold as error:
        yield f"its row cannot be written back: {error}"
        return
    if same(found, written):
        return
    # A record that does not say its own key lies under it.
    defaults = component.mapping.defaults | {component.mapping.pk: row.pk}
    for name in sorted(found.keys() | written.keys()):
        # A key that the file does not have counts as the bot's default.
        file, database = found.get(name, defaults.get(name, NONE)), written.get(name, NONE)
        if not same(file, database):
            yield f"{name}: {file!r} in the file, {database!r} out of the database"


def same(one: object, other: object) -> bool:
    """Equal as JSON, where 1 is neither 1.0 nor true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other
