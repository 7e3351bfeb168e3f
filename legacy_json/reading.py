"""Reading a source by difference: what an unmodified bot wrote since the last time.

The file is read whole into a scratch database first and only then compared and applied, so a file
that breaks off, changes under the reader or shrank changes nothing. Every source entry ends up as a
record or as a finding; none is passed over.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from legacy_json.applying import Reading, apply
from legacy_json.connections import translated
from legacy_json.errors import (
    IndexUnwritable,
    LegacyError,
    SourceMissing,
    SourceShrank,
    SourceUnreadable,
    SourceUnstable,
)
from legacy_json.index import Index
from legacy_json.layouts import Collection, SubObject, homes
from legacy_json.layouts import sources as sources
from legacy_json.lock import held
from legacy_json.scratch import PREFIX, Scratch, scratch, sweep
from legacy_json.stability import age, copied, settled
from legacy_json.stability import signature as signature
from legacy_json.staging import Staging
from legacy_json.walking import Progress, walk

PATIENCE = 10.0  # seconds of trying again while somebody writes the source
QUIET = 2.0  # a source that nobody has written for so long is not being written
PAUSE = 0.1
READER_SECONDS = 5.0  # another process reads the same sources: its result will do as well
FEW = 10  # embedded records: a handful may well go at once


def read(
    index: Index,
    root: Path,
    source: str,
    collections: Sequence[Collection],
    *,
    confirm_shrink: bool = False,
    progress: Progress = lambda done, total: None,
    patience: float = PATIENCE,
) -> Reading:
    """Bring the index up to date with a source that an unmodified bot writes.

    progress: called with bytes read and bytes in all. patience: how long to try again while the
    source is being written. Raises SourceMissing, SourceUnreadable, SourceShrank or
    SourceUnstable, and then nothing has changed; StoreBusy while another process reads.
    """
    path = root / source
    if is_read(index, path, source, collections):
        return Reading(source)
    # Two readers would raise the same versions from one base, with different documents.
    with held(index.path.with_name(index.path.name + ".reading"), READER_SECONDS):
        sweep(index.path.parent)
        if is_read(index, path, source, collections):
            return Reading(source)
        attempt = _Attempt(index, path, source, collections, progress, confirm_shrink=confirm_shrink)
        return attempt.repeat(time.monotonic() + patience)


class _Attempt:
    """One reading, tried again as long as its source is being written."""

    def __init__(
        self,
        index: Index,
        path: Path,
        source: str,
        collections: Sequence[Collection],
        progress: Progress,
        *,
        confirm_shrink: bool,
    ) -> None:
        self.index, self.path, self.source = index, path, source
        self.collections, self.progress, self.confirm_shrink = collections, progress, confirm_shrink
        self.moved = 0  # readings during which the source was written

    def repeat(self, deadline: float) -> Reading:
        tries, started = 0, time.monotonic()
        while True:
            tries += 1
            seen = settled(self.path)
            problem: LegacyError
            try:
                reading = self._once(seen)
            except FileNotFoundError:
                problem = SourceMissing(self.path)
                deadline = min(deadline, started + QUIET)  # replaced within a moment, or not at all
            except OSError as error:
                if error.errno == errno.ENOSPC:  # of the private copy
                    raise IndexUnwritable(f"{self.index.path.parent} has no space left. Make some there.") from error
                raise SourceUnreadable(self.path, f"it cannot be opened ({error.strerror})") from error
            except SourceUnreadable as error:
                problem = error
            else:
                if reading is not None:
                    return reading
                problem = SourceUnstable(self.path, tries)
            held_still = signature(self.path) == seen
            self.moved += not held_still
            if held_still and self._quiet():
                raise problem
            if time.monotonic() >= deadline:
                # Half-written is not broken: only a source that holds still can be judged.
                raise problem if held_still else SourceUnstable(self.path, tries)
            time.sleep(PAUSE)

    def _quiet(self) -> bool:
        try:
            return age(self.path) >= QUIET
        except FileNotFoundError:
            return False

    def _once(self, seen: str) -> Reading | None:
        """None if the source was written meanwhile."""
        if not seen and not self.confirm_shrink:
            raise FileNotFoundError
        with translated(self.index.path), self._copy() as opened, scratch(self.index, self.collections) as room:
            if opened is not None and signature(self.path) != seen:
                return None
            staging = Staging(room, self.source, homes(self.collections))
            try:
                walk(self.path, staging, self.progress, opened=opened)
            finally:
                staging.close()
            if opened is None and signature(self.path) != seen:
                return None
            if not self.confirm_shrink:
                _refuse_shrunk(self.index, self.path, room, staging.entries, self.collections)
            counted = {collection: staging.entries[collection.name] for collection in self.collections}
            size = self.path.stat().st_size if self.path.exists() else 0

            def beat() -> None:
                self.progress(size, size)

            return apply(self.index, room, self.source, _marked(seen, self.collections), counted, beat)

    @contextmanager
    def _copy(self) -> Iterator[Path | None]:
        """A private copy, if the source has been changing while it was read: copying is much quicker than reading."""
        if not self.moved:
            yield None
            return
        folder = Path(tempfile.mkdtemp(dir=self.index.path.parent, prefix=PREFIX))
        try:
            copied(self.path, folder / self.path.name)
            yield folder / self.path.name
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _marked(found: str, collections: Sequence[Collection]) -> str:
    """The signature together with what was looked for: a changed declaration has the source read again."""
    declared = hashlib.blake2b(repr(sorted(map(repr, collections))).encode(), digest_size=8).hexdigest()
    return f"{found} {declared}" if found else ""


def is_read(index: Index, path: Path, source: str, collections: Sequence[Collection]) -> bool:
    """Whether the source is just as it was when it was last read whole."""
    row = index.connection().execute("SELECT signature FROM source WHERE name = ?", (source,)).fetchone()
    return bool(row and row[0]) and row[0] == _marked(signature(path), collections)


def _refuse_shrunk(
    index: Index, path: Path, room: Scratch, entries: Mapping[str, int], collections: Sequence[Collection]
) -> None:
    """A component that lost more than half of its records, or all, has probably lost its file.

    Records, not entries: a file of another bot has as many, and other ones.
    """
    for collection in collections:
        name, optional = collection.name, isinstance(collection.layout, SubObject)
        if room.is_new(name):
            before, kept, gone = 0, entries[name], 0
        else:
            before = index.count_records(name)
            gone = room.count_absent(name)
            kept = before - gone
        few = optional and gone < FEW
        if (2 * kept < before and not few) or (kept == 0 and not optional and (before or room.is_new(name))):
            raise SourceShrank(path, name, before, kept)
