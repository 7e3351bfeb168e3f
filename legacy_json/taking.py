"""Files change owners: taken over from a bot that is stopped, given back to it, or put back as they were.

Nothing of a file is touched before a copy of it is kept, and a trial rendering has shown the same JSON values.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from legacy_json import marker, owners, proving, reading, surroundings
from legacy_json import shown as records
from legacy_json.conflicts import open_conflicts
from legacy_json.errors import LegacyError
from legacy_json.fences import FOR_GOOD, FenceState, fence
from legacy_json.index import Index
from legacy_json.last_resort import Choice
from legacy_json.layouts import Source
from legacy_json.outdated import as_text, dirty, listed
from legacy_json.owners import Owner
from legacy_json.proving import NotFaithful as NotFaithful
from legacy_json.records import State
from legacy_json.renderer import Renderer, rendering
from legacy_json.rendering import copies
from legacy_json.rendering.copies import Manifest, keep_originals, restore_originals
from legacy_json.rendering.refusals import named
from legacy_json.rendering.replace import resolved, signature, sweep
from legacy_json.scratch import Listed
from legacy_json.stability import age, signatures
from legacy_json.walking import Progress, files_of

QUIET = 2.0  # seconds in which a stopped bot has written nothing
ORIGINALS = "originals"
DISPLACED = "displaced"


class StillWritten(LegacyError):
    def __init__(self, source: str, seconds: float) -> None:
        super().__init__(
            f"{source} was written {max(seconds, 0):.1f} s ago. Stop the bot that writes it, and try again a moment"
            " later."
        )


class WrongOwner(LegacyError):
    def __init__(self, source: str, owner: Owner) -> None:
        whose = "ours" if owner is Owner.SWITCHYARD else "the bot's"
        super().__init__(f"{source} is {whose} already. Nothing was done.")


class NotGivenBack(LegacyError):
    """The bot would not find in the file what there is."""


class ElsewhereAuthority(LegacyError):
    def __init__(self, source: str, component: str, *, for_good: bool = False) -> None:
        remedy = (
            "Its migration is closed, so nothing of the file counts any more; migration_export writes another one."
            if for_good
            else "Move the component all the way back first."
        )
        super().__init__(
            f"JSON is not the authority for {component}, which lies in {source}: the file does not say what is right."
            f" {remedy}"
        )


def take(
    index: Index, root: Path, source: Source, now: datetime, *, progress: Progress = lambda done, total: None,
    confirm_shrink: bool = False, anew: bool = False,
) -> Manifest:  # fmt: skip
    """Make the source ours: read it a last time, keep copies of its files, and prove that we can write them.

    anew: though the index says otherwise, the files as they are now are what counts. Returns what was kept. Raises
    WrongOwner, ElsewhereAuthority, StillWritten, Outside, NotFaithful, StoresDiffer, what reading raises.
    """
    if not anew:
        marker.check(index, root, source.name)
        if owners.owner(index, source) is Owner.SWITCHYARD:
            raise WrongOwner(source.name, Owner.SWITCHYARD)
    _refuse_closed(index, source)
    _refuse_busy(root, source)
    for name in signatures(root, source):
        resolved(root / name, within=root)  # what we could never replace
    reading.read(index, root, source, confirm_shrink=confirm_shrink, progress=progress, exact=True, anew=anew)
    with reading.reader(index), rendering(index):
        if owners.owner(index, source) is Owner.SWITCHYARD:  # somebody was quicker
            raise WrongOwner(source.name, Owner.SWITCHYARD)
        files = _files(index, source)
        names = [file.name for file in files]
        kept = originals(index, source)
        _put_aside(kept, root, names)
        manifest = keep_originals(kept, root, source.name, names, now)
        surroundings.capture(index, root, source, files)
        without = proving.pruned(index, source)
        proving.prove(index, root, source, [file for file in files if file.id not in without])
        _own(index, root, source, files)
        marker.note(index, root, [source.name])
    return manifest


def give_back(
    index: Index, root: Path, sources: dict[str, Source], source: Source, *, drop_orphans: bool = False
) -> None:
    """Render everything, look whether the files say it, and let the bot have them.

    Raises WrongOwner, ElsewhereAuthority, NotGivenBack, what rendering raises.
    """
    if owners.owner(index, source) is not Owner.SWITCHYARD:
        raise WrongOwner(source.name, Owner.LEGACY)
    _refuse_closed(index, source)
    lost = 0 if drop_orphans else orphans(index, source)
    if lost:
        raise NotGivenBack(
            f"{lost} records have no place in {source.name}: what they lie in is gone."
            " Delete them, or give the file back without them: --drop-orphans"
        )
    Renderer(index, root, sources).flush(source.name, edits=True)
    _refuse_conflicts(index, source)
    with reading.reader(index), rendering(index):
        proven = signatures(root, source)
        _look(index, root, source)
        with index.write() as (connection, _):
            if any(each.source == source.name for each in dirty(index, sources)):
                raise NotGivenBack(f"{source.name} is being written. Stop the bot, and try again.")
            connection.execute("UPDATE source SET owner = ? WHERE name = ?", (Owner.LEGACY, source.name))
            for name, seen in proven.items():
                connection.execute("UPDATE file SET signature = ? WHERE name = ?", (seen, name))
        marker.note(index, root, [source.name])
    if originals(index, source).exists():
        os.utime(originals(index, source))  # from now on they are kept for some time (keeping.py)


def restore(index: Index, root: Path, source: Source, now: datetime) -> Manifest:
    """Put the files back as they were when they were taken over; the bot owns them. Returns what was kept then.

    What stood there is kept below the index's folder; what was written since stays in the index as older versions.
    Files that were made since stay. Raises ElsewhereAuthority, StillWritten, CopyDamaged, FileUnwritable.
    """
    with _restoring(index, root, source, now):
        manifest = copies.verify_originals(originals(index, source))
        restore_originals(originals(index, source), root)
    return manifest


def restore_last_good(index: Index, root: Path, source: Source, chosen: Sequence[Choice], now: datetime) -> None:
    """Put these copies back in the places of their files; the bot owns the source. Other files of it stay.

    Of what stood there and was written since, as restore(). Raises what it raises.
    """
    with _restoring(index, root, source, now):
        for each in chosen:
            with named(root / each.name):
                (root / each.name).parent.mkdir(parents=True, exist_ok=True)
            copies.restore(each.copy.path, each.copy.checked, root / each.name, within=root)


@contextmanager
def _restoring(index: Index, root: Path, source: Source, now: datetime) -> Iterator[None]:
    """Around the exchange of files, which may be repeated after a crash."""
    _refuse_closed(index, source)
    if owners.owner(index, source) is Owner.LEGACY:
        _refuse_busy(root, source)
    with reading.reader(index), rendering(index):
        yield
        _keep_displaced(index, root, source, index.path.parent / DISPLACED / now.strftime("%Y%m%dT%H%M%SZ"))
        with index.write() as (connection, _):
            owners.disown(connection, source)
            connection.execute(
                "UPDATE conflict SET settled = 'superseded by a restore'"
                " WHERE settled = '' AND file IN (SELECT id FROM file WHERE source = ?)",
                (source.name,),
            )
        marker.note(index, root, [source.name])


def _keep_displaced(index: Index, root: Path, source: Source, kept: Path) -> None:
    """What stood in the places of its files, be it that a restoring which was killed displaced it."""
    rows = index.connection().execute("SELECT name FROM file WHERE source = ?", (source.name,))
    there = dict.fromkeys([*(name for (name,) in rows), *files_of(root, source)])  # a new index knows none
    names = {(root / name).resolve(): name for name in there}
    for folder in sorted({path.parent for path in names}):
        for number, each in enumerate(left for left in sweep(folder) if left.target in names):
            target = kept / names[each.target]
            if target.exists():
                target = target.with_name(f"{target.name}.{number}")
            with named(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(each.path, target)


def changed_since(index: Index, source: Source) -> int | None:
    """How many of its records were written or deleted since it was taken over; None if it never was."""
    row = index.connection().execute("SELECT value FROM meta WHERE name = ?", (f"taken {source.name}",)).fetchone()
    if row is None:
        return None
    query = "SELECT count(*) FROM record WHERE changed > ? AND file IN (SELECT id FROM file WHERE source = ?)"
    (count,) = index.connection().execute(query, (row[0], source.name)).fetchone()
    return int(count)


def originals(index: Index, source: Source) -> Path:
    """Where the copies of a source's files are kept."""
    digest = hashlib.blake2b(source.name.encode(), digest_size=6).hexdigest()
    return index.path.parent / ORIGINALS / digest


