"""What a database that was given up has beyond the index: kept as conflicts, as if somebody had edited the files so."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from legacy_json.documents import written
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Collection
from legacy_json.places import Places
from legacy_json.records import State


class Foreign(NamedTuple):
    """What a database that was given up has of a record. document: None if it deleted it."""

    key: Key
    document: Mapping[str, object] | None


def keep(index: Index, places: Places, collection: Collection, found: Sequence[Foreign], now: datetime) -> int:
    """One commit. Returns how many conflicts are new. Raises StoreBusy, IndexUnwritable."""
    with index.write() as (connection, _):
        kept = 0
        for foreign in found:
            row = connection.execute(
                "SELECT version, state, file FROM record WHERE component = ? AND key = ?",
                (collection.name, foreign.key),
            ).fetchone()
            live = row is not None and row[1] in (State.LIVE, State.QUARANTINED)
            if foreign.document is None and not live:
                continue
            theirs = None if foreign.document is None else written(foreign.document)[1]
            kind = "missing" if theirs is None else "changed" if live else "added"
            file = row[2] if live else _file_for(connection, places, collection, foreign.key)
            version = row[0] if live else None
            kept += connection.execute(
                "INSERT INTO conflict (file, component, key, kind, ours, theirs, copy, found)"
                " SELECT ?1, ?2, ?3, ?4, ?5, ?6, '', ?7 WHERE NOT EXISTS (SELECT 1 FROM conflict WHERE settled = ''"
                " AND component IS ?2 AND key IS ?3 AND kind = ?4 AND theirs IS ?6)",
                (file, collection.name, foreign.key, kind, version, theirs, now.isoformat()),
            ).rowcount
    return kept


def _file_for(connection: sqlite3.Connection, places: Places, collection: Collection, key: Key) -> int:
    """Where such a record would be written."""
    place = places.of(collection, key)
    (file,) = connection.execute(
        "INSERT INTO file (source, name, signature) VALUES (?, ?, '')"
        " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
        (place.source.name, place.file_of(key)),
    ).fetchone()
    return int(file)


def keep_own(index: Index, component: str, keys: Sequence[Key], now: datetime) -> int:
    """The same of live records that only the index has, before they are deleted for a database that is right."""
    with index.write() as (connection, _):
        return sum(
            connection.execute(
                "INSERT INTO conflict (file, component, key, kind, ours, theirs, copy, found)"
                " SELECT r.file, r.component, r.key, 'added', NULL, r.document, '', ?3 FROM record r"
                " WHERE r.component = ?1 AND r.key = ?2 AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.settled = ''"
                " AND c.component = r.component AND c.key = r.key AND c.kind = 'added' AND c.theirs IS r.document)",
                (component, key, now.isoformat()),
            ).rowcount
            for key in keys
        )
