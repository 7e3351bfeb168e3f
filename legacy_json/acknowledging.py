"""What a copy to the database confirms: of a bulk batch, or of single records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from legacy_json import findings, pairing
from legacy_json.keys import Key
from legacy_json.pairing import Receipt
from legacy_json.records import Batch, Finding, Outcome, State

if TYPE_CHECKING:
    from legacy_json.index import Index


def acknowledge(
    index: Index,
    component: str,
    versions: Mapping[Key, int],
    generation: int,
    receipt: Receipt,
    found: Iterable[Finding] = (),
) -> bool:
    """The database has these versions, or newer ones. What changed since stays pending.

    found: what was repaired for it; none of what was is kept. False, and nothing done, if a run was undone since that
    generation: the rows may be gone. Raises StoreBusy, IndexUnwritable.
    """
    with index.write() as (connection, _):
        if index.generation(component) != generation:
            return False
        given = [(component, key, version) for key, version in versions.items()]
        connection.executemany(
            "DELETE FROM pending WHERE component = ?1 AND key = ?2"
            " AND ?3 >= (SELECT version FROM record WHERE component = ?1 AND key = ?2)",
            given,
        )
        connection.executemany(
            "DELETE FROM finding WHERE component = ?1 AND key = ?2 AND phase = 'mapping'"
            " AND ?3 >= (SELECT version FROM record WHERE component = ?1 AND key = ?2)",
            given,
        )
        findings.add(connection, found)
        pairing.confirm(connection, component, receipt)
    return True


def acknowledge_batch(index: Index, batch: Batch, found: Iterable[Finding], receipt: Receipt | None) -> bool:
    """See Index.acknowledge."""
    if not batch.records:
        return True
    keys = {record.key for record in batch.records}
    part = "component = :component AND key BETWEEN :low AND :high"
    values = {
        "component": batch.component,
        "low": batch.records[0].key,
        "high": batch.records[-1].key,
        "counter": batch.counter,
    }
    with index.write() as (connection, _):
        if index.generation(batch.component) != batch.generation:
            return False
        # What a reading has changed since is not what the findings speak of.
        present = [finding for finding in found if _unchanged(connection, batch, finding.key)]
        old = connection.execute(f"SELECT DISTINCT key FROM finding WHERE {part} AND phase = 'mapping'", values)  # noqa: S608
        findings.drop_mapping(connection, batch.component, [key for (key,) in old if key in keys])
        findings.add(connection, present)
        _set_apart(connection, batch, [f.key for f in present if f.outcome is Outcome.QUARANTINED])
        connection.execute(f"DELETE FROM pending WHERE {part} AND changed <= :counter", values)  # noqa: S608
        if receipt is not None:
            pairing.confirm(connection, batch.component, receipt)
    return True


def _set_apart(connection: sqlite3.Connection, batch: Batch, apart: Iterable[Key | None]) -> None:
    """These into quarantine; out of it what was there before, and is not any more."""
    now = set(apart)
    connection.executemany(
        "UPDATE record SET state = ? WHERE component = ? AND key = ?",
        [(State.QUARANTINED, batch.component, key) for key in now],
    )
    connection.executemany(
        "UPDATE record SET state = ? WHERE component = ? AND key = ? AND state = ? AND changed <= ?",
        [
            (State.LIVE, batch.component, record.key, State.QUARANTINED, batch.counter)
            for record in batch.records
            if record.state == State.QUARANTINED and record.key not in now
        ],
    )


def _unchanged(connection: sqlite3.Connection, batch: Batch, key: Key | None) -> bool:
    query = "SELECT changed FROM record WHERE component = ? AND key = ?"
    row = connection.execute(query, (batch.component, key)).fetchone()
    return bool(row) and row[0] <= batch.counter