def orphans(index: Index, source: Source) -> int:
    """Records that lie inside another one which is gone: the files have no place for them."""
    count, stands = 0, (State.LIVE, State.QUARANTINED)
    for home in source.homes:
        for child, _ in home.children:
            query = (
                "SELECT count(*) FROM record c WHERE c.component = ? AND c.state IN (?, ?) AND NOT EXISTS"
                " (SELECT 1 FROM record p WHERE p.component = ? AND p.key = c.key AND p.state IN (?, ?))"
            )
            values = (child.name, *stands, home.collection.name, *stands)
            count += index.connection().execute(query, values).fetchone()[0]
    return count


def _refuse_busy(root: Path, source: Source) -> None:
    seconds = age(signatures(root, source))
    if seconds < QUIET:
        raise StillWritten(source.name, seconds)


def _refuse_closed(index: Index, source: Source) -> None:
    states = {collection.name: fence(index.connection(), collection.name).state for collection in source.collections}
    for name in sorted(states, key=lambda name: states[name] not in FOR_GOOD):
        if states[name] is not FenceState.OPEN:
            raise ElsewhereAuthority(source.name, name, for_good=states[name] in FOR_GOOD)


def _refuse_conflicts(index: Index, source: Source) -> None:
    found = [conflict.id for conflict in open_conflicts(index) if source.pattern_of(conflict.file) is not None]
    if found:
        raise NotGivenBack(
            f"{source.name} was edited by somebody else, and {len(found)} differences are open. Settle them first:"
            " manage.py legacy_status --conflicts, then legacy_settle"
        )


