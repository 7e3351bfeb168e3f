"""The two renames that os has not: one that exchanges two files, and one that overwrites none."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

_PLATFORM: str = sys.platform  # mypy takes the name itself for a constant
_AT_FDCWD = -100
_EXCHANGE = {"linux": 2, "darwin": 2}  # RENAME_EXCHANGE, RENAME_SWAP
_NOREPLACE = {"linux": 1, "darwin": 4}  # RENAME_NOREPLACE, RENAME_EXCL
# The kernel, its library or the file system does not know the flag.
_UNKNOWN = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}
_LINKLESS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}


class Unsupported(OSError):
    """The file system cannot do this."""


def exchange(one: Path, other: Path) -> None:
    """Each gets the other's name, in one step. Raises Unsupported, OSError; FileNotFoundError if either is missing."""
    _renamed(one, other, _EXCHANGE)


def move_new(source: Path, target: Path) -> None:
    """Rename, unless the target exists: FileExistsError. Raises Unsupported, OSError."""
    try:
        _renamed(source, target, _NOREPLACE)
    except Unsupported:
        link(source, target)
        source.unlink()


def link(source: Path, target: Path) -> None:
    """A second name of a file. Raises Unsupported, FileExistsError, OSError."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in _LINKLESS:
            raise Unsupported(error.errno, os.strerror(error.errno), str(source)) from error
        raise


def _renamed(source: Path, target: Path, flags: dict[str, int]) -> None:
    rename = _rename()
    if rename is None:
        raise Unsupported(errno.ENOSYS, os.strerror(errno.ENOSYS), str(source))
    if rename(os.fsencode(source), os.fsencode(target), flags[_PLATFORM]) == 0:
        return
    number = ctypes.get_errno()
    raise (Unsupported if number in _UNKNOWN else OSError)(number, os.strerror(number), str(source), None, str(target))


def _rename() -> Callable[[bytes, bytes, int], int] | None:
    """The C library's own, if it has one."""
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if _PLATFORM == "linux":
            at = library.renameat2
            return lambda source, target, flags: int(at(_AT_FDCWD, source, _AT_FDCWD, target, ctypes.c_uint(flags)))
        if _PLATFORM == "darwin":
            extended = library.renamex_np
            return lambda source, target, flags: int(extended(source, target, ctypes.c_uint(flags)))
    except AttributeError:
        pass
    return None
