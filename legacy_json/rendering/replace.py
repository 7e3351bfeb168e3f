"""A finished file put in the place of another: at every moment one of the two stands there, whole.

The new file is written beside the old one under a name that says so, synced, and exchanged with it, so that the
caller can look at what was really displaced: an edit of the last millisecond is still there to be kept.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from legacy_json.rendering import attributes, durable, swap
from legacy_json.rendering.refusals import (
    Appeared,
    Irreplaceable,
    NotAFile,
    NotDurable,
    Outside,
    OwnerLost,
    Vanished,
    named,
)

PREFIX = ".switchyard-"
# For which file, the inode that the new file has (0 while it is written), and something of its own. No ending that a
# bot looks for in its folder.
_NAME = re.compile(r"\.switchyard-(?P<target>.+)-(?P<inode>[0-9a-f]+)-[0-9a-f]{16}")


class Signature(NamedTuple):
    """Tells two states of a file apart. An exchange leaves it as it is."""

    size: int
    mtime_ns: int
    inode: int


class Displaced(NamedTuple):
    """What stood in the file's place, now beside it, until the caller decides."""

    path: Path
    target: Path
    signature: Signature

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)

    def keep(self, name: str) -> Path:
        """Give it a lasting name in its folder. Raises Appeared if there is such a file, FileUnwritable."""
        kept = self.path.with_name(name)
        with named(kept):
            _move_new(self.path, kept)
            durable.sync_folder(kept.parent)
        return kept


class Placed(NamedTuple):
    """signature: of the file that is now in place."""

    path: Path
    signature: Signature
    displaced: Displaced | None


def signature(path: Path) -> Signature | None:
    """None if there is no such file. Raises OSError."""
    try:
        return _signed(path.stat())
    except FileNotFoundError:
        return None


def resolved(path: Path, within: Path | None = None) -> Path:
    """The file that a link leads to: the link itself is left alone. Raises NotAFile, Outside."""
    try:
        target = path.resolve()
    except RuntimeError as error:  # links in a circle
        raise NotAFile(path) from error
    if within is not None and not target.is_relative_to(within.resolve()):
        raise Outside(path, target, within)
    if target.exists() and not target.is_file():
        raise NotAFile(path)
    return target


@contextmanager
def draft(path: Path, *, within: Path | None = None, like: Path | None = None) -> Iterator[Draft]:
    """A new file for this path, to be written and then put in place; gone afterwards if it was not.

    within: a folder that a link must not lead out of. like: whose owner and mode it gets where there is no file yet.
    Raises FileUnwritable of one kind or another.
    """
    target = resolved(path, within)
    with named(path):
        made = Draft(target, like)
    try:
        yield made
    finally:
        made.close()


