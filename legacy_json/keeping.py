"""Copies that are kept beside the index, and for how long.

Edited files, what a restoring displaced, and originals stay for some days. What somebody may still need stays longer:
the copy that an open conflict is about, and the originals of a source that is ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from legacy_json import owners
from legacy_json.conflicts import FOLDER as CONFLICTS
from legacy_json.conflicts import open_conflicts
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.owners import Owner
from legacy_json.renderer import rendering
from legacy_json.rendering.copies import UNFINISHED
from legacy_json.taking import DISPLACED, ORIGINALS, originals


def prune(index: Index, sources: Iterable[Source], now: datetime, kept: timedelta) -> list[Path]:
    """Remove copies that are older than that. Returns which. Raises StoreBusy while somebody renders or takes over."""
    before = (now - kept).timestamp()
    if not _old(index, before):
        return []
    with rendering(index, seconds=0):
        needed = _needed(index, sources)
        removed = [path for path in _old(index, before) if path not in needed]
        for path in removed:
            # Under another name first: half of a copy must not pass for one.
            gone = path if path.name.endswith(UNFINISHED) else path.rename(path.with_name(path.name + UNFINISHED))
            shutil.rmtree(gone)
    return removed


def _old(index: Index, before: float) -> list[Path]:
    """By when they came to stand under their name, which no copying or restoring of their files changes."""
    return [path for path in _copies(index) if max(path.stat().st_ctime, path.stat().st_mtime) < before]


def _copies(index: Index) -> Iterator[Path]:
    """Folders, each of one occasion."""
    for name in (CONFLICTS, DISPLACED, ORIGINALS):
        folder = index.path.parent / name
        yield from sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()


def _needed(index: Index, sources: Iterable[Source]) -> set[Path]:
    home = index.path.parent
    found = {home / CONFLICTS / Path(conflict.copy).parts[1] for conflict in open_conflicts(index) if conflict.copy}
    # Of one that is not declared now nobody knows what becomes of it.
    given_back = {originals(index, source) for source in sources if owners.owner(index, source) is Owner.LEGACY}
    latest = {path for path in _copies(index) if path.parent.name == ORIGINALS and "-" not in path.name}
    return found | {path for path in latest if path not in given_back and not path.name.endswith(UNFINISHED)}
