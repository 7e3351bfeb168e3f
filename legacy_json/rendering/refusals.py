"""Why a file could not be put in place. The file that stood there still does, whole."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from legacy_json.errors import LegacyError


class FileUnwritable(LegacyError):
    """Base: the file stands as it was, and nothing of ours is left beside it."""

    def __init__(self, path: Path, fact: str, remedy: str) -> None:
        self.path = path
        super().__init__(f"{path} could not be written: {fact}. It stands as it was. {remedy}")


class DiskFull(FileUnwritable):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, f"its disk is full ({reason})", "Make room there; it will be written again.")


class FolderReadOnly(FileUnwritable):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            path,
            f"its folder takes no new files ({reason})",
            "Let this process write to the folder, not only the file.",
        )


class FolderMissing(FileUnwritable):
    def __init__(self, path: Path) -> None:
        super().__init__(path, "its folder does not exist", "Check LEGACY_DIR and the mount.")


class OwnerLost(FileUnwritable):
    """A new file would belong to somebody else, and its bot might not be able to read it."""

    def __init__(self, path: Path, user: int, group: int) -> None:
        super().__init__(
            path,
            f"it belongs to user {user} and group {group}, which a new file could not be given to",
            "Run as that user, or give the file to the user that runs this.",
        )


class NotAFile(FileUnwritable):
    def __init__(self, path: Path) -> None:
        super().__init__(path, "it is no ordinary file", "Put a file in its place.")


class Mounted(FileUnwritable):
    def __init__(self, path: Path) -> None:
        super().__init__(path, "it is mounted on its own", "Mount its folder instead, so that it can be replaced.")


class Irreplaceable(FileUnwritable):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            path,
            f"its file system can neither exchange two files nor keep one under two names ({reason})",
            "Move the folder to a local disk.",
        )


class Outside(FileUnwritable):
    def __init__(self, path: Path, target: Path, folder: Path) -> None:
        super().__init__(path, f"it leads to {target}, outside of {folder}", "Put the file itself into the folder.")


class Appeared(FileUnwritable):
    """Somebody made the file meanwhile; it is theirs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "somebody else has made it meanwhile", "Look at it as at an edit from outside.")


class Vanished(FileUnwritable):
    """Somebody took the file away meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "somebody has taken it away meanwhile", "Look at it as at an edit from outside.")


class NotDurable(LegacyError):
    """The new file is in place, but the folder could not be synced: what it displaced is still beside it."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(
            f"{path} was replaced, but may not survive a loss of power ({reason}). What stood there before was kept"
            " beside it. Look at the disk and the system's log."
        )


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Give errors of the system about this file the names above."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise DiskFull(path, reason) from error
        if error.errno in _FORBIDDEN:
            raise FolderReadOnly(path, reason) from error
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise FolderMissing(path) from error
        if error.errno in (errno.EBUSY, errno.EXDEV):
            raise Mounted(path) from error
        raise FileUnwritable(path, reason, "Look at the disk and the system's log.") from error
