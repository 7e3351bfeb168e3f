"""The last good states of one file that we render, some of them, newest first.

<folder>/<number>-<bytes>-<sha256>: a copy that says itself what it has to be.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from legacy_json.rendering import durable
from legacy_json.rendering.copies import restore
from legacy_json.rendering.copying import Checked, CopyDamaged, checked, copied, verify
from legacy_json.rendering.refusals import named
from legacy_json.rendering.replace import Displaced, Placed, draft, sweep

COUNT = 3

_NAME = re.compile(r"(?P<number>\d{10})-(?P<size>\d+)-(?P<sha256>[0-9a-f]{64})")


class Copy(NamedTuple):
    path: Path
    number: int
    checked: Checked


class LastGood:
    """The copies of one file. folder: theirs alone. Calls for one file come from one process at a time."""

    def __init__(self, folder: Path, count: int = COUNT) -> None:
        self.folder, self.count = folder, count

    def copies(self) -> list[Copy]:
        """Newest first."""
        found = [_copy(path) for path in self.folder.glob("*-*-*")] if self.folder.is_dir() else []
        return sorted((copy for copy in found if copy is not None), key=lambda copy: -copy.number)

    def keep(self, path: Path) -> Copy:
        """Copy the file as it is now. Raises SourceUnstable, FileUnwritable, NotDurable, OSError."""
        self._prepare()
        with draft(self.folder / "copy", like=path) as made:
            found = copied(path, made)
            newest = next(iter(self.copies()), None)
            if newest is not None and newest.checked == found:
                return self._rotated(newest.path)  # a process that was killed may not have come to it
            kept = made.create(self._name(found)).path
        return self._rotated(kept)

    def adopt(self, displaced: Displaced, checked_: Checked | None = None) -> Copy:
        """Take the displaced file itself, which costs no copying; on another file system it is copied.

        checked_: what it is known to be; it is read for that otherwise. Raises as `keep`.
        """
        self._prepare()
        if self.folder.stat().st_dev != displaced.path.stat().st_dev:
            copy = self.keep(displaced.path)
            displaced.discard()
            return copy
        kept = self.folder / self._name(checked_ or checked(displaced.path))
        with named(kept):
            displaced.path.rename(kept)  # the number is above all others
            durable.sync_folder(self.folder)
            durable.sync_folder(displaced.path.parent)
        return self._rotated(kept)

    def restore(self, path: Path, *, within: Path) -> Placed:
        """Put the newest copy that is undamaged in the file's place. Raises CopyDamaged, FileUnwritable, NotDurable."""
        damaged: CopyDamaged | None = None
        for copy in self.copies():
            try:
                verify(copy.path, copy.checked)
            except CopyDamaged as error:
                damaged = damaged or error
                continue
            return restore(copy.path, copy.checked, path, within=within)
        raise damaged or CopyDamaged(self.folder, "holds no copy")

    def _prepare(self) -> None:
        with named(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep(self.folder)

    def _name(self, found: Checked) -> str:
        number = max((copy.number for copy in self.copies()), default=0) + 1
        return f"{number:010d}-{found.size}-{found.sha256}"

    def _rotated(self, kept: Path) -> Copy:
        """The new one is on the disk before an old one goes."""
        for copy in self.copies()[self.count :]:
            copy.path.unlink()
        made = _copy(kept)
        assert made is not None
        return made


def _copy(path: Path) -> Copy | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    return Copy(path, int(match["number"]), Checked(int(match["size"]), match["sha256"]))