class Draft:
    """Locked while its process lives, so that nobody sweeps it away. Not to be made directly: see `draft`."""

    def __init__(self, target: Path, like: Path | None) -> None:
        self.target, self._like = target, like
        self._token, self._done = secrets.token_hex(8), False
        self._path: Path | None = self._named(0)
        # Nobody else may read it before it has the mode of the one it replaces.
        mode = 0o600 if like or target.exists() else 0o666
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, data: bytes) -> None:
        with named(self.target):
            durable.write_all(self._descriptor, data)

    def finish(self) -> Signature:
        """Bring it to the disk; it still has to be put in place. Returns the signature that it will have there."""
        with named(self.target):
            self._finished()
        return self._signature()

    def replace(self) -> Placed:
        """Put it in the place of the file that is there. Raises Vanished if none is; NotDurable, FileUnwritable."""
        with named(self.target):
            path = self._finished()
            try:
                swap.exchange(path, self.target)
                beside = path
            except swap.Unsupported:
                beside = self._replaced_linked(path)
            except FileNotFoundError as error:
                raise Vanished(self.target) from error
        self._path = None  # that name is another file's now
        self._settle()
        return Placed(self.target, self._signature(), Displaced(beside, self.target, _signed(beside.lstat())))

    def create(self, name: str | None = None) -> Placed:
        """Put it where no file is, or under another such name. Raises Appeared, NotDurable, FileUnwritable."""
        target = self.target.with_name(name) if name else self.target
        with named(target):
            _move_new(self._finished(), target)
        self._path = None
        self._settle()
        return Placed(target, self._signature(), None)

    def close(self) -> None:
        """Remove it, unless it is in place."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _finished(self) -> Path:
        """On the disk, and under a name from which a later process sees what it is."""
        assert self._path is not None
        if self._done:
            return self._path
        model = self.target if self.target.exists() else self._like
        if model is not None:
            try:
                attributes.take_over(self._descriptor, model)
            except PermissionError as error:
                found = model.stat()
                raise OwnerLost(self.target, found.st_uid, found.st_gid) from error
        durable.sync_file(self._descriptor)
        finished = self._named(os.fstat(self._descriptor).st_ino)
        self._path.rename(finished)
        self._path, self._done = finished, True
        return finished

    def _replaced_linked(self, path: Path) -> Path:
        """Where files cannot be exchanged: the old one keeps a second name.

        A file that somebody puts there by a rename of their own in the instant between is lost; one that is written
        in place is not.
        """
        beside = path.with_name(f"{path.name.rpartition('-')[0]}-{secrets.token_hex(8)}")
        try:
            swap.link(self.target, beside)
        except swap.Unsupported as error:
            raise Irreplaceable(self.target, error.strerror or "") from error
        except FileNotFoundError as error:
            raise Vanished(self.target) from error
        try:
            path.replace(self.target)
        except OSError:
            beside.unlink()
            raise
        return beside

    def _settle(self) -> None:
        try:
            durable.sync_folder(self.target.parent)
        except OSError as error:
            raise NotDurable(self.target, error.strerror or "") from error

    def _signature(self) -> Signature:
        return _signed(os.fstat(self._descriptor))

    def _named(self, inode: int) -> Path:
        return self.target.with_name(f"{PREFIX}{self.target.name}-{inode:x}-{self._token}")


def sweep(folder: Path) -> list[Displaced]:
    """Remove what killed processes had not finished; hand back what they had displaced and not yet judged.

    What a living process is writing is left alone.
    """
    left = []
    for path in sorted(folder.glob(f"{PREFIX}*")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        try:
            found = _judged(path, path.with_name(match["target"]), int(match["inode"], 16))
        except FileNotFoundError:
            continue  # its process has just come to it
        if found is not None:
            left.append(found)
    return left


def left_over(folder: Path) -> list[Displaced]:
    """What sweep() would hand back just now. Nothing is changed."""
    left = []
    for path in sorted(folder.glob(f"{PREFIX}*")):
        match, found = _NAME.fullmatch(path.name), signature(path)
        if match is None or found is None or int(match["inode"], 16) in (0, found.inode):
            continue
        target = path.with_name(match["target"])
        present = signature(target)
        if present is None or present.inode != found.inode:
            left.append(Displaced(path, target, found))
    return left


def _judged(path: Path, target: Path, inode: int) -> Displaced | None:
    """A draft is gone afterwards; anything else is what stood in the target's place."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        present = signature(target)
        ours = inode in (0, found.st_ino)
        if not ours and not (present and present.inode == found.st_ino):
            return Displaced(path, target, _signed(found))
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        path.unlink()
        return None
    finally:
        os.close(descriptor)


def _move_new(source: Path, target: Path) -> None:
    try:
        swap.move_new(source, target)
    except swap.Unsupported as error:
        raise Irreplaceable(target, error.strerror or "") from error
    except FileExistsError as error:
        raise Appeared(target) from error


def _signed(found: os.stat_result) -> Signature:
    return Signature(found.st_size, found.st_mtime_ns, found.st_ino)
