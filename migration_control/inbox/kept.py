"""Records that were to be appended while the database, their authority, was away: kept in the index until it is back.

This alone is taken then, and it is no second truth: nobody sees such a record before the authority has it, and under
its idempotency key it is there once, also if the database had taken it before the connection broke.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from legacy_json import fences, inbox
from legacy_json.documents import written
from legacy_json.errors import Unholdable
from legacy_json.inbox import Entry
from legacy_json.positions import positioned
from legacy_json.records import Record as Legacy
from legacy_json.records import State
from migration_control import store
from migration_control.components import Component
from migration_control.records import Record
from migration_control.routing.errors import NothingKept
from migration_control.stores.changes import derive
from migration_control.stores.documents import document
from migration_control.stores.instances import Instances

APPEND, APPEND_MANY = "", "+"  # in the place of an effect's name


def is_wanted() -> bool:
    """Whether this host may keep records, and can."""
    return bool(settings.SERVICE_FALLBACK_ENABLED) and store.has_files()


def keep(component: Component, record: Record, stem: str | None, once: str) -> None:
    """Durably, when this returns. Raises NothingKept, Unholdable, StoreBusy, IndexUnwritable."""
    _keep(component, posted(component, record, stem, once))


def keep_many(component: Component, records: Sequence[Record], stem: str, once: str) -> None:
    """The same of several, which are appended together."""
    entries = [posted(component, record, stem, once) for record in records]
    whole = json.dumps([entry.payload for entry in entries])
    _keep(component, Entry(component.name, stem, once, APPEND_MANY, whole))


def _keep(component: Component, entry: Entry) -> None:
    """Unless its migration is closed, or being closed: who closes it looks here, under the same lock, first."""
    with store.index().write(shown=False) as (connection, _):
        if fences.fence(connection, component.name).state in fences.FOR_GOOD:
            raise NothingKept(component.name)
        inbox.post(connection, [entry])


def kept_many(component: Component, entry: Entry) -> list[Any]:
    """The records. Their list's stem is the entry's key."""
    return [kept(component, entry._replace(payload=payload))[0] for payload in json.loads(entry.payload)]


def kept(component: Component, entry: Entry) -> tuple[Any, str | None]:
    """The record, and its list's stem."""
    payload = json.loads(entry.payload)
    stem: str | None = payload["stem"]
    key = component.parse_key(entry.key) if stem is None else positioned(stem, 0)
    legacy = Legacy(key, 0, State.LIVE, 0, payload["odd"], 0, 0, payload["document"].encode())
    return Instances[Any](component, ZoneInfo(settings.LEGACY_TIME_ZONE)).make(legacy), stem


def posted(component: Component, record: Record, stem: str | None, once: str) -> Entry:
    """An entry of an inbox by which the record is appended, once. Raises Unholdable, CannotHold."""
    whole = copy.copy(record)
    if stem is not None:
        whole.pk = positioned(stem, 0)  # its own it is given on return
    derive(component, whole)
    try:
        odd, data = written(document(component, whole, ZoneInfo(settings.LEGACY_TIME_ZONE)))
    except (ValueError, TypeError, RecursionError) as error:
        raise Unholdable(component.name, whole.key, str(error)) from error
    payload = {"stem": stem, "odd": odd, "document": data.decode()}
    return Entry(component.name, str(record.key) if stem is None else stem, once, APPEND, json.dumps(payload))
