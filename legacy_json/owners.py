"""Sources and their files as the index knows them, and who owns each source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.scratch import Listed


class Owner(StrEnum):
    """LEGACY: an unmodified bot writes the files, and we only read. SWITCHYARD: we write and render them."""

    LEGACY = "legacy"
    SWITCHYARD = "switchyard"


@dataclass(frozen=True, slots=True)
class Known:
    """A source as it was last read. declared: what was looked for then; signatures: by file.

    begun: files that a reading which was cut off in the middle may have left records of.
    """

    owner: Owner
    declared: str
    signatures: dict[str, str]
    begun: frozenset[str]


def known(index: Index, source: Source) -> Known | None:
    """None if nobody has ever looked at it."""
    with index.snapshot() as connection:
        row = connection.execute("SELECT owner, declared FROM source WHERE name = ?", (source.name,)).fetchone()
        if row is None:
            return None
        files = dict(connection.execute("SELECT name, signature FROM file WHERE source = ?", (source.name,)))
        begun = frozenset() if row[1] else frozenset(files)
        return Known(Owner(row[0]), row[1], {name: seen for name, seen in files.items() if seen}, begun)


def as_new(index: Index, source: Source) -> Known:
    """As it will be known once it was disowned: nothing is believed that the index says of its files."""
    rows = index.connection().execute("SELECT name FROM file WHERE source = ?", (source.name,))
    return Known(Owner.LEGACY, "", {}, frozenset(name for (name,) in rows))


def disown(connection: sqlite3.Connection, source: Source) -> None:
    """The bot owns it, and its files have to be read. Inside a write."""
    connection.execute("UPDATE source SET owner = ?, declared = '' WHERE name = ?", (Owner.LEGACY, source.name))
    connection.execute("UPDATE file SET signature = '', intent = '' WHERE source = ?", (source.name,))


@contextmanager
def kept_if_refused(index: Index, source: Source) -> Iterator[None]:
    """A reading that raises while the source is ours leaves no file listed that was not: it would pass for an edit."""
    (last,) = index.connection().execute("SELECT coalesce(max(id), 0) FROM file").fetchone()
    try:
        yield
    except BaseException:
        if owner(index, source) is Owner.SWITCHYARD:
            with index.write(shown=False) as (connection, _):
                connection.execute(
                    "DELETE FROM file WHERE source = ? AND id > ? AND signature = '' AND changed = 0",
                    (source.name, last),
                )
        raise


def owner(index: Index, source: Source) -> Owner:
    """Whose the source is; the bot's, as long as nobody has said otherwise."""
    found = known(index, source)
    return found.owner if found else Owner.LEGACY


def listed(index: Index, source: Source, patterns: Mapping[str, str]) -> list[Listed]:
    """These files, each with its pattern, in the same order, with the numbers that the index has for them."""
    with index.write(shown=False) as (connection, _):
        # What no bot ever wrote, and is not there, is ours from the start.
        owner = Owner.SWITCHYARD if source.ours and not patterns else Owner.LEGACY
        connection.execute("INSERT OR IGNORE INTO source VALUES (?, ?, '')", (source.name, owner))
        connection.executemany(
            "INSERT INTO file (source, name, signature) VALUES (?, ?, '')"
            " ON CONFLICT (name) DO UPDATE SET source = excluded.source",
            [(source.name, name) for name in patterns],
        )
        numbers = dict(connection.execute("SELECT name, id FROM file WHERE source = ?", (source.name,)))
    return [Listed(numbers[name], name, pattern) for name, pattern in patterns.items()]


def names(index: Index, files: Iterable[int]) -> dict[int, str]:
    """Of these files."""
    query = "SELECT name FROM file WHERE id = ?"
    return {file: index.connection().execute(query, (file,)).fetchone()[0] for file in files}
