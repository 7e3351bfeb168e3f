"""The last kept state of a file that can be read: where what stands there is broken, and the index is no help."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from legacy_json.errors import LegacyError, SourceUnreadable
from legacy_json.index import Index
from legacy_json.layouts import Source
from legacy_json.renderer import KEPT
from legacy_json.rendering.copying import CopyDamaged, verify
from legacy_json.rendering.last_good import Copy, LastGood
from legacy_json.scan import Scanner


class NoneKept(LegacyError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"No copies of {what} are kept: it was never rendered twice, or is not ours. As it was at the take-over:"
            " legacy_restore without --last-good"
        )


class NoneGood(LegacyError):
    def __init__(self, name: str, passed: list[str]) -> None:
        super().__init__(
            f"None of the kept copies of {name} can be read: {'; '.join(passed)}. Nothing was restored. As it was at"
            " the take-over: legacy_restore without --last-good"
        )


class Choice(NamedTuple):
    """name: of the file, relative to LEGACY_DIR. rendered: when. passed: newer copies that are not taken, with why."""

    name: str
    copy: Copy
    rendered: datetime
    passed: list[str]


def choices(index: Index, source: Source, only: str | None = None) -> list[Choice]:
    """The newest whole copy of each file of the source that has any, by name; of that one file, if one is named.

    Reads them. Raises NoneKept, NoneGood.
    """
    found = [_choice(name, LastGood(folder)) for name, folder in _kept(index, source) if only in (None, name)]
    if not found:
        raise NoneKept(only or source.name)
    return found


def _kept(index: Index, source: Source) -> Iterator[tuple[str, Path]]:
    """Files and the folders of their copies: they lie as the files do."""
    top = index.path.parent / KEPT
    for folder, below, _ in os.walk(top):
        below.sort()
        name = str(Path(folder).relative_to(top))
        if source.pattern_of(name) is not None and LastGood(Path(folder)).copies():
            yield name, Path(folder)


def _choice(name: str, kept: LastGood) -> Choice:
    passed: list[str] = []
    for copy in kept.copies():
        try:
            verify(copy.path, copy.checked)
            _read(copy.path)
        except (CopyDamaged, SourceUnreadable) as error:
            passed.append(str(error))
        else:
            return Choice(name, copy, datetime.fromtimestamp(copy.path.stat().st_mtime, UTC), passed)
    raise NoneGood(name, passed)


def _read(path: Path) -> None:
    """To its end. Raises SourceUnreadable."""
    with path.open("rb") as stream:
        scanner = Scanner(stream, path)
        scanner.skip()
        scanner.finish()
