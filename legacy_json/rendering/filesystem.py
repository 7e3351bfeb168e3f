"""On what kind of file system a path lies. Locks and fsync are only to be relied on where it is a local disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")
_NETWORK = re.compile(
    # Of other machines,
    r"nfs\d*|cifs|smb.*|ncpfs|ceph|glusterfs|lustre|g?pfs|beegfs|afs|afpfs|coda|ocfs2|gfs2?|davfs\d*|webdav|orangefs"
    # of the host of a container or a virtual machine, with no better locks,
    r"|9p|drvfs|virtiofs|vboxsf|vmhgfs|prl_fs|fakeowner|osxfs|macfuse_sshfs"
    # and what ordinary programs make of them.
    r"|fuse\.(sshfs|s3fs|gcsfuse|rclone|ceph.*|glusterfs|davfs\d*|curlftpfs|smb.*|cifs|nfs.*|goofys|juicefs|lustre"
    r"|vmhgfs-fuse|grpcfuse|osxfs|drvfs|mergerfs-nfs)"
)


class Mount(NamedTuple):
    point: str
    kind: str


def mount_of(path: Path, mounts: Iterable[Mount] | None = None) -> Mount | None:
    """Where the path lies, links resolved, whether it exists or not; None if the system does not say.

    mounts: in the order in which they were made; this machine's by default.
    """
    resolved = path.resolve()
    found: Mount | None = None
    for mount in _mounts() if mounts is None else mounts:
        # Of two at one place the later covers the earlier, as automounters have it.
        if resolved.is_relative_to(mount.point) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def is_network(kind: str) -> bool:
    """Whether files on it are another machine's."""
    return _NETWORK.fullmatch(kind.lower()) is not None


def parsed(mountinfo: str) -> list[Mount]:
    """The mounts that /proc/self/mountinfo lists."""
    made = []
    for line in mountinfo.splitlines():
        place, separator, source = line.partition(" - ")
        if separator:
            point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), place.split()[4])
            made.append(Mount(point, source.split()[0]))
    return made


def _mounts() -> list[Mount]:
    if _MOUNTS.exists():
        return parsed(_MOUNTS.read_text(errors="surrogateescape"))
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError:
        return []
    return [Mount(each.mountpoint, each.fstype) for each in psutil.disk_partitions(all=True)]
