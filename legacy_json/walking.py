"""Files from their first byte to their last: each home's entries, in file order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from legacy_json import positions
from legacy_json.errors import SourceUnreadable
from legacy_json.keys import Key, below, encodes
from legacy_json.layouts import Entries, Home, Source, fits
from legacy_json.positions import position_of
from legacy_json.records import State
from legacy_json.scan import Scanner
from legacy_json.scratch import Listed, Scratch
from legacy_json.staging import Staging
from legacy_json.texts import printable
from legacy_json.window import SIZE

Progress = Callable[[int, int], None]  # bytes read, and in all
EVERY = 1 << 20  # bytes between two calls of progress


class Known(NamedTuple):
    """What the index shows of one component (positions.Known)."""

    scratch: Scratch
    component: str

    def documents(self, low: Key, high: Key, limit: int | None) -> list[tuple[Key, bytes]]:
        return self.scratch.documents(self.component, low, high, limit)

    def like(self, document: bytes) -> bytes:
        return document

    def holed(self, low: Key, high: Key) -> list[Key]:
        if self.scratch.is_new(self.component):
            return []
        what = (
            f"FROM main.record WHERE component = ? AND key BETWEEN ? AND ?"
            f" AND state NOT IN ({State.DELETED:d}, {State.PRUNED:d})"
        )
        values, connection = (self.component, low, high), self.scratch.connection
        count, first, last = connection.execute(f"SELECT count(*), min(key), max(key) {what}", values).fetchone()
        if not count or position_of(last)[1] - position_of(first)[1] == count - 1:
            return []
        return [key for (key,) in connection.execute(f"SELECT key {what} ORDER BY key", values)]

    def last(self, low: Key, high: Key) -> Key | None:
        return self.scratch.last(self.component, low, high)

    def is_pruned(self, key: Key) -> bool:
        return below(key, self.scratch.floor(self.component))


Knows = Callable[[Scratch, str], positions.Known]


def files_of(root: Path, source: Source) -> dict[str, str]:
    """The source's files that are there, each with its pattern, in the order of reading.

    Raises SourceUnreadable for a name that is no text, OSError.
    """
    found: dict[str, str] = {}
    for pattern in source.patterns:
        if "*" in pattern:
            found |= dict.fromkeys(_matching(root, pattern), pattern)
        elif (root / pattern).exists():
            found[pattern] = pattern
    for name in found:
        if not encodes(name):
            raise SourceUnreadable(root / printable(name), "its name is not UTF-8; rename it, or move it elsewhere")
    return found


def _matching(root: Path, pattern: str) -> list[str]:
    """In order. Raises SourceUnreadable for what has a file's name and is none.

    Of ten thousand files, Path.glob takes longer to find them than they take to be read.
    """
    folder = pattern.partition("*")[0].rpartition("/")[0]
    before = f"{folder}/" if folder else ""
    try:
        with os.scandir(root / folder) as entries:
            found = [entry for entry in entries if fits(before + entry.name, pattern) and entry.name[0] != "."]
            # A link whose drive is away, or a folder in a file's place, would look like a deletion.
            odd = next((entry for entry in found if not entry.is_file()), None)
            if odd is not None:
                raise SourceUnreadable(
                    root / printable(before + odd.name),
                    "it is no file, or a link to none; bring it back, rename it, or move it elsewhere",
                )
            return sorted(before + entry.name for entry in found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def walk(
    root: Path, source: Source, staging: Staging, sizes: Mapping[str, int], progress: Progress, *, there: Path,
    size: int = SIZE, known: Knows = Known,
) -> None:  # fmt: skip
    """Read those of the staging's files that are present whole. there: the folder they are read in.

    sizes: in bytes, of the files that are present, by name. known: what the positions of lists are found by. Raises
    SourceUnreadable, OSError.
    """
    files = [file for file in staging.scratch.files if file.name in sizes]
    told = _Told(progress, sum(sizes[file.name] for file in files))
    for file in files:
        staging.begin(file.id)
        with open(os.path.join(there, file.name), "rb", buffering=0) as stream:  # noqa: PTH118, PTH123 - a Path is slow
            _walk_file(Scanner(stream, root / file.name, size), file, source, staging, told, known)
        told.before += sizes[file.name]
    progress(told.total, told.total)
    staging.finish()


class _Told:
    """Says how far we are, every EVERY bytes. before: bytes of the files that are done; total: of all."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self.before, self.total = progress, 0, total
        self._last = 0

    def __call__(self, read: int) -> None:
        """read: bytes of the file at hand."""
        at = self.before + read
        if at - self._last >= EVERY:
            self._last = at
            self._progress(at, self.total)


def _walk_file(scanner: Scanner, file: Listed, source: Source, staging: Staging, told: _Told, known: Knows) -> None:
    homes = source.homes_in(file.pattern)
    for home, (found, stretch) in _entries(scanner, file, homes, partial(known, staging.scratch)):
        staging.take(home, found, stretch)
        told(scanner.decoded)
    scanner.finish()
    for code, detail in scanner.notes:
        staging.note(homes[0], code, detail)


def _entries(
    scanner: Scanner, file: Listed, homes: Sequence[Home], known: Callable[[str], positions.Known]
) -> Iterator[tuple[Home, Entries]]:
    def of(home: Home) -> Iterator[tuple[Home, Entries]]:
        found = home.layout.entries(scanner, file.name, known(home.collection.name))
        return ((home, entries) for entries in found)

    if homes[0].layout.section is None:
        yield from of(homes[0])
        return
    wanted = {home.layout.section: home for home in homes}
    if scanner.peek() != "{":
        scanner.fail("it is not an object")
    seen: set[str] = set()
    for name in scanner.members():
        if name not in wanted:
            scanner.skip()
            continue
        if name in seen:
            scanner.fail(f"{name!r} stands there twice; the bot would read the second and forget the first")
        seen.add(name)
        yield from of(wanted[name])
        scanner.section = None
    missing = [str(name) for name, home in wanted.items() if name not in seen and not home.layout.optional]
    if missing:
        raise SourceUnreadable(scanner.path, f"it has no {missing[0]!r}")
