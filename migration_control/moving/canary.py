"""The way back, tried before it is needed: the index takes a write, and each folder of the files takes a new one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.rendering.refusals import DiskFull, named
from legacy_json.rendering.replace import draft

LOCK_SECONDS = 5.0
LEAST, MOST = 4096, 1 << 20  # bytes of a draft; whether there is room for more the file system is only asked


def try_index(index: Index) -> None:
    """One commit that no record is part of. Raises IndexUnwritable, IndexUnusable, StoreBusy."""
    with index.write(LOCK_SECONDS, shown=False) as (connection, _):
        now = datetime.now(UTC).isoformat()
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('canary', ?)", (now,))


def try_folders(index: Index, root: Path, sources: Iterable[Source]) -> list[Path]:
    """In each folder a draft beside its largest file, written, synced and removed. Returns the folders.

    Raises FileUnwritable of one kind or another.
    """
    largest = _largest(index, root, sources)
    for file, size in largest.values():
        with draft(file, within=root) as made:
            made.write(bytes(min(max(size, LEAST), MOST)))
            made.finish()
        _refuse_full(file, size)
    return list(largest)


def _largest(index: Index, root: Path, sources: Iterable[Source]) -> dict[Path, tuple[Path, int]]:
    """Of each folder, the file whose rendering needs most room, and how many bytes it has."""
    found: dict[Path, tuple[Path, int]] = {}
    for name in _names(index, sources):
        file = _within_what_exists(root, root / name)
        size = file.stat().st_size if file.exists() else 0
        if file.parent not in found or size > found[file.parent][1]:
            found[file.parent] = (file, size)
    return found


def _names(index: Index, sources: Iterable[Source]) -> Iterator[str]:
    """Of the files that there are, and of one of each pattern that there may be."""
    for source in sources:
        yield from (pattern.replace("*", "canary") for pattern in source.patterns)
        for (name,) in index.connection().execute("SELECT name FROM file WHERE source = ?", (source.name,)):
            yield str(name)


def _within_what_exists(root: Path, file: Path) -> Path:
    """The same name in the nearest folder that is there: what is missing below the root is made by rendering."""
    folder = file.parent
    while folder != root and not folder.exists():
        folder = folder.parent
    return folder / file.name


def _refuse_full(file: Path, size: int) -> None:
    with named(file):
        room = os.statvfs(file.parent)
    if room.f_bavail * room.f_frsize < size:
        raise DiskFull(file, f"writing it anew needs {size:,} bytes")
