"""Acknowledgements of inline copies, lazy and in batches: what is lost of them is copied once more, no worse.

Each batch is numbered as a bulk copy is, so that index and database go on knowing how far the other is.
"""

from __future__ import annotations

import atexit
import logging
import os
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from django.db import Error, connection, transaction

from legacy_json import pairing as numbers
from legacy_json.acknowledging import acknowledge
from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.keys import Key
from migration_control import locks, pairing
from migration_control.components import Component
from migration_control.mirroring import servers
from migration_control.models import ComponentState, Finding
from migration_control.stages import Store

log = logging.getLogger(__name__)

PAUSE = 0.5  # seconds that copies are collected
MANY = 1000  # keys of a component that are not waited for

ACKED = """
WITH given AS (SELECT * FROM unnest(%s::text[], %s::bigint[]) AS g (key, version)),
     free AS (SELECT c.key FROM migration_control_change c JOIN given USING (key) WHERE c.component = %s
              FOR UPDATE OF c SKIP LOCKED)
UPDATE migration_control_change c SET acked = greatest(c.acked, g.version)
  FROM given g JOIN free USING (key) WHERE c.component = %s AND c.key = g.key
"""


class _Batch(NamedTuple):
    """generation: of the index, when the copies were made."""

    component: Component
    store: Index
    to: Store
    generation: int


class Acknowledger:
    """One per process; made anew after a fork. Nothing it does fails a caller."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._noted: dict[_Batch, dict[Key, int]] = defaultdict(dict)
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, component: Component, index: Index, to: Store, generation: int, versions: Mapping[Key, int]) -> None:
        """That store has these versions."""
        with self._lock:
            noted = self._noted[_Batch(component, index, to, generation)]
            noted.update(versions)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="switchyard-acknowledger", daemon=True)
                self._thread.start()
        if len(noted) >= MANY:
            self._wake.set()

    def flush(self) -> None:
        """Acknowledge what is noted by now, also if another thread has begun to."""
        with self._flushing:
            with self._lock:
                noted, self._noted = self._noted, defaultdict(dict)
            for batch, versions in noted.items():
                self._confirm(batch, versions)

    def _confirm(self, batch: _Batch, versions: Mapping[Key, int]) -> None:
        try:
            confirm(batch.component, batch.store, batch.to, versions, batch.generation)
        except Error as error:
            servers.failed(error)
        except (LegacyError, sqlite3.Error, OSError) as error:
            log.warning("%s: copies are not acknowledged, and will be made again: %s", batch.component.name, error)

    def _run(self) -> None:
        while True:
            self._wake.wait(PAUSE)
            self._wake.clear()
            try:
                self.flush()
                connection.close()
            except Exception:
                log.exception("acknowledgements were lost for a reason that nobody foresaw; the copies are made again")


def confirm(component: Component, index: Index, to: Store, versions: Mapping[Key, int], generation: int) -> None:
    """Outside any transaction. Raises StoresDisagree, StoreBusy, IndexUnwritable, django.db.Error."""
    number = pairing.announce(component, index)
    with transaction.atomic():
        if not _still_copied_to(component, to):
            return
        if to is Store.JSON:
            mark_acked(component, versions)
        else:
            mapped = Finding.objects.filter(component_id=component.name, phase="mapping")
            mapped.filter(key__in=[str(key) for key in versions]).delete()
        receipt = pairing.note_copy(component, index, number)
    if to is Store.DATABASE:
        acknowledge(index, component.name, versions, generation, receipt)
        return
    with index.write() as (written, _):
        numbers.confirm(written, component.name, receipt)


def _still_copied_to(component: Component, to: Store) -> bool:
    """Under the locks of a copy: whether that store is still the one that is not the authority."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '10s'")
        for one in component.lineage:
            cursor.execute(*locks.shared(one.name))
    return ComponentState.objects.filter(name=component.name).exclude(authority=to).exists()


def mark_acked(component: Component, versions: Mapping[Key, int]) -> int:
    """JSON has these. A row that somebody is writing is left to the next time. Returns how many were marked."""
    keys = [str(key) for key in versions]
    with connection.cursor() as cursor:
        cursor.execute(ACKED, [keys, [*versions.values()], component.name, component.name])
        return int(cursor.rowcount)


_acknowledger = Acknowledger()
atexit.register(lambda: _acknowledger.flush())


def _renew() -> None:
    global _acknowledger
    _acknowledger = Acknowledger()


os.register_at_fork(after_in_child=_renew)


def note(component: Component, index: Index, to: Store, generation: int, versions: Mapping[Key, int]) -> None:
    _acknowledger.note(component, index, to, generation, versions)


def flush() -> None:
    _acknowledger.flush()
