"""An index that was lost, or put back, beside a database that is right: what it has of its own, and following anew."""

from __future__ import annotations

from collections.abc import Iterator

from legacy_json import fences, pairing
from legacy_json.fences import Fence
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.pairing import Counterpart
from legacy_json.records import NEVER, State

PAGE = 10_000  # keys


def top_version(index: Index, component: str) -> int:
    """The highest of its records and tombstones; NEVER if there are none."""
    query = "SELECT max(version) FROM record WHERE component = ?"
    (top,) = index.connection().execute(query, (component,)).fetchone()
    return NEVER if top is None else int(top)


def live_keys(index: Index, component: str) -> Iterator[list[Key]]:
    """In key order and in pages. Without what is set apart, which no database could ever hold."""
    beyond, after = "", None
    while True:
        rows = index.connection().execute(
            f"SELECT key FROM record WHERE component = :component AND state = :live {beyond} ORDER BY key LIMIT :page",  # noqa: S608
            {"component": component, "live": State.LIVE, "after": after, "page": PAGE},
        )
        page = [key for (key,) in rows]
        if not page:
            return
        yield page
        beyond, after = "AND key > :after", page[-1]


def defer(index: Index, component: str, counterpart: Counterpart, then: Fence) -> bool:
    """One commit: it belongs to that database, which lacks nothing of it, and the fence stands so.

    Effects go, since those that took place are the database's, which copies them anew. False, and nothing done, if the
    fence cannot go there. Raises StoreBusy, IndexUnwritable.
    """
    with index.write() as (connection, _):
        if not fences.advance(connection, component, fences.fence(connection, component), then):
            return False
        pairing.part(connection, component)
        connection.execute(
            "UPDATE scanned SET database = ?, copies = ?, told = ? WHERE component = ?",
            (counterpart.database, counterpart.copies, counterpart.told, component),
        )
        connection.execute("DELETE FROM pending WHERE component = ?", (component,))
        connection.execute("DELETE FROM applied WHERE component = ?", (component,))
    return True
