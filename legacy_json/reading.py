"""Reading a source by difference: what an unmodified bot wrote since the last time.

Files that changed are read whole into a scratch database first and only then compared and applied, so
a file that breaks off, changes under the reader or shrank changes nothing. Every source entry ends up
as a record or as a finding; none is passed over.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from legacy_json import marker, owners
from legacy_json.applying import Reading, apply, note_places
from legacy_json.connections import translated
from legacy_json.errors import (
    IndexUnwritable,
    LegacyError,
    SourceMissing,
    SourceUnreadable,
    SourceUnstable,
)
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.layouts import sources as sources
from legacy_json.lock import held
from legacy_json.owners import Owner
from legacy_json.records import SUPERSEDED
from legacy_json.redeclaring import redeclare
from legacy_json.refusing import CopiedElsewhere as CopiedElsewhere
from legacy_json.refusing import MovedWhileOurs as MovedWhileOurs
from legacy_json.refusing import refuse_copied, refuse_missing, refuse_ours, refuse_shrunk
from legacy_json.scratch import PREFIX, Listed, Scratch, scratch, sweep
from legacy_json.stability import Signatures, age, copied, settled, size
from legacy_json.stability import signatures as signatures
from legacy_json.staging import Staging
from legacy_json.texts import printable
from legacy_json.walking import Progress, walk

PATIENCE = 10.0  # seconds of trying again while somebody writes the source
QUIET = 2.0  # a source that nobody has written for so long is not being written
PAUSE = 0.1
READER_SECONDS = 5.0  # another process reads the same sources: its result will do as well


def read(
    index: Index,
    root: Path,
    source: Source,
    *,
    confirm_shrink: bool = False,
    progress: Progress = lambda done, total: None,
    patience: float = PATIENCE,
    exact: bool = False,
    anew: bool = False,
) -> Reading:
    """Bring the index up to date with a source that an unmodified bot writes; one of ours needs no reading.

    progress: called with bytes read and bytes in all. patience: how long to try again while the
    source is being written. exact: read all of it, though nothing changed, and note each record's present place.
    anew: whoever owns it, it is the bot's from the first change on. Raises StoresDiffer, SourceMissing,
    SourceUnreadable, SourceShrank or SourceUnstable, and then nothing has changed; StoreBusy while another one reads.
    """
    if not anew:
        marker.check(index, root, source.name)
    known = owners.known(index, source)
    if _stands(known, root, source) and not exact:
        return Reading(source.name)
    # Two readers would raise the same versions from one base, with different documents.
    with reader(index):
        sweep(index.path.parent)
        before, known = known, owners.known(index, source)
        if known != before and _stands(known, root, source) and not exact:
            return Reading(source.name)
        if known is not None and known.owner is Owner.SWITCHYARD and not anew:
            redeclare(index, source, _declared(source))
            return Reading(source.name)
        attempt = _Attempt(index, root, source, progress, confirm_shrink=confirm_shrink, exact=exact, anew=anew)
        with owners.kept_if_refused(index, source):
            return attempt.repeat(time.monotonic() + patience)


@contextmanager
def reader(index: Index, seconds: float = READER_SECONDS) -> Iterator[None]:
    """Nobody else reads a source, or changes its owner, meanwhile. Raises StoreBusy."""
    with held(index.path.with_name(index.path.name + ".reading"), seconds):
        yield


def is_read(index: Index, root: Path, source: Source) -> bool:
    """Whether the source is ours, or just as it was when it was last read whole."""
    return _stands(owners.known(index, source), root, source)


def _stands(known: owners.Known | None, root: Path, source: Source) -> bool:
    if known is None or known.declared != _declared(source):
        return False
    return known.owner is Owner.SWITCHYARD or signatures(root, source) == known.signatures


class _MoreToRead(Exception):
    """Files that did not change have to be read as well."""


class _Attempt:
    """One reading, tried again as long as its source is being written."""

    def __init__(
        self, index: Index, root: Path, source: Source, progress: Progress, *, confirm_shrink: bool, exact: bool,
        anew: bool,
    ) -> None:  # fmt: skip
        self.index, self.root, self.source = index, root, source
        self.progress, self.confirm_shrink, self.exact, self.anew = progress, confirm_shrink, exact, anew
        self.path = root / source.patterns[-1]
        self.moved = 0  # readings during which the source was written
        self._more: set[str] = set()  # files that are read again though they did not change

    def repeat(self, deadline: float) -> Reading:
        tries, started = 0, time.monotonic()
        while True:
            tries += 1
            seen = settled(self.root, self.source)
            problem: LegacyError
            try:
                reading = self._once(seen)
            except _MoreToRead:
                continue
            except FileNotFoundError:
                problem = SourceUnstable(self.path, tries)
            except SourceMissing as error:
                problem = error
                deadline = min(deadline, started + QUIET)  # replaced within a moment, or not at all
            except OSError as error:
                if error.errno == errno.ENOSPC:  # of the private copy
                    raise IndexUnwritable(f"{self.index.path.parent} has no space left. Make some there.") from error
                path = Path(error.filename) if error.filename else self.path
                raise SourceUnreadable(path, f"it cannot be opened ({error.strerror})") from error
            except SourceUnreadable as error:
                problem = error
            else:
                if reading is not None:
                    return reading
                problem = SourceUnstable(self.path, tries)
            held_still = signatures(self.root, self.source) == seen
            self.moved += not held_still
            judged = not isinstance(problem, SourceUnstable | SourceMissing)
            if judged and held_still and age(seen) >= QUIET:
                raise problem
            if time.monotonic() >= deadline:
                # Half-written is not broken: only a source that holds still can be judged.
                raise problem if held_still else SourceUnstable(self.path, tries)
            time.sleep(PAUSE)

    def _once(self, seen: Signatures) -> Reading | None:
        """None if the source was written meanwhile. Raises _MoreToRead."""
        began = self.index.counter
        known = owners.as_new(self.index, self.source) if self.anew else owners.known(self.index, self.source)
        if not self.confirm_shrink:
            refuse_missing(self.root, self.source, seen, known)
        files = self._files(seen, known)
        sizes = {file.name: size(seen[file.name]) for file in files if file.name in seen}
        with (
            translated(self.index.path),
            self._copy(list(sizes)) as there,
            scratch(self.index, self.source, files) as room,
        ):
            if there != self.root and signatures(self.root, self.source) != seen:
                return None
            staging = Staging(room, self.source)
            try:
                walk(self.root, self.source, staging, sizes, self.progress, there=there)
            finally:
                staging.close()
            if there == self.root and signatures(self.root, self.source) != seen:
                return None
            self._settle_strays(room, staging)
            counts = staging.counts
            if not self.confirm_shrink:
                refuse_shrunk(self.index, self.path, room, self.source, counts)
            read = sum(sizes.values())
            signed = {file.id: seen[file.name] for file in files if file.name in seen}
            reading = apply(
                self.index, room, self.source, _declared(self.source), signed, counts,
                lambda: self.progress(read, read),
                lambda connection: self._disown(connection, began) if self.anew else None,
            )  # fmt: skip
            if self.exact:
                note_places(self.index, room, self.source)
            return reading

    def _disown(self, connection: sqlite3.Connection, began: int) -> None:
        """Raises SourceUnstable if a record was written since, which was compared as it was before."""
        query = "SELECT EXISTS (SELECT 1 FROM record WHERE component = ? AND changed > ?)"
        for collection in self.source.collections:
            if connection.execute(query, (collection.name, began)).fetchone()[0]:
                raise SourceUnstable(self.path, 1)
        owners.disown(connection, self.source)

    def _files(self, seen: Signatures, known: owners.Known | None) -> list[Listed]:
        """What has to be read, in order: what changed, what is gone, and what a change elsewhere may bring back."""
        unchanged = known is not None and known.declared == _declared(self.source) and not self.exact
        before = known.signatures if known is not None and unchanged else {}
        chosen = {name for name in seen if seen[name] != before.get(name)} | self._more
        chosen |= {*known.signatures, *known.begun} - set(seen) if known else set()
        if len(self.source.patterns) > 1 or self.source.homes[0].layout.has_many_files:
            chosen |= self._beaten(seen)
        in_order = [name for name in seen if name in chosen] + sorted(chosen - set(seen))
        refuse_ours(self.index, self.source, in_order)
        return owners.listed(self.index, self.source, {name: self._pattern_of(name) for name in in_order})

    def _beaten(self, seen: Signatures) -> set[str]:
        """Files with entries that another file's beat: that one may have changed."""
        found = self.index.connection().execute(
            "SELECT DISTINCT f.source, w.name FROM finding f JOIN record r USING (component, key)"
            " JOIN file w ON w.id = r.file WHERE f.phase = 'reading'"
            " AND (f.outcome = 'quarantined' OR f.code = ?)",
            (SUPERSEDED,),
        )
        beaten = {name for name, winner in found if name != printable(winner)}
        return {name for name in seen if printable(name) in beaten}

    def _pattern_of(self, name: str) -> str:
        """'' of a file that is none of the source's any more."""
        return self.source.pattern_of(name) or ""

    def _settle_strays(self, room: Scratch, staging: Staging) -> None:
        """Keys that were found may have records from files that were not read: who wins takes a look at both.

        Another source's file keeps them as long as it is there; if it is not, our files were moved.
        """
        strays = {file for collection in self.source.collections for file in room.strays(collection.name)}
        names = owners.names(self.index, strays)
        kept = {file for file, name in names.items() if not self._pattern_of(name) and (self.root / name).exists()}
        if strays - kept:
            self._more |= {names[file] for file in strays - kept}
            raise _MoreToRead
        if kept:
            refuse_copied(self.root, self.source, sorted(names[file] for file in kept))
            staging.lose_to(kept)

    @contextmanager
    def _copy(self, names: Sequence[str]) -> Iterator[Path]:
        """The folder to read in: a private copy, if the source has been changing while it was read.

        Copying is much quicker than reading.
        """
        if not self.moved:
            yield self.root
            return
        folder = Path(tempfile.mkdtemp(dir=self.index.path.parent, prefix=PREFIX))
        try:
            copied(self.root, names, folder)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _declared(source: Source) -> str:
    """What is looked for: a changed declaration has the source read again."""
    return hashlib.blake2b(repr(source).encode(), digest_size=8).hexdigest()
