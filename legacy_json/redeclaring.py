"""A release that looks records up by other names than the one before it: in a source of ours the index itself is read.

Its files are rendered from the index, so reading them by difference would take what is not rendered yet for deleted.
"""

from __future__ import annotations

from legacy_json.documents import decoded
from legacy_json.index import Index
from legacy_json.layouts import Collection, Source
from legacy_json.records import State
from legacy_json.unique import lookups_of


def redeclare(index: Index, source: Source, declared: str) -> None:
    """Make the lookups of its records those that are declared now, in one commit.

    A unique name that is new holds from now on; who shared a value before keeps it.
    """
    with index.write() as (connection, _):
        for collection in source.collections:
            connection.execute("INSERT OR IGNORE INTO scanned (component) VALUES (?)", (collection.name,))
            connection.execute("DELETE FROM lookup WHERE component = ?", (collection.name,))
            if collection.unique or collection.lookups:
                connection.executemany("INSERT OR IGNORE INTO lookup VALUES (?, ?, ?, ?)", _lookups(index, collection))
        connection.execute("UPDATE source SET declared = ? WHERE name = ?", (declared, source.name))


def _lookups(index: Index, collection: Collection) -> list[tuple[str, str, str, object]]:
    rows = index.connection().execute(
        "SELECT key, odd, document FROM record WHERE component = ? AND state = ?", (collection.name, State.LIVE)
    )
    return [
        (collection.name, name, value, key)
        for key, odd, document in rows
        for name, value in lookups_of(collection, decoded(document, odd=bool(odd)))
    ]
