"""Deleted bytes leave the index's file: SQLite keeps them in free pages, inside of pages, and in its log."""

from __future__ import annotations

import time
from pathlib import Path

from legacy_json.connections import LOCK_SECONDS, translated
from legacy_json.errors import StoreBusy
from legacy_json.index import Index
from legacy_json.lock import held

SECONDS = 30.0  # for readers of the log to come to an end
PAUSE = 0.1


def compact(index: Index) -> None:
    """Write the whole file anew, and empty its log. Writers wait meanwhile. Raises StoreBusy, IndexUnwritable.

    secure_delete alone would not do: what an earlier change left behind was not overwritten when it was made, but for
    builds of SQLite that always do.
    """
    connection = index.connection()
    with held(_lock(index.path), LOCK_SECONDS), translated(index.path):
        (before,) = connection.execute("PRAGMA secure_delete").fetchone()
        connection.execute("PRAGMA secure_delete = ON")
        try:
            connection.execute("VACUUM")
            deadline = time.monotonic() + SECONDS
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() >= deadline:
                    raise StoreBusy(index.path, SECONDS)
                time.sleep(PAUSE)
        finally:
            connection.execute(f"PRAGMA secure_delete = {before}")


def _lock(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
