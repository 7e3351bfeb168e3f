"""Where each source stands: whose it is, what is waiting, and what needs somebody's decision."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from legacy_json import marker, owners, pairing
from legacy_json.conflicts import Conflict, open_conflicts
from legacy_json.errors import LegacyError
from legacy_json.fences import Fence, fence
from legacy_json.index import Index
from legacy_json.keys import Key
from legacy_json.layouts import Source
from legacy_json.outdated import edited
from legacy_json.owners import Owner
from legacy_json.records import Ledger
from legacy_json.renderer import KEPT
from legacy_json.rendering import copies
from legacy_json.taking import changed_since, originals, orphans


@dataclass(frozen=True, slots=True)
class Held:
    """One component as the index has it. database: the id of the one that it copied to last, '' before."""

    ledger: Ledger
    pending: int
    fence: Fence
    database: str
    copies: int
    floor: Key | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files that the index is ahead of. trouble: why their last rendering failed, by name."""

    files: int
    since: datetime | None
    trouble: dict[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """Copies. taken: when the originals were; good: of files that we rendered, with their size in bytes."""

    taken: datetime | None
    originals: int
    good: int
    good_bytes: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """marker: in what the folder and the index contradict each other, '' if they do not."""

    source: Source
    owner: Owner
    files: int
    components: dict[str, Held]
    waiting: Waiting
    rendered: datetime | None
    changed: int | None
    edited: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    kept: Kept
    orphans: int
    marker: str

    @property
    def needs_staff(self) -> bool:
        homeless = self.orphans if self.owner is Owner.SWITCHYARD else 0  # the bot's file never had them
        return bool(self.edited or self.conflicts or self.waiting.trouble or self.marker or homeless)


@dataclass(frozen=True, slots=True)
class IndexState:
    """size: of the file and its log, in bytes."""

    path: Path
    store: str
    counter: int
    size: int


def index_state(index: Index) -> IndexState:
    sizes = (Path(f"{index.path}{end}") for end in ("", "-wal"))
    counter, store = index.counter, index.store_id
    return IndexState(index.path, store, counter, sum(path.stat().st_size for path in sizes if path.exists()))


def source_states(index: Index, root: Path, sources: dict[str, Source]) -> Iterator[SourceState]:
    """Of each source. Nothing is changed."""
    found, good = open_conflicts(index), list(_good_copies(index))
    names: dict[str, list[str]] = {}
    for each in edited(index, root, sources):
        names.setdefault(each.source, []).append(each.file.name)
    for source in sources.values():
        mine = [size for name, size in good if source.pattern_of(name) is not None]
        yield SourceState(
            source,
            owners.owner(index, source),
            _count_files(index, source),
            {collection.name: _held(index, collection.name) for collection in source.collections},
            _waiting(index, source),
            _rendered(index, source),
            changed_since(index, source),
            tuple(names.get(source.name, ())),
            tuple(conflict for conflict in found if source.pattern_of(conflict.file) is not None),
            _kept(index, source, mine),
            orphans(index, source),
            _marker(index, root, source),
        )


def _held(index: Index, component: str) -> Held:
    known = pairing.counterpart(index, component)
    with index.snapshot() as connection:
        ledger, stands = index.ledger(component), fence(connection, component)
        return Held(
            ledger, index.count_pending(component), stands, known.database, known.copies, index.floor(component)
        )


def _count_files(index: Index, source: Source) -> int:
    query = "SELECT count(*) FROM file WHERE source = ? AND signature <> ''"
    (count,) = index.connection().execute(query, (source.name,)).fetchone()
    return int(count)


def _waiting(index: Index, source: Source) -> Waiting:
    if owners.owner(index, source) is Owner.LEGACY:
        return Waiting(0, None, {})
    rows = (
        index.connection()
        .execute(
            "SELECT name, waiting, trouble, changed > rendered FROM file"
            " WHERE source = ? AND (changed > rendered OR trouble <> '')",
            (source.name,),
        )
        .fetchall()
    )
    since = min((waiting for _, waiting, _, waits in rows if waits), default=None)
    trouble = {name: told for name, _, told, _ in rows if told}
    return Waiting(sum(waits for *_, waits in rows), _moment(since), trouble)


def _rendered(index: Index, source: Source) -> datetime | None:
    """When the newest of the files that are as we wrote them was written."""
    rows = index.connection().execute(
        "SELECT signature FROM file WHERE source = ? AND digest <> x'' AND signature <> ''", (source.name,)
    )
    return _moment(max((int(seen.split(":")[1]) / 1e9 for (seen,) in rows), default=None))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _kept(index: Index, source: Source, good: list[int]) -> Kept:
    found = copies.manifest(originals(index, source))
    if found is None:
        return Kept(None, 0, len(good), sum(good))
    return Kept(found.taken, len(found.files), len(good), sum(good))


def _good_copies(index: Index) -> Iterator[tuple[str, int]]:
    """The file that each is a copy of, and its size."""
    top = index.path.parent / KEPT
    for folder, _, names in os.walk(top):
        for name in names:
            if not name.startswith("."):
                path = Path(folder, name)
                yield str(path.parent.relative_to(top)), path.stat().st_size


def _marker(index: Index, root: Path, source: Source) -> str:
    try:
        return marker.difference(index, root, source.name) or ""
    except LegacyError as error:
        return str(error)
