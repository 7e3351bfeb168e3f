"""One JSON document with everything that there is of a person."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from migration_control.persons.gathering import BEYOND, gather, strange
from migration_control.persons.refusing import refresh
from migration_control.persons.traces import Trace

STORES = ("json", "database")


def export(person: int, *, now: datetime) -> dict[str, Any]:
    """person, made; components: by name and store, records with their keys; tables: rows by table; notes and copies,
    by place; not_included: in words. Of other people's records and of copies there is what they say of the person.

    Raises PersonRefused, LegacyError, django.db.Error.
    """
    refresh()
    found: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    notes: dict[str, list[Any]] = defaultdict(list)
    tables: dict[str, list[Any]] = defaultdict(list)
    for trace in gather(person):
        if trace.place in STORES:
            found[trace.name][trace.place].append(_said(trace))
        elif trace.place == "table":
            tables[trace.name].append(trace.content)
        else:
            notes[trace.place].append({"name": trace.name} | _said(trace))
    return {
        "person": person,
        "made": now.isoformat(),
        "components": {name: dict(stores) for name, stores in found.items()},
        "tables": dict(tables),
        "notes": dict(notes),
        "perhaps": strange(person),
        "not_included": list(BEYOND),
    }


def _said(trace: Trace) -> dict[str, Any]:
    return {"key": trace.key, "part": trace.part.value, "content": trace.content}
