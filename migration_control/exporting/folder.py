"""A folder that appears under its name once all of it is on the disk, with a manifest; before that it is not there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from legacy_json.errors import LegacyError
from legacy_json.rendering import durable, swap
from legacy_json.rendering.refusals import named

MANIFEST = "manifest.json"
UNFINISHED = ".unfinished"


class ExportRefused(LegacyError):
    """Nothing was written."""


class _Listed(msgspec.Struct, frozen=True):
    """A file of an earlier export, as its manifest tells."""

    name: str
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    files: list[_Listed]


class Written(msgspec.Struct, frozen=True):
    """name: relative to the folder. size: in bytes."""

    name: str
    size: int
    sha256: str


class Folder:
    """Files under construction. Not to be made directly: see `unfinished`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files: list[Written] = []

    @contextmanager
    def file(self, name: str) -> Iterator[Stream]:
        """A new file to be written. Raises FileUnwritable."""
        path = self.path / name
        with named(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as raw:
                stream = Stream(raw)
                yield stream
                raw.flush()
                durable.sync_file(raw.fileno())
        self.files.append(Written(name, stream.size, stream.digest.hexdigest()))

    def folder(self, name: str) -> None:
        """One that is there even if no file is in it."""
        with named(self.path / name):
            (self.path / name).mkdir(parents=True, exist_ok=True)

    def conclude(self, manifest: dict[str, Any]) -> None:
        """Everything is on the disk, the manifest last."""
        said = manifest | {"files": msgspec.to_builtins(self.files)}
        with self.file(MANIFEST) as stream:
            stream.write(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
        with named(self.path):
            for folder, _, _ in os.walk(self.path):
                durable.sync_folder(Path(folder))


class Stream:
    """Bytes counted and digested on their way."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self.size, self.digest = raw, 0, hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._raw.write(data)
        self.size += len(data)
        self.digest.update(data)


@contextmanager
def unfinished(target: Path, live: Path | None, *, overwrite: bool) -> Iterator[Folder]:
    """Build beside the target, and put it in place once the caller is through; nothing is left of it if that fails.

    live: the bot's own folder. overwrite: an earlier export may go for it, and nothing else. Raises ExportRefused,
    FileUnwritable.
    """
    target = target.resolve()
    _check(target, live, overwrite=overwrite)
    beside = target.with_name(f".{target.name}{UNFINISHED}")
    with named(beside):
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _claimed(beside)
    try:
        yield Folder(beside)
        _check(target, live, overwrite=overwrite)  # again: it may have been filled, or changed, meanwhile
        with named(target):
            _put_in_place(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        os.close(descriptor)


def _check(target: Path, live: Path | None, *, overwrite: bool) -> None:
    if live is not None:
        bot = live.resolve()
        if target == bot or target.is_relative_to(bot) or bot.is_relative_to(target):
            raise ExportRefused(
                f"{target} is the bot's own folder {bot}, or in it, or around it. Nothing was written. Name another;"
                " what is ours there is written by legacy_render."
            )
    if target.exists() and not target.is_dir():
        raise ExportRefused(f"{target} is no folder. Nothing was written. Name another.")
    if target.is_mount():
        raise ExportRefused(f"{target} is mounted on its own. Nothing was written. Name a folder in it.")
    if not target.exists() or not any(target.iterdir()):
        return
    if not overwrite:
        raise ExportRefused(
            f"{target} is not empty. Nothing was written. Name a new folder, or, for an earlier export: --overwrite"
        )
    with named(target):
        fact = _not_of_an_export(target)
    if fact is not None:
        raise ExportRefused(f"{target} holds {fact}. Nothing was written. Name another folder.")


def _not_of_an_export(target: Path) -> str | None:
    """What would be lost with it: a file that the manifest there does not list, or not with what it holds now."""
    try:
        found = msgspec.json.decode((target / MANIFEST).read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError):
        return f"{next(path.name for path in target.iterdir())}, which no export wrote"
    known = {each.name: each.sha256 for each in found.files}
    for path in target.rglob("*"):
        name = str(path.relative_to(target))
        plain = path.is_file() and not path.is_symlink()
        if (path.is_dir() and not path.is_symlink()) or (plain and name == MANIFEST):
            continue
        if not plain or name not in known:
            return f"{name}, which no export wrote"
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != known[name]:
                return f"{name}, which was changed since it was exported"
    return None


def _claimed(beside: Path) -> int:
    """An empty folder, locked while this process lives; what a killed one left there is removed."""
    beside.mkdir(exist_ok=True)
    descriptor = os.open(beside, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ExportRefused(
            f"Another export is being written to {beside}. Wait for it, or name another folder."
        ) from None
    for path in beside.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return descriptor


def _put_in_place(beside: Path, target: Path) -> None:
    if target.exists() and any(target.iterdir()):
        try:
            swap.exchange(beside, target)  # the earlier one goes with what is left beside
        except swap.Unsupported:
            shutil.rmtree(target)
            beside.rename(target)
    else:
        beside.rename(target)
    durable.sync_folder(target.parent)
