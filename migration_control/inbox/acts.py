"""What waits in an inbox and is no change of one record: a function that is called until it has succeeded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from legacy_json import inbox
from legacy_json.effects import happening
from legacy_json.inbox import Entry
from legacy_json.keys import Key
from migration_control import store
from migration_control.inbox.handlers import NoSuchEffect
from migration_control.models import InboxEntry

Act = Callable[[Any], object]
F = TypeVar("F", bound=Act)

ACT = "act:"  # before its name, in the place of an effect's

_acts: dict[str, Act] = {}


def act(name: str) -> Callable[[F], F]:
    """Register a function of a payload. It is called again after a crash, and whenever it raised: it has to see for
    itself what is done already, as by a `once` key. Until it is done the entry waits, as any other.
    """

    def register(function: F) -> F:
        if name in _acts:
            raise ValueError(f"the act {name!r} is registered twice")
        _acts[name] = function
        return function

    return register


def is_act(entry: Entry) -> bool:
    return entry.effect.startswith(ACT)


def run(entry: Entry) -> None:
    """Raises NoSuchEffect, and what the act raises."""
    name = entry.effect.removeprefix(ACT)
    if name not in _acts:
        raise NoSuchEffect(entry.effect)
    _acts[name](json.loads(entry.payload))


def entry(name: str, component: str, key: Key, payload: object, id: str) -> Entry:
    """component, key: the record whose affair it is. Raises BadEffect."""
    return Entry(component, str(key), happening(key, id).name, ACT + name, json.dumps(payload, allow_nan=False))


def post(entry: Entry) -> None:
    """In the transaction that is open around the call."""
    InboxEntry.objects.bulk_create([InboxEntry(**entry._asdict())], ignore_conflicts=True)


def keep(entry: Entry) -> None:
    """On this host, while the database is away; durably, when this returns. Raises StoreBusy, IndexUnwritable."""
    with store.index().write(shown=False) as (connection, _):
        inbox.post(connection, [entry])


def kept(component: str, once: str) -> list[Entry]:
    """What waits on this host under that key, for whichever record."""
    query = "SELECT component, key, once, effect, payload FROM inbox WHERE component = ? AND once = ?"
    return [Entry(*row) for row in store.index().connection().execute(query, (component, once))]
