"""One source from its first byte to its last: each home's entries, in file order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from legacy_json.errors import SourceUnreadable
from legacy_json.layouts import Entries, FolderOf, Home
from legacy_json.scan import Scanner
from legacy_json.staging import Staging
from legacy_json.window import SIZE

Progress = Callable[[int, int], None]  # bytes (of a folder: files) read, and in all
EVERY = 1 << 20  # bytes between two calls of progress


def files_of(folder: Path) -> list[Path]:
    """The records of a folder layout, by name."""
    return sorted(path for path in folder.glob("*.json") if path.is_file())


def walk(path: Path, staging: Staging, progress: Progress, *, opened: Path | None = None, size: int = SIZE) -> None:
    """Read the source whole into the staging. opened: a copy to read in the source's place.

    Raises SourceUnreadable, OSError. A source that does not exist has no entries.
    """
    there = opened or path
    home = staging.homes[0]
    if isinstance(home.layout, FolderOf):
        _walk_folder(path, there, home, staging, progress)
    elif there.exists():
        _walk_file(path, there, staging, progress, size)
    staging.finish()


def _walk_folder(path: Path, there: Path, home: Home, staging: Staging, progress: Progress) -> None:
    paths = files_of(there)
    for number, file in enumerate(paths):
        staging.place = f"{staging.source}/{file.name}"
        with file.open("rb", buffering=0) as stream:
            scanner = Scanner(stream, path / file.name)
            for found, stretch in home.layout.entries(scanner):
                staging.take(home, found, stretch)
            scanner.finish()
        for code, detail in scanner.notes:
            staging.note(home, code, detail)
        progress(number + 1, len(paths))


def _walk_file(path: Path, there: Path, staging: Staging, progress: Progress, size: int) -> None:
    total, told = there.stat().st_size, 0
    with there.open("rb", buffering=0) as stream:
        scanner = Scanner(stream, path, size)
        for home, (found, stretch) in _entries(scanner, path, staging.homes):
            staging.take(home, found, stretch)
            if stream.tell() - told >= EVERY:
                told = stream.tell()
                progress(told, total)
        scanner.finish()
    for code, detail in scanner.notes:
        staging.note(staging.homes[0], code, detail)
    progress(total, total)


def _entries(scanner: Scanner, path: Path, homes: Sequence[Home]) -> Iterator[tuple[Home, Entries]]:
    if homes[0].layout.section is None:
        for entries in homes[0].layout.entries(scanner):
            yield homes[0], entries
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
        for entries in wanted[name].layout.entries(scanner):
            yield wanted[name], entries
        scanner.section = None
    missing = [str(name) for name in wanted if name not in seen]
    if missing:
        raise SourceUnreadable(path, f"it has no {missing[0]!r}")
