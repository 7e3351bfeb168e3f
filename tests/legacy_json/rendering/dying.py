"""Processes that are killed at each of their steps, one after the other, and disks that are full or read-only.

A step is a call to the system that changes something; it is found by counting in the child, so that what is tested
has no such points of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from legacy_json.rendering import swap

fork = multiprocessing.get_context("fork")
CHANGES = ("open", "write", "fsync", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "fchmod", "close")


class Steps:
    """Counts the calls; at the given one, kills its own process: before, in the middle of (a write) or after it."""

    def __init__(self, step: int, tell: Path) -> None:
        self.left, self.tell = step, tell

    def wrap(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **options: Any) -> Any:
            self._die_perhaps(f"before {name}", call)
            if name == "write":
                descriptor, data = arguments
                half = call(descriptor, bytes(data[: len(data) // 2]))
                self._die_perhaps("amid write", call)
                return half + (call(descriptor, bytes(data[half:])) if half < len(data) else 0)
            made = call(*arguments, **options)
            self._die_perhaps(f"after {name}", call)
            return made

        return stepped

    def _die_perhaps(self, where: str, call: Callable[..., Any]) -> None:
        self.left -= 1
        if self.left < 0:
            self.tell.write_text(where)
            os.kill(os.getpid(), signal.SIGKILL)


def _run(act: Callable[[], object], steps: Steps) -> None:
    patch = pytest.MonkeyPatch()
    originals = {name: getattr(os, name) for name in CHANGES}
    real = swap._rename()
    for name, call in originals.items():
        patch.setattr(os, name, steps.wrap(name, call))
    if real is not None:
        patch.setattr(swap, "_rename", lambda: steps.wrap("renameat2", real))
    steps.tell.unlink(missing_ok=True)
    steps.left += 1  # that call
    act()


def at_every_step(folder: Path, prepare: Callable[[Path], Callable[[], object]]) -> Iterator[tuple[Path, str]]:
    """Each way to die: a folder in which the act that `prepare` returns was broken off, and where; the last was not.

    The caller looks at the folder before it takes the next.
    """
    for step in range(1000):
        place = folder / f"{step}"
        place.mkdir()
        tell = folder / "died"
        tell.write_text("never")
        child = fork.Process(target=_run, args=(prepare(place), Steps(step, tell)))
        child.start()
        child.join()
        if child.exitcode == 0:
            assert step > 10
            yield place, "never"
            return
        assert child.exitcode == -signal.SIGKILL, child.exitcode
        yield place, tell.read_text() + f", step {step}"
        shutil.rmtree(place)
    pytest.fail("it never ended")


@contextmanager
def mounted(point: Path, *options: str) -> Iterator[Path]:
    """A mount for a while; skips the test where that is not allowed."""
    made = subprocess.run(["mount", *options, str(point)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"mounting is not allowed here: {made.stderr.decode().strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


@contextmanager
def small_disk(point: Path) -> Iterator[Path]:
    point.mkdir()
    with mounted(point, "-t", "tmpfs", "-o", "size=256k", "tmpfs") as made:
        yield made


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """As root permissions do not bind, a mount does."""
    if os.geteuid():
        folder.chmod(0o555)
        try:
            yield
        finally:
            folder.chmod(0o755)
        return
    with mounted(folder, "--bind", "-o", "ro", str(folder)):
        yield


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The system refuses to write on, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under the folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
