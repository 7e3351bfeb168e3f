"""A lock file with a note by its holder. The kernel lets go of it when the holder dies, however it dies."""

import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Held:
    """A lock that this process holds until `release()` or its end."""

    descriptor: int

    def release(self) -> None:
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def hold(file: Path, note: str) -> Held:
    """Take the lock `file` and leave `note` in it for others to read.

    Raises BlockingIOError, at once, whose `strerror` is the holder's note.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 1000).decode(errors="replace").strip()
        os.close(descriptor)
        raise BlockingIOError(errno.EWOULDBLOCK, holder or "another process") from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note.encode(), 0)
    return Held(descriptor)
