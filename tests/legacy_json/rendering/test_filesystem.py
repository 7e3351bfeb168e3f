"""On what kind of file system a path lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from legacy_json.rendering.filesystem import Mount, is_network, mount_of, parsed
from tests.legacy_json.rendering.dying import small_disk

LISTED = r"""
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /srv/bot\040data rw master:3 propagate_from:2 - nfs4 host:/x rw,vers=4.2
41 27 0:41 / /srv/auto rw - autofs systemd-1 rw
42 27 0:42 / /srv/auto rw - cifs //host/x rw
43 27 0:43 / /srv/auto/in rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv/bot", "ext4"),
        ("/srv/bot data/data.json", "nfs4"),
        ("/srv/bot database", "ext4"),
        ("/srv/auto/x", "cifs"),
        ("/srv/auto/in/x", "tmpfs"),
        ("/srv/auto/inside", "cifs"),
        ("/srv/auto/../x", "ext4"),
    ],
)
def test_the_longest_mount_that_leads_to_a_path_counts(path: str, kind: str) -> None:
    found = mount_of(Path(path), parsed(LISTED))
    assert found is not None
    assert found.kind == kind


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounts = [Mount("/", "ext4"), Mount(str(tmp_path.resolve() / "share"), "nfs")]
    assert mount_of(tmp_path / "link" / "data.json", mounts) == mounts[1]


def test_nothing_known_is_nothing_said(tmp_path: Path) -> None:
    assert mount_of(tmp_path, []) is None


@pytest.mark.parametrize(
    "kind",
    [
        *("nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "fuse.ceph-fuse", "glusterfs"),
        *("fuse.glusterfs", "lustre", "afs", "davfs", "fuse.davfs2", "drvfs", "virtiofs", "vboxsf", "fuse.rclone"),
    ],
)
def test_network_file_systems_are_known(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "apfs", "tmpfs", "overlay", "exfat", "fuseblk"])
def test_local_file_systems_are_known(kind: str) -> None:
    assert not is_network(kind)


def test_this_machine_says_where_a_path_lies(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        found = mount_of(disk / "a" / "b")
        assert found == Mount(str(disk.resolve()), "tmpfs")
