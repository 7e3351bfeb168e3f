"""Who may read and write a file: given to the one that takes its place."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def take_over(descriptor: int, model: Path) -> None:
    """Give the open file the model's owner, group, mode and extended attributes.

    Raises PermissionError if the owner or the group cannot be given.
    """
    wanted, present = model.stat(), os.fstat(descriptor)
    if (wanted.st_uid, wanted.st_gid) != (present.st_uid, present.st_gid):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
    if hasattr(os, "listxattr"):
        _extended(descriptor, model)
    os.fchmod(descriptor, stat.S_IMODE(wanted.st_mode))  # last: a change of owner takes bits away


def _extended(descriptor: int, model: Path) -> None:
    """Access lists among them. What the system keeps to itself stays behind, as with cp."""
    try:
        names = os.listxattr(model)
    except OSError:
        return
    for name in names:
        try:
            os.setxattr(descriptor, name, os.getxattr(model, name))
        except OSError:
            continue
