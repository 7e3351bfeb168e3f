"""The code broken on purpose, to see that the soak would notice. Each takes one rule of the protocol away."""

from __future__ import annotations

from importlib import import_module
from typing import Any


# By name: module, what is replaced there, and by what.
def _numbered(component: Any, index: Any) -> Any:
    """As a step is that has nothing to copy."""
    pairing = import_module("migration_control.pairing")
    return pairing.note_copy(component, index, pairing.announce(component, index))


MUTATIONS: dict[str, tuple[str, str, Any]] = {
    # A JSON write does not ask whether JSON is the authority.
    "fence-not-looked-at": (
        "legacy_json.writing",
        "check_open",
        lambda connection, component, index: import_module("legacy_json.fences").fence(connection, component),
    ),
    # A JSON write does not note that the database lacks it.
    "notes-not-written": ("legacy_json.writing", "Writer._wait", lambda self, component, key, confirmed: None),
    # A copy to JSON is applied whatever its version is.
    "older-copies-taken": ("legacy_json.accepting", "supersedes", lambda version, present: True),
    # A move to the database does not take the last moment's writes along.
    "remainder-left": (
        "migration_control.moving.steps",
        "copy_remainder",
        lambda component, index, left: (None, _numbered(component, index)),
    ),
    # A move to JSON does not take along what JSON lacks.
    "drain-left": (
        "migration_control.moving.steps",
        "drain_remainder",
        lambda component, index: _numbered(component, index),
    ),
    # A COMMIT whose reply was lost is taken for failed, and repeated.
    "commits-repeated": ("migration_control.stores.transacting", "took_effect", lambda component, transaction: False),
}


def apply(name: str) -> None:
    """In this process, from now on. Raises AttributeError if the code no longer has what is replaced."""
    if not name:
        return
    module, path, replacement = MUTATIONS[name]
    place: Any = import_module(module)
    *way, last = path.split(".")
    for part in way:
        place = getattr(place, part)
    getattr(place, last)
    setattr(place, last, replacement)
