"""The demo's own installation: a folder under var/demo, gone afterwards unless it is to be kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded import Servers
from config.embedded.place import place
from config.lock import hold

PASSING, KEPT = "run", "kept"


@contextmanager
def home(demos: Path, keep: bool) -> Iterator[Path]:
    """A fresh folder in `demos`, removed at the end; what demos that were killed left behind goes first."""
    for left in demos.glob(f"{PASSING}-*/"):
        _sweep(left)
    number = os.getpid()
    while (folder := demos / f"{KEPT if keep else PASSING}-{number}").exists():
        number += 1
    # Before the folder exists, so that nobody sweeps it.
    lock = hold(_lock(folder), f"process {os.getpid()}")
    try:
        folder.mkdir()
        yield folder
    finally:
        if not keep:
            _remove(folder)
        _lock(folder).unlink(missing_ok=True)
        lock.release()


def _lock(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")


def _sweep(folder: Path) -> None:
    try:
        lock = hold(_lock(folder), f"process {os.getpid()}, which removes it")
    except OSError:
        return  # it still runs, or is another user's
    try:
        Servers(folder).stop()
        _remove(folder)
        _lock(folder).unlink(missing_ok=True)
    finally:
        lock.release()


def _remove(folder: Path) -> None:
    """The folder, and what the servers had to keep elsewhere; nothing of it runs any more."""
    at = place(folder)
    at.tidy()
    shutil.rmtree(at.root, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
