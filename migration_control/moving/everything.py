"""All that a database has of a component, beside what the index has: for a database that is to follow JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legacy_json.errors import KeyReserved
from legacy_json.keys import Key
from migration_control import store
from migration_control.components import Component
from migration_control.mirroring import draining_to_json
from migration_control.models import Change
from migration_control.stores.json import JsonStore
from migration_control.stores.written import Copy

ROWS = 500


def lacking(component: Component) -> Iterator[list[Copy]]:
    """What no index has acknowledged, in pages."""
    after = ""
    while copies := draining_to_json.pending(component, after, ROWS):
        yield copies
        after = str(copies[-1].key)


def differing(component: Component, json: JsonStore[Any]) -> Iterator[list[Copy]]:
    """What JSON has not, or otherwise, whoever acknowledged it; and every deletion. In pages."""
    model = component.model
    rows = model._default_manager.order_by("pk")
    page = list(rows[:ROWS])
    while page:
        yield [Copy(r.key, r.version, r) for r in page if _document(component, r) != _present(component, json, r.key)]
        page = list(rows.filter(pk__gt=page[-1].pk)[:ROWS])
    yield from _deletions(component)


def _deletions(component: Component) -> Iterator[list[Copy]]:
    rows = Change.objects.filter(component=component.name, deleted=True).order_by("key").values_list("key", "version")
    page = list(rows[:ROWS])
    while page:
        yield [Copy(component.parse_key(key), version, None) for key, version in page]
        page = list(rows.filter(key__gt=page[-1][0])[:ROWS])


def _present(component: Component, json: JsonStore[Any], key: Key) -> Mapping[str, object] | None:
    try:
        record = json.get(key)
    except KeyReserved:
        return None
    return None if record is None else _document(component, record)


def _document(component: Component, record: Any) -> Mapping[str, object]:
    return component.mapping.write(record, store.time_zone(component))
