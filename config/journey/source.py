"""The files that the journey runs on: the example's, or a copy of somebody's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.disk import refuse_full_disk
from config.supervisor import Refusal
from legacy_json.stability import signature

FILE = "data.json"
FACEIT, COMPANION = "faceit", "companion"
# Every file that a component reads: nothing else of somebody's folder is any of our business.
PATTERNS = {
    FACEIT: (FILE, "matches.json", "match_players.json"),
    COMPANION: (
        "girls_data.json",
        "girls_data/*.json",
        "conversations/*.json",
        "analytics_*.json",
        "metrics.json",
        "config.json",
    ),
}
TELLING = {FACEIT: PATTERNS[FACEIT][:1], COMPANION: PATTERNS[COMPANION][:3]}  # what no other bot has
CHUNK = 1 << 20
TRIES = 5
# The copy, the index with what is read beside it, the table with its indexes, PostgreSQL's log of it all; then what
# taking files over keeps of them, the last good one of each, and the draft of the next.
DISK_FACTOR = 11


@dataclass(frozen=True)
class Source:
    """A folder with the files of these bots.

    original: the file or the folder that it is a copy of, None for the example. sha256: of the bytes that were copied.
    """

    folder: Path
    bots: tuple[str, ...]
    zone: str
    zone_assumed: bool
    original: Path | None
    sha256: str

    @property
    def shown(self) -> str:
        """How the person who started us calls it."""
        return str(self.original or self.folder)

    @property
    def is_one_file(self) -> bool:
        return self.original is not None and self.original.is_file()

    def in_their_words(self, text: str) -> str:
        """A message about the copy, as one about the original."""
        return text.replace(str(self.folder / FILE if self.is_one_file else self.folder), self.shown)

    def files(self) -> list[Path]:
        return files(self.folder, self.bots)

    def unchanged(self) -> bool | None:
        """Whether the original still is what was copied; None where there is none."""
        if self.original is None:
            return None
        there = [self.original] if self.is_one_file else files(self.original, self.bots)
        return there != [] and checksum(there) == self.sha256


def example(folder: Path, zone: str) -> Source:
    """Write the example stores of both bots."""
    from switchyard.example.store import write_stores

    write_stores(folder)
    bots = tuple(PATTERNS)
    return Source(folder, bots, zone, zone_assumed=False, original=None, sha256=checksum(files(folder, bots)))


def copied(data: str, folder: Path, zone: str) -> Source:
    """Copy the file, or the bots' files in the folder, that DATA names. Raises Refusal."""
    try:
        original, bots = _find(data)
        there = {original: FILE} if original.is_file() else _named(original, bots)
        refuse_full_disk(folder.parent, DISK_FACTOR * sum(p.stat().st_size for p in there), f" for {original}")
        digests = [_copied(path, folder / name) for path, name in there.items()]
    except OSError as error:
        raise Refusal(f"{data} cannot be copied ({error}): mend that, then try again.") from error
    return Source(folder, bots, zone or "UTC", not zone, original, _together(digests))


def files(folder: Path, bots: Iterable[str]) -> list[Path]:
    """The files of these bots in the folder, in a fixed order."""
    found = (sorted(folder.glob(pattern)) for bot in bots for pattern in PATTERNS[bot])
    return [path for paths in found for path in paths if path.is_file() and not path.name.startswith(".")]


def checksum(paths: Iterable[Path]) -> str:
    """SHA-256 of the only file's bytes; of several, of their sums in this order."""
    return _together([_sum(path) for path in paths])


def _together(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _sum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _find(data: str) -> tuple[Path, tuple[str, ...]]:
    """The file, or the folder, and whose it is. A file is the FACEIT bot's data.json, whatever its name."""
    named = Path(data).expanduser().absolute()
    example = f"make demo DATA=/path/{FILE}"
    if named.is_file():
        return named, (FACEIT,)
    if not named.is_dir():
        raise Refusal(f"{named} does not exist, or is no file: name the bot's file, or its folder: {example}")
    bots = tuple(bot for bot, patterns in TELLING.items() if any(any(named.glob(pattern)) for pattern in patterns))
    if not bots:
        raise Refusal(f"{named} has no {FILE} and no girls_data: name the folder that holds a bot's files: {example}")
    return named, bots


def _named(folder: Path, bots: Iterable[str]) -> dict[Path, str]:
    return {path: path.relative_to(folder).as_posix() for path in files(folder, bots)}


def _copied(original: Path, to: Path) -> str:
    """Copy a file that somebody may be writing; its SHA-256. Raises OSError, Refusal."""
    to.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(TRIES):
        before = signature(original)
        sha256 = _copy(original, to)
        if signature(original) == before:
            return sha256
    raise Refusal(f"{original} changed during each of {TRIES} copies: stop its writer, or name a copy of your own.")


def _copy(original: Path, to: Path) -> str:
    digest = hashlib.sha256()
    # Only ever opened for reading, so nothing of the original changes but, on some disks, its time of last access.
    with original.open("rb") as source, to.open("wb") as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()
