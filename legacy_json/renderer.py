"""Files of ours, written from the index some time after a change.

One process renders at a time. What stood in a file's place is looked at after the exchange: if it is not what we put
there, somebody edited it, and both sides are kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from legacy_json import conflicts, marker, shown
from legacy_json.contents import compose, is_empty
from legacy_json.errors import LegacyError, StoreBusy
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.lock import held
from legacy_json.outdated import UNKNOWN, Dirty, as_text, dirty, edited, is_ours
from legacy_json.rendering.last_good import LastGood
from legacy_json.rendering.refusals import named
from legacy_json.rendering.replace import Displaced, draft, signature, sweep
from legacy_json.rendering.swap import move_new
from legacy_json.scratch import Listed

SHARE = 0.1  # of the time may go into rendering
LOOK = 30.0  # seconds between two looks for edits
SECONDS = 30.0  # for another process's rendering
KEPT = "last_good"

log = logging.getLogger(__name__)


class Renderer:
    """Keeps the files of one folder up to date."""

    def __init__(self, index: Index, root: Path, sources: dict[str, Source], share: float = SHARE) -> None:
        self.index, self.root, self.sources, self.share = index, root, sources, share
        self._rest_until = 0.0
        self._looked = float("-inf")
        self._told: set[tuple[str, str]] = set()  # edits, each as name and signature

    def tick(self) -> int:
        """Render what is due, unless rendering has had its share of the time, or another process is at it.

        Returns how many files. Raises what flush raises, but StoreBusy.
        """
        started = time.monotonic()
        if started < self._rest_until:
            return 0
        try:
            return self.flush(seconds=0)
        except StoreBusy:
            return 0
        finally:
            spent = time.monotonic() - started
            self._rest_until = time.monotonic() + spent * (1 / self.share - 1)

    def look(self) -> list[str]:
        """Files that somebody else has changed, each change once. Not oftener than every LOOK seconds."""
        started = time.monotonic()
        if started < self._looked + LOOK:
            return []
        self._looked = started
        found = {
            (each.file.name, as_text(signature(self.root / each.file.name)))
            for each in edited(self.index, self.root, self.sources)
        }
        new, self._told = found - self._told, found
        return sorted(name for name, _ in new)

    def flush(self, source: str | None = None, *, edits: bool = False, seconds: float = SECONDS) -> int:
        """Render now whatever is dirty, of one source or of all. Returns how many files.

        edits: also what somebody else has changed, so that both sides are laid side by side. Every file is tried,
        whatever became of the others; then the first failure is raised: StoresDiffer, rendering.refusals.FileUnwritable
        and what else a LegacyError is. The last good file stands then. Raises StoreBusy.
        """
        if not self._due(source, edits=edits):
            return 0
        with rendering(self.index, seconds):
            return _Flush(self).go(self._due(source, edits=edits))

    def _due(self, source: str | None, *, edits: bool) -> list[Dirty]:
        found = {each.file.name: each for each in dirty(self.index, self.sources)}
        if edits:
            found |= {each.file.name: each for each in edited(self.index, self.root, self.sources)}
        return [each for each in found.values() if source in (None, each.source)]


class _Flush:
    """One rendering of several files, under the lock."""

    def __init__(self, renderer: Renderer) -> None:
        self.index, self.root, self.sources = renderer.index, renderer.root, renderer.sources
        self._failed: list[LegacyError] = []
        self._swept: dict[Path, list[Displaced]] = {}  # by folder: looking through one takes as long as it is full

    def go(self, due: list[Dirty]) -> int:
        done = 0
        for source, files in groupby(sorted(due, key=lambda each: each.source), key=lambda each: each.source):
            done += self._source(source, list(files))
        if self._failed:
            raise self._failed[0]
        return done

    def _source(self, source: str, files: list[Dirty]) -> int:
        try:
            marker.check(self.index, self.root, source)
        except LegacyError as error:
            self._fail(files, error)
            return 0
        done = sum(self._try(each) for each in files)
        if done:
            try:
                marker.note(self.index, self.root, [source])
            except LegacyError as error:
                self._failed.append(error)
        return done

    def _try(self, each: Dirty) -> bool:
        try:
            with named(self.root / each.file.name):
                self._render(each if each.file.id != UNKNOWN else self._known(each))
        except LegacyError as error:
            self._fail([each], error)
            return False
        return True

    def _fail(self, files: list[Dirty], error: LegacyError) -> None:
        """Staff are told where they look, and the log once. A disk that is full may not take even the first."""
        self._failed.append(error)
        if {str(error)} != {self._trouble(each) for each in files}:
            log.error("%s", error)
        try:
            with self.index.write(shown=False) as (connection, _):
                connection.executemany(
                    "UPDATE file SET trouble = ? WHERE id = ?", [(str(error), each.file.id) for each in files]
                )
        except LegacyError as other:
            log.error("%s", other)  # noqa: TRY400 - a fact and a remedy, no traceback

    def _trouble(self, each: Dirty) -> str:
        row = self.index.connection().execute("SELECT trouble FROM file WHERE id = ?", (each.file.id,)).fetchone()
        return str(row[0]) if row else ""

    def _render(self, each: Dirty) -> None:
        path, homes = self.root / each.file.name, self.sources[each.source].homes_in(each.file.pattern)
        path.parent.mkdir(parents=True, exist_ok=True)
        displaced = self._left_over(path)
        began = self._begin(each.file)
        now, digest = None, b""
        if is_empty(self.index, each.file, homes):
            displaced += self._taken_away(path)
        else:
            if not path.exists() and each.left and not displaced:
                self._gone(each)
            with draft(path, within=self.root) as made:
                with shown.gathering(self.index, each.file, began) as digests:
                    digest = compose(self.index, each.file, homes, made, digests).digest
                self._announce(each, as_text(made.finish()))
                placed = made.replace() if path.exists() else made.create()
            now = placed.signature
            displaced += [placed.displaced] if placed.displaced is not None else []
        # Ours first: should keeping an edit fail, the next rendering would not know the rest for ours any more.
        for found in sorted(displaced, key=lambda found: not is_ours(each, found)):
            self._judge(each, found)
        with self.index.write(shown=False) as (connection, _):
            connection.execute(
                "UPDATE file SET signature = ?, digest = ?, rendered = ?, trouble = '' WHERE id = ?",
                (as_text(now), digest, began, each.file.id),
            )
        shown.forget_others(self.index, each.file, began)

    def _known(self, each: Dirty) -> Dirty:
        """Give the file a number. Whatever stands in it is an edit."""
        with self.index.write(shown=False) as (connection, _):
            number = connection.execute(
                "INSERT INTO file (source, name, signature) VALUES (?, ?, '')"
                " ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id",
                (each.source, each.file.name),
            ).fetchone()[0]
        return replace(each, file=each.file._replace(id=number))

    def _left_over(self, path: Path) -> list[Displaced]:
        """What a process had displaced that was killed between exchange and look."""
        if path.parent not in self._swept:
            self._swept[path.parent] = sweep(path.parent)
        return [left for left in self._swept[path.parent] if left.target == path]

    def _begin(self, file: Listed) -> int:
        """From now on a write marks the file again. Returns the commit that the rendering will show at least.

        The file is dirty until all is done, so that a next rendering sees to an edit that this one has displaced; for
        that, its commit is above the one that the file shows.
        """
        with self.index.write() as (connection, counter):
            connection.execute(
                "UPDATE file SET began = ?1, changed = iif(changed > rendered, changed, ?1) WHERE id = ?2",
                (counter, file.id),
            )
        return counter

    def _announce(self, each: Dirty, intent: str) -> None:
        """Should we be killed after the exchange, the next rendering knows what stands there for ours."""
        with self.index.write(shown=False) as (connection, _):
            connection.execute("UPDATE file SET intent = ? WHERE id = ?", (intent, each.file.id))

    def _taken_away(self, path: Path) -> list[Displaced]:
        """The record is gone, and so is its file."""
        found = signature(path)
        if found is None:
            return []
        beside = path.with_name(f".switchyard-{path.name}-{found.inode + 1:x}-{'0' * 16}")
        move_new(path, beside)
        after = signature(beside)
        assert after is not None
        return [Displaced(beside, path, after)]

    def _judge(self, each: Dirty, displaced: Displaced) -> None:
        """What we had put there ourselves is kept as a good copy; anything else is an edit."""
        if is_ours(each, displaced):
            LastGood(self.index.path.parent / KEPT / each.file.name).adopt(displaced)
        else:
            source = self.sources[each.source]
            count = conflicts.record(self.index, source, each.file, displaced.path, datetime.now(UTC))
            log.warning("%s was edited by somebody else: %d conflicts. See legacy_status.", each.file.name, count)

    def _gone(self, each: Dirty) -> None:
        conflicts.record_gone(self.index, self.sources[each.source], each.file, datetime.now(UTC))
        log.warning("%s was taken away by somebody else. It is written again; see legacy_status.", each.file.name)


@contextmanager
def rendering(index: Index, seconds: float = SECONDS) -> Iterator[None]:
    """Nobody else renders meanwhile. Raises StoreBusy."""
    with held(index.path.with_name(index.path.name + ".rendering"), seconds):
        yield
