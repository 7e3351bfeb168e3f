"""The file that the journey runs on: the example's, or a copy of somebody's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from config.disk import refuse_full_disk
from config.supervisor import Refusal
from legacy_json.stability import signature

FILE = "data.json"
CHUNK = 1 << 20
TRIES = 5
# The copy, the index with what is read beside it, the table with its indexes, and PostgreSQL's log of it all.
DISK_FACTOR = 8


@dataclass(frozen=True)
class Source:
    """A folder with a data.json; `original` is the file that it is a copy of, None for the example."""

    folder: Path
    zone: str
    zone_assumed: bool
    original: Path | None
    sha256: str

    @property
    def file(self) -> Path:
        return self.folder / FILE

    @property
    def shown(self) -> str:
        """How the person who started us calls the file."""
        return str(self.original or self.file)

    def in_their_words(self, text: str) -> str:
        """A message about the copy, as one about the original."""
        return text.replace(str(self.file), self.shown)


def example(folder: Path, zone: str) -> Source:
    """Write the example store."""
    from switchyard.example.store import write_store

    write_store(folder)
    return Source(folder, zone, zone_assumed=False, original=None, sha256=checksum(folder / FILE))


def copied(data: str, folder: Path, zone: str) -> Source:
    """Copy the file that DATA names. Raises Refusal."""
    try:
        original = _find(data)
        refuse_full_disk(folder.parent, DISK_FACTOR * original.stat().st_size, f" for {original}")
        folder.mkdir(parents=True)
        for _ in range(TRIES):
            before = signature(original)
            sha256 = _copy(original, folder / FILE)
            if signature(original) == before:
                return Source(folder, zone or "UTC", not zone, original, sha256)
    except OSError as error:
        raise Refusal(f"{data} cannot be copied ({error}): mend that, then try again.") from error
    raise Refusal(f"{original} changed during each of {TRIES} copies: stop its writer, or name a copy of your own.")


def checksum(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _find(data: str) -> Path:
    named = Path(data).expanduser().absolute()
    path = named / FILE if named.is_dir() else named
    if not path.is_file():
        what = f"{named} has no {FILE}" if named.is_dir() else f"{named} does not exist, or is no file"
        raise Refusal(f"{what}: name the bot's file, or the folder that holds it: make demo DATA=/path/{FILE}")
    return path


def _copy(original: Path, to: Path) -> str:
    digest = hashlib.sha256()
    # Only ever opened for reading, so nothing of the original changes but, on some disks, its time of last access.
    with original.open("rb") as source, to.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()
