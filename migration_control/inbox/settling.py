"""Applying what waits: each entry once, wherever its record is by now."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Sequence

from django.db import Error

from legacy_json.errors import LegacyError, NotThere
from legacy_json.inbox import Entry, Waiting
from migration_control import components
from migration_control.components import Component
from migration_control.inbox import acts, kept
from migration_control.inbox.boxes import Box, boxes
from migration_control.inbox.handlers import handler
from migration_control.routing.errors import DatabaseAway

log = logging.getLogger(__name__)

FIRST, LONGEST = 2.0, 600.0  # seconds before an entry that failed is tried again
MANY = 200  # entries of one box at a time
AWAY = (Error, sqlite3.Error, LegacyError, OSError)  # a box's own


def settle(now: float | None = None) -> int:
    """What is due in the boxes of this host; what fails is tried again later. Returns how many entries were applied.

    now: seconds since the epoch.
    """
    count = 0
    for box in boxes():
        try:
            count += _settle(box, time.time() if now is None else now)
        except AWAY as error:
            log.warning("An inbox cannot be worked on just now: %s", error)
    return count


def _settle(box: Box, now: float) -> int:
    count, away = 0, set[str]()
    for waiting in box.due(now, MANY):
        if waiting.entry.component in away:
            continue
        try:
            apply(waiting.entry)
        except DatabaseAway:  # none of its entries is put off: they are to be applied in their order
            away.add(waiting.entry.component)
        except Exception as error:  # noqa: BLE001 - handlers are others' code; one entry must not stop the rest
            _put_off(box, waiting, error, now)
        else:
            box.done(waiting.entry)
            count += 1
    if away:
        log.warning("Effects on %s wait: the database is away.", ", ".join(sorted(away)))
    return count


def at_once(entries: Sequence[Entry]) -> None:
    """Right after the commit that posted them. Never fails its caller: what it misses, settle() finds."""
    for entry in entries:
        try:
            apply(entry)
            any(box.done(entry) for box in boxes())
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("The effect %s %s waits: %s", entry.effect, entry.once, error)


def apply(entry: Entry) -> None:
    """Once, however often it is called. Raises what Records raises, NoSuchEffect, UnknownComponent."""
    component = components.get(entry.component)
    if acts.is_act(entry):
        acts.run(entry)
        return
    if entry.effect == kept.APPEND:
        _append(component, entry)
        return
    if entry.effect == kept.APPEND_MANY:
        records = kept.kept_many(component, entry)
        component.model.records.append_many(records, stem=entry.key, once=entry.once)
        return
    key = component.parse_key(entry.key)
    change = handler(entry.effect).change(key, json.loads(entry.payload))
    component.model.records.update_many([key], change, once=entry.once)


def waiting() -> int:
    """How many entries the boxes of this host hold."""
    return sum(box.count() for box in boxes())


def _append(component: Component, entry: Entry) -> None:
    record, stem = kept.kept(component, entry)
    try:
        component.model.records.append_now(record, stem=stem, once=entry.once)
    except NotThere:
        return  # it was appended, and deleted since


def _put_off(box: Box, waiting: Waiting, error: Exception, now: float) -> None:
    pause = min(FIRST * 2 ** min(waiting.attempts, 20), LONGEST)
    trouble = f"{type(error).__name__}: {error}"
    log.warning("The effect %s %s is tried again in %g s: %s", waiting.entry.effect, waiting.entry.once, pause, trouble)
    box.failed(waiting.entry, trouble, now + pause)
