"""A copy whose checksum is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from legacy_json.errors import LegacyError, SourceUnreadable, SourceUnstable
from legacy_json.rendering.replace import signature

PIECE = 1 << 20


class CopyDamaged(LegacyError):
    """A copy is not what it was when it was made. Nothing was restored from it."""

    def __init__(self, path: Path, fact: str) -> None:
        self.path = path
        super().__init__(f"{path} {fact}. Nothing was restored. Take another copy of it, or one from a backup.")


class Checked(NamedTuple):
    """size: in bytes. sha256: in hexadecimal digits."""

    size: int
    sha256: str


class Writer(Protocol):
    def write(self, data: bytes, /) -> object: ...


def copied(source: Path, to: Writer) -> Checked:
    """Raises SourceUnstable if somebody wrote the source meanwhile, SourceUnreadable."""
    before = signature(source)
    found = _checked(source, to)
    if signature(source) != before:
        raise SourceUnstable(source, 1)
    return found


def checked(path: Path) -> Checked:
    """Raises SourceUnreadable."""
    return _checked(path, None)


def verify(path: Path, expected: Checked) -> None:
    """Raises CopyDamaged."""
    try:
        found = checked(path)
    except SourceUnreadable as error:
        raise CopyDamaged(path, f"is missing or cannot be read ({error.reason})") from error
    compare(path, found, expected)


def compare(path: Path, found: Checked, expected: Checked) -> None:
    """Raises CopyDamaged."""
    if found.size != expected.size:
        raise CopyDamaged(path, f"has {found.size} bytes instead of {expected.size}")
    if found.sha256 != expected.sha256:
        raise CopyDamaged(path, "has another checksum than when it was made")


def _checked(path: Path, to: Writer | None) -> Checked:
    size, digest = 0, hashlib.sha256()
    for piece in _pieces(path):
        size += len(piece)
        digest.update(piece)
        if to is not None:
            to.write(piece)
    return Checked(size, digest.hexdigest())


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as stream:
            while piece := stream.read(PIECE):
                yield piece
    except OSError as error:
        raise SourceUnreadable(path, f"it cannot be read ({error.strerror})") from error
