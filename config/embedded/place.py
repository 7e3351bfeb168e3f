"""Where the embedded servers keep data and sockets, and as whom they run.

Everything here follows from the home folder alone, so settings know the servers' addresses while none runs.
PostgreSQL refuses to run as root. Started by root, the servers run as the owner of the home folder, or as `nobody`;
no folder's mode is changed for that: what such an account cannot reach goes to a folder of its own in /var/tmp.
"""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import ServerError

# sun_path holds 104 bytes on macOS, 108 on Linux; ".s.PGSQL.5432" and its lock file's ".lock" take 19.
LONGEST_SOCKET_FOLDER = 80
# Characters that need no quoting in the servers' own configuration.
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True)
class Account:
    """The account that the servers run as, where it is not the present one."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """Folders of the servers; `account` is None when they run as the caller, `moved` when `root` is not in home."""

    root: Path
    sockets: Path
    account: Account | None
    moved: bool

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    def prepare(self) -> None:
        """Make the folders, for the servers' account only.

        Raises ServerError when one of them belongs to somebody else.
        """
        self.root.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.root, self.sockets):
            own_folder(folder, self.account)

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program as the servers' account, in `root`, with `text` on its standard input; wait for its end."""
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            cwd=self.root,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            check=False,
            start_new_session=True,  # a Ctrl-C at the terminal would cut a start short
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )

    def tidy(self) -> None:
        """Remove the folder of the sockets when it lies apart from the data."""
        if self.root not in self.sockets.parents:
            shutil.rmtree(self.sockets, ignore_errors=True)


def place(home: Path) -> Place:
    """Return the place of the servers of `home`, an absolute path."""
    home = home.resolve()
    account = _account(home)
    moved = account is not None and not reachable(home, account)
    root = Path("/var/tmp") / _short_name(home) if moved else home / "servers"  # noqa: S108
    return Place(root, _sockets(root), account, moved)


def _account(home: Path) -> Account | None:
    if os.geteuid() != 0:
        return None
    # A home that does not exist yet will be root's, so its account is the same before and after it is made.
    owner = home.stat().st_uid if home.exists() else 0
    try:
        user = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:  # PostgreSQL refuses an account without a name, too
        user = pwd.getpwnam("nobody")
    return Account(user.pw_uid, user.pw_gid)


def _short_name(home: Path) -> str:
    return f"switchyard-{os.geteuid()}-{hashlib.sha256(bytes(home)).hexdigest()[:12]}"


def _sockets(root: Path) -> Path:
    folder = root / "run"
    if len(bytes(folder)) <= LONGEST_SOCKET_FOLDER and PLAIN.fullmatch(str(folder)):
        return folder
    # Not tempfile.gettempdir(): every process has to find the same one, whatever its TMPDIR.
    return Path("/tmp") / _short_name(root)  # noqa: S108


def reachable(target: Path, account: Account) -> bool:
    """Say whether `account` may pass through every existing folder on the way to `target`, and through `target`."""
    return all(_may_pass(folder, account) for folder in (target, *target.parents) if folder.exists())


def _may_pass(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == account.gid else 0o001))


def own_folder(folder: Path, account: Account | None) -> None:
    """Make `folder` for the account alone, or make sure that it is that: others may write beside it in /tmp."""
    uid = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if account:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        pass
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != uid or status.st_mode & 0o077:
        raise ServerError(
            f"{folder} is not a private folder of user {uid}, as the embedded servers need it: "
            f"start as the user that made it, or remove it (it may hold the database)."
        )


def binaries(installed: Path, at: Place) -> Path:
    """Return a folder with the programs of the wheel folder `installed` that the servers' account can execute."""
    if at.account is None or reachable(installed, at.account):
        return installed
    copy = at.root / "programs" / f"{installed.name}-{hashlib.sha256(bytes(installed)).hexdigest()[:12]}"
    if not copy.exists():
        draft = copy.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(installed, draft, symlinks=True)
        for folder in (copy.parent, draft):
            folder.chmod(0o755)
        draft.rename(copy)
    return copy
