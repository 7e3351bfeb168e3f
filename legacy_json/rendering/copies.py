"""The originals: every file of a source as its bot left it, kept once, before we first render.

<folder>/manifest.json and <folder>/files/<name>. The folder appears under its name only once all of it is on the disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath

import msgspec

from legacy_json.rendering import attributes, durable
from legacy_json.rendering.copying import Checked, CopyDamaged, compare, copied, verify
from legacy_json.rendering.refusals import Outside, named
from legacy_json.rendering.replace import Placed, draft

MANIFEST, FILES, UNFINISHED = "manifest.json", "files", ".unfinished"
AT_ONCE = 8  # files that are copied


class Original(msgspec.Struct, frozen=True):
    """name: relative to LEGACY_DIR. modified: of the file, in nanoseconds since the epoch."""

    name: str
    size: int
    sha256: str
    modified: int

    @property
    def checked(self) -> Checked:
        return Checked(self.size, self.sha256)


class Manifest(msgspec.Struct, frozen=True):
    source: str
    taken: datetime
    files: tuple[Original, ...]


# As in marker.py: not at first use, which may be in two threads at once.
_decode = msgspec.json.Decoder(Manifest).decode


def keep_originals(folder: Path, root: Path, source: str, names: Sequence[str], now: datetime) -> Manifest:
    """Copy these files of root into the folder, unless it has been done before: then that is what counts.

    Call it while nobody writes the files, and from one process. Raises SourceUnreadable, SourceUnstable,
    FileUnwritable, CopyDamaged.
    """
    kept = manifest(folder)
    if kept is not None:
        return kept
    unfinished = folder.with_name(folder.name + UNFINISHED)
    if unfinished.exists():
        shutil.rmtree(unfinished)
    with named(folder):
        (unfinished / FILES).mkdir(parents=True, mode=0o700)
        made = Manifest(source, now, _all_kept(unfinished / FILES, root, names))
        _write(unfinished / MANIFEST, msgspec.json.format(msgspec.json.encode(made)))
        for each in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
            durable.sync_folder(each)
        unfinished.rename(folder)  # fails if somebody was quicker
        durable.sync_folder(folder.parent)
    return made


def manifest(folder: Path) -> Manifest | None:
    """What is kept there; None if nothing is. Raises CopyDamaged."""
    path = folder / MANIFEST
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError as error:
        if folder.exists():
            raise CopyDamaged(path, "is missing") from error
        return None
    except msgspec.DecodeError as error:
        raise CopyDamaged(path, f"cannot be read ({error})") from error


def verify_originals(folder: Path) -> Manifest:
    """Every copy read again. Raises CopyDamaged."""
    kept = manifest(folder)
    if kept is None:
        raise CopyDamaged(folder, "does not exist")
    for original in kept.files:
        verify(folder / FILES / _inside(original.name, folder), original.checked)
    return kept


def restore_originals(folder: Path, root: Path, names: Iterable[str] | None = None) -> list[Placed]:
    """Put the originals, or those of these names, back in their places, once all of them have been verified.

    What they displace is handed back. Each file is replaced in one step, all of them are not: after an interruption
    call it again. Raises CopyDamaged, FileUnwritable, NotDurable.
    """
    kept = verify_originals(folder)
    wanted = None if names is None else set(names)
    return [_restored(folder, root, each) for each in kept.files if wanted is None or each.name in wanted]


def restore(copy: Path, expected: Checked, target: Path, *, within: Path) -> Placed:
    """Put a copy in the place of a file, or where there is none. Raises CopyDamaged, FileUnwritable, NotDurable."""
    with draft(target, within=within, like=copy) as made:
        compare(copy, copied(copy, made), expected)
        return made.replace() if made.target.exists() else made.create()


def _all_kept(files: Path, root: Path, names: Sequence[str]) -> tuple[Original, ...]:
    """Several at a time: with small files nearly all of the time is waiting for the disk, which takes many at once."""
    pool = ThreadPoolExecutor(AT_ONCE, "originals")
    try:
        return tuple(pool.map(partial(_kept, files, root), names))
    finally:
        pool.shutdown(cancel_futures=True)


def _kept(files: Path, root: Path, name: str) -> Original:
    source, copy = root / _inside(name, root), files / name
    copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        found = copied(source, stream)
        stream.flush()
        try:
            attributes.take_over(descriptor, source)
        except PermissionError:
            pass  # a copy may belong to whoever made it
        durable.sync_file(descriptor)
    return Original(name, found.size, found.sha256, source.stat().st_mtime_ns)


def _restored(folder: Path, root: Path, original: Original) -> Placed:
    target = root / _inside(original.name, root)
    with named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    return restore(folder / FILES / original.name, original.checked, target, within=root)


def _inside(name: str, folder: Path) -> str:
    """The name, if it leads nowhere else: a manifest may have been edited."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise Outside(folder / name, Path(name), folder)
    return name


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        durable.sync_file(stream.fileno())