def _look(index: Index, root: Path, source: Source) -> None:
    """Raises NotGivenBack."""
    try:
        proving.prove(index, root, source, _files(index, source))
    except (NotFaithful, FileNotFoundError) as error:
        raise NotGivenBack(
            f"A file of {source.name} does not say what the index has ({error}): somebody writes the one or the other"
            " just now. Stop the bot, and try again."
        ) from error


def _put_aside(kept: Path, root: Path, names: list[str]) -> None:
    """Copies of an earlier take-over, which went no further or was given back since: the file has moved on."""
    found = copies.manifest(kept)
    if found is None or _is_as_it_was(found, root, names):
        return
    kept.rename(kept.with_name(f"{kept.name}-{found.taken:%Y%m%dT%H%M%S.%f}"))


def _is_as_it_was(found: Manifest, root: Path, names: list[str]) -> bool:
    stats = {name: (root / name).stat() for name in names}
    return {each.name: (each.size, each.modified) for each in found.files} == {
        name: (each.st_size, each.st_mtime_ns) for name, each in stats.items()
    }


def _files(index: Index, source: Source) -> list[Listed]:
    """Those that are there, or were when they were read last."""
    rows = index.connection().execute("SELECT id, name FROM file WHERE source = ? AND signature <> ''", (source.name,))
    return [listed(source, number, name) for number, name in rows]


def _own(index: Index, root: Path, source: Source, files: list[Listed]) -> None:
    """Raises StillWritten if a file is not as it was when it was read."""
    seen = {file.id: as_text(signature(root / file.name)) for file in files}
    known = owners.known(index, source)
    unproven = proving.pruned(index, source)  # these are rendered once without what is below the floor
    now = signatures(root, source)
    if known is None or known.signatures != now:
        raise StillWritten(source.name, age(now))
    with index.write() as (connection, counter):
        connection.execute("UPDATE source SET owner = ? WHERE name = ?", (Owner.SWITCHYARD, source.name))
        connection.executemany(
            "UPDATE file SET signature = ?, intent = '', digest = x'', trouble = '', changed = ?, began = ?,"
            " rendered = ? WHERE id = ?",
            [(seen[each.id], counter, *[counter - (each.id in unproven)] * 2, each.id) for each in files],
        )
        marker.agree(connection, index, root, source.name)
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"taken {source.name}", counter))
    records.proven(index, files, counter)
