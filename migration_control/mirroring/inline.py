"""After a write: its copy to the other store at once, where the stage wants that. It never fails its caller."""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import Error, connection

from legacy_json.errors import LegacyError
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.records import Record as Legacy
from migration_control import components, pairing, store
from migration_control.components import Component
from migration_control.mirroring import acknowledging, servers, to_json
from migration_control.mirroring.to_database import SECONDS, Mirror
from migration_control.mirroring.watchdog import watching
from migration_control.stages import Store
from migration_control.stores.written import Copy, Written

log = logging.getLogger(__name__)


class Inline:
    """What the stores call once a write is committed."""

    def after_json(self, written: Written, index: Index) -> None:
        """Copy it to the database, if that is there: nobody waits for one that was found to be away."""
        if not settings.DATABASE_USED or servers.away():
            return
        chosen: dict[str, list[Legacy]] = defaultdict(list)
        for name, record in written.records:
            if name in written.generations:
                chosen[name].append(record)
        for name, records in chosen.items():
            component = components.get(name)
            try:
                applied = [effect for of, effect in written.effects if of == name]
                versions = mirror(component, settings.LEGACY_TIME_ZONE).copy(records, applied)
                if len(versions) < len(records):
                    _check_versions(component, index, [record.key for record in records])
            except Exception as error:  # noqa: BLE001 - what was written is written, and must not seem refused
                _missed(component, error)
            else:
                if versions:
                    acknowledging.note(component, index, Store.DATABASE, written.generations[name], versions)

    def after_database(self, component: Component, copies: list[Copy]) -> None:
        """Copy it to the index of this host, if it has one."""
        if not store.has_files() or not store.fence(component).mirrored:
            return
        try:
            versions = to_json.apply(component, copies)
        except Exception as error:  # noqa: BLE001 - as above
            _missed(component, error)
        else:
            acknowledging.note(component, store.index(), Store.JSON, 0, versions)


def _check_versions(component: Component, index: Index, keys: list[Key]) -> None:
    connection.ensure_connection()
    with watching(connection.connection.fileno(), SECONDS):
        pairing.check_versions(component, index, keys)


@lru_cache
def mirror(component: Component, zone: str) -> Mirror:
    return Mirror(component, ZoneInfo(zone))


def _missed(component: Component, error: Exception) -> None:
    """The note that the other store lacks it stands; the drain tries again, and parks what cannot be."""
    if isinstance(error, Error):
        servers.failed(error)
    elif not isinstance(error, LegacyError | sqlite3.Error | OSError):
        log.exception("%s: not copied at once, for a reason that nobody foresaw", component.name)
        return
    log.warning("%s: not copied at once, but later: %s", component.name, error)
