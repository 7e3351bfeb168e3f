"""Making JSON the authority when the database is gone for good: without asking it, so that it cannot come back unseen.

The index takes another id, which no database knows, and versions and epochs start far above any that the old one can
have reached by itself.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from legacy_json import effects, fences, pairing
from legacy_json.fences import Fence, FenceState
from legacy_json.index import Index

VERSIONS = 1 << 40  # by which they rise
EPOCHS = 1 << 20


class Standing(NamedTuple):
    """What the index knows of a component. since: when its fence was set; heard: when the last copy from the database
    was taken; both ISO texts, '' for never. read: whether its files ever were; paired: whether a database has ever
    confirmed a copy of it.
    """

    component: str
    fence: Fence
    since: str
    heard: str
    read: bool
    paired: bool

    @property
    def stays(self) -> bool:
        """Whether JSON is not made its authority: its migration is closed, or may be."""
        return self.fence.state in fences.FOR_GOOD

    @property
    def loses(self) -> bool | None:
        """Whether the database may have taken writes that the index does not have. None: `unknown` says why."""
        if self.fence.state not in (FenceState.OPEN, FenceState.CLOSING):
            return True
        return None if self.unknown else False

    @property
    def unknown(self) -> str:
        """What an open fence proves nothing for: this index may have been made after the right one was lost."""
        if self.fence.state not in (FenceState.OPEN, FenceState.CLOSING) or self.paired:
            return ""
        return "this index has never spoken with a database of it" if self.read else "this index has never read it"


def standing(index: Index, component: str) -> Standing:
    with index.snapshot() as connection:
        return Standing(
            component,
            fences.fence(connection, component),
            *fences.known(connection, component),
            read=index.is_read(component),
            paired=bool(pairing.counterpart(index, component).database),
        )


def promote(index: Index, components: Iterable[str], note: str) -> int:
    """One commit: every fence open, everything pending for whatever database comes. Returns how many records wait.

    A component whose fence is sealed, or about to be, stays as it is: what JSON has of it counts no more. note: who,
    when and why, kept for the history of that database. Raises StoreBusy, IndexUnwritable.
    """
    chosen = list(components)
    with index.write() as (connection, counter):
        was = [*_former(connection), _Former(index.pair_id, {name: _numbers(connection, name) for name in chosen})]
        connection.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [("pair_id", secrets.token_hex(16)), ("promoted", note), ("formerly", json.dumps(was))],
        )
        return sum(_promote(connection, component, counter) for component in chosen)


def _promote(connection: sqlite3.Connection, component: str, counter: int) -> int:
    now = fences.fence(connection, component)
    if now.state in fences.FOR_GOOD:
        return 0
    fences.advance(connection, component, now, Fence(FenceState.OPEN, now.epoch + EPOCHS))
    pairing.part(connection, component)
    connection.execute(
        "UPDATE record SET version = version + ?, changed = ? WHERE component = ?", (VERSIONS, counter, component)
    )
    effects.lack_all(connection, component)
    return pairing.lack_all(connection, component, counter)


def promoted(index: Index) -> str:
    """The note of the last promotion; '' if there was none."""
    with index.snapshot() as connection:
        row = connection.execute("SELECT value FROM meta WHERE name = 'promoted'").fetchone()
    return str(row[0]) if row else ""


class _Former(NamedTuple):
    """What the index was before a promotion. numbers: of copies, by component, that its database may have had last."""

    pair: str
    numbers: dict[str, list[int]]


def _former(connection: sqlite3.Connection) -> list[_Former]:
    row = connection.execute("SELECT value FROM meta WHERE name = 'formerly'").fetchone()
    return [_Former(*former) for former in json.loads(row[0])] if row else []


def _numbers(connection: sqlite3.Connection, component: str) -> list[int]:
    query = "SELECT told FROM scanned WHERE component = ?1 UNION SELECT number FROM announced WHERE component = ?1"
    return [number for (number,) in connection.execute(query, (component,))]


def acknowledged(index: Index, component: str, known_as: str, number: int) -> bool:
    """Whether what that database counts as copied was copied to this very index, not to one that was lost since.

    known_as: the id by which the database knows the index; number: of the last copy between the two. An index from a
    backup has the right id and an older number.
    """
    with index.snapshot() as connection:
        return any(was.pair == known_as and number in was.numbers.get(component, ()) for was in _former(connection))


def is_over(index: Index, known_as: str) -> bool:
    """Whether JSON was promoted over the database that knows the index by that id ('' if it knows none)."""
    return bool(promoted(index)) and known_as not in ("", index.pair_id)
