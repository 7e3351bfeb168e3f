"""Whether files that others write hold still: their signatures, and private copies for when they hardly do."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from legacy_json.errors import SourceUnreadable
from legacy_json.layouts import Source
from legacy_json.walking import files_of

SETTLED = 0.05  # seconds since the last write; well above the clock tick of file times
TRIES = 20

Signatures = dict[str, str]  # by name of the file; one changes whenever its file is written or replaced


def signatures(root: Path, source: Source) -> Signatures:
    """Of the source's files that are there. Raises SourceUnreadable."""
    try:
        return {name: signature(os.path.join(root, name)) for name in files_of(root, source)}  # noqa: PTH118 - a Path is slow
    except FileNotFoundError:  # between the listing and the look at it
        return signatures(root, source)
    except OSError as error:
        path = Path(error.filename) if error.filename else root
        raise SourceUnreadable(path, f"it cannot be opened ({error.strerror})") from error


def signature(path: Path | str) -> str:
    """Raises OSError, SourceUnreadable."""
    found = os.stat(path)  # noqa: PTH116 - a Path is slow
    if not stat.S_ISREG(found.st_mode):
        raise SourceUnreadable(Path(path), "it is not a file")  # a pipe would be waited for without end
    # The time of change too: a tool may set the time of modification back.
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"


def size(signature: str) -> int:
    """The file's, in bytes."""
    return int(signature.partition(":")[0])


def age(seen: Signatures) -> float:
    """Seconds since the last of these files was written; of none, without end."""
    newest = max([int(found.split(":", 2)[1]) for found in seen.values()], default=float("-inf"))
    since = time.time() - newest / 1e9
    return since if since >= 0 else float("inf")  # a clock was set back: nothing can be said


def settled(root: Path, source: Source) -> Signatures:
    """The signatures, once nothing has been written for a moment; after a second in any case.

    A write in the same clock tick as the look would otherwise go unseen.
    """
    for _ in range(TRIES):
        found = signatures(root, source)
        if age(found) >= SETTLED:
            return found
        time.sleep(SETTLED)
    return signatures(root, source)


def copied(root: Path, names: Iterable[str], to: Path) -> None:
    """Private copies, which take a fraction of the time of a reading. Raises OSError."""
    for name in names:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, to / name)
