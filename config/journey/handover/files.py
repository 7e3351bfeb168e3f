"""The files at both ends of the handover: taken over from the bots, and compared with the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from config.journey import entries
from legacy_json import owners, proving, taking
from legacy_json.errors import LegacyError
from legacy_json.layouts import Source
from legacy_json.owners import Owner
from legacy_json.rendering.copies import Manifest
from legacy_json.scratch import Listed
from migration_control import store

Told = Callable[[int, int], None]


def is_ours(source: Source) -> bool:
    """Of a source that no bot ever wrote it need not be taken."""
    return owners.owner(store.index(), source) is Owner.SWITCHYARD


def take(source: Source, now: datetime, told: Told) -> Manifest:
    """As legacy_take does. Raises LegacyError."""
    return taking.take(store.index(), store.root(), source, now, progress=told)


def render() -> None:
    """Whatever waits for it. Raises LegacyError."""
    store.renderer().flush()


def look(sources: Iterable[Source], problems: list[str]) -> tuple[int, int]:
    """Parse each file with plain json, and compare it with what the index has. Returns how many files and entries."""
    files = count = 0
    for source in sources:
        there = _files(source)
        try:
            count += sum(_parsed(source, store.root()))
            proving.prove(store.index(), store.root(), source, there)
        except (LegacyError, ValueError, OSError) as error:
            problems.append(f"{source.name}: {error}")
        files += len(there)
    return files, count


def _parsed(source: Source, root: Path) -> Iterable[int]:
    for home in source.homes:
        yield sum(1 for _ in entries.entries(home, root, lambda stem: 0))


def _files(source: Source) -> list[Listed]:
    """Those that we render and that have something in them."""
    rows = store.index().connection().execute("SELECT id, name FROM file WHERE source = ?", (source.name,))
    found = []
    for number, name in rows:
        pattern = source.pattern_of(name)
        if pattern is not None and (store.root() / name).is_file():
            found.append(Listed(number, name, pattern))
    return found
