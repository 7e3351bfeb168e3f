"""Whether a file that others write holds still: its signature, and a private copy for when it hardly does."""

from __future__ import annotations

import hashlib
import shutil
import stat
import time
from pathlib import Path

from legacy_json.errors import SourceUnreadable
from legacy_json.walking import files_of

SETTLED = 0.05  # seconds since the last write; well above the clock tick of file times
TRIES = 20


def signature(path: Path) -> str:
    """Changes whenever the file, or a file of the folder, is written or replaced; "" if there is none."""
    try:
        if not path.is_dir():
            return _stat(path)
        parts = [f"{entry.name}:{_stat(entry)}" for entry in files_of(path)]
        return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest() + f"/{len(parts)}"
    except FileNotFoundError:  # between the listing and the look at it
        return ""
    except OSError as error:
        raise SourceUnreadable(path, f"it cannot be opened ({error.strerror})") from error


def age(path: Path) -> float:
    """Seconds since the file, or the last written file of the folder, was written. Raises FileNotFoundError."""
    newest = path.stat().st_mtime
    if path.is_dir():
        newest = max([newest, *(file.stat().st_mtime for file in files_of(path))])
    since = time.time() - newest
    return since if since >= 0 else float("inf")  # a clock was set back: nothing can be said


def settled(path: Path) -> str:
    """The signature, once nothing has been written for a moment; after a second in any case.

    A write in the same clock tick as the look would otherwise go unseen.
    """
    for _ in range(TRIES):
        found = signature(path)
        try:
            if age(path) >= SETTLED:
                return found
        except FileNotFoundError:
            return found
        time.sleep(SETTLED)
    return signature(path)


def copied(path: Path, to: Path) -> None:
    """A private copy, which takes a fraction of the time of a reading. Raises OSError."""
    if not path.is_dir():
        shutil.copyfile(path, to)
        return
    to.mkdir()
    for file in files_of(path):
        shutil.copyfile(file, to / file.name)


def _stat(path: Path) -> str:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise SourceUnreadable(path, "it is neither a file nor a folder")  # a pipe would be waited for without end
    # The time of change too: a tool may set the time of modification back.
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"
