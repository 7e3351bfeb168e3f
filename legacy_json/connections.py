"""Connections to the index: one per process and thread, opened at first use.

SQLite cannot be carried over a fork: parent and child would each believe that they hold the
other's locks, and the last one to close would remove a log that the other still writes. So the
forking thread's connection is closed before the fork, and a child born while another thread had
one open is refused.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from legacy_json import commits, schema
from legacy_json.errors import IndexUnusable, IndexUnwritable, NewerRelease
from legacy_json.lock import held

LOCK_SECONDS = 30.0
LOOK_SECONDS = 1.0  # between two looks whether the file is still the one that was opened
PAGE = 8192  # bytes; records of a few hundred go in a fifth faster than with SQLite's 4096

REPLACED = (
    "Nothing is read or written here any more. Stop every process that has it open, put the right file there, and"
    " start them again. If it is from a backup: see migration_pair."
)

_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _Connection(sqlite3.Connection):
    """One that can be referred to weakly. inode: of its file, with the device. due: when that is looked at next."""

    inode: tuple[int, int] | None = None
    due: float = 0.0


class Connections:
    """Of one index file. Safe to share between threads, and to carry over a fork where that is safe."""

    def __init__(self, path: Path, lock: Path) -> None:
        self._path, self._lock = path, lock
        self._local = threading.local()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._orphaned = self._forked_open = False
        self._noted = 0  # the highest number of a commit
        os.register_at_fork(before=_alive(self._before_fork), after_in_child=_alive(self._after_fork))

    def get(self) -> sqlite3.Connection:
        """This thread's."""
        if self._orphaned:
            raise IndexUnusable(
                f"{self._path}: this process was forked while another thread, or a transaction, used the index."
                " Fork before the first use, or start the process anew (multiprocessing's spawn)."
            )
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            with translated(self._path):
                connection = self._connect()
            self._local.connection = connection
        self._look(connection)
        return connection

    def check(self, last: int, known: int | None = None) -> None:
        """last: the number of the last commit, as read just now. Nobody has put older contents in the file's place.

        known: what was noted before it was read; that is now, where nobody can commit meanwhile. Raises IndexUnusable.
        """
        known = self._noted if known is None else known
        if last < known:
            raise IndexUnusable(
                f"{self._path} is older than this process has seen it (commit {last:,} after {known:,}): is it from a"
                f" backup? {REPLACED}"
            )
        self.note(last)

    def note(self, committed: int) -> None:
        """There is a commit of that number."""
        self._noted = max(self._noted, committed)

    def forget(self) -> None:
        """What was noted: somebody who has closed it puts another file there."""
        self._noted = 0

    def close(self) -> None:
        """Close this thread's."""
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            self._open.discard(connection)
            connection.close()

    def _look(self, connection: _Connection) -> None:
        """A file that was put in its place is another index: what is written to this one would be lost. And one whose
        contents are older than they were would be served for right until its next commit.
        """
        now = time.monotonic()
        if now < connection.due:
            return
        if _inode(self._path) != connection.inode:
            raise IndexUnusable(f"{self._path} was replaced or removed while this process had it open. {REPLACED}")
        if not connection.in_transaction:
            known = self._noted
            with translated(self._path):
                last = commits.last(connection)
                if last < known:
                    last = self._last_anew()
            self.check(last, known)
        connection.due = now + LOOK_SECONDS

    def _last_anew(self) -> int:
        """A statement that is still open shows its connection an older state."""
        other = sqlite3.connect(self._path, timeout=LOCK_SECONDS)
        try:
            return commits.last(other)
        finally:
            other.close()

    def _before_fork(self) -> None:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None and not connection.in_transaction:
            self.close()
        self._forked_open = bool(len(self._open))

    def _after_fork(self) -> None:
        # Asked before the fork too: in the child, what other threads had may be gone by now.
        self._orphaned = self._forked_open or bool(len(self._open))

    def _connect(self) -> _Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection: _Connection = sqlite3.connect(
            self._path,
            isolation_level=None,
            timeout=LOCK_SECONDS,
            check_same_thread=False,  # a reading fills its scratch tables from a second thread while this one waits
            factory=_Connection,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -32000")
            if connection.execute("PRAGMA user_version").fetchone() == (0,):
                self._create(connection)
            self._check(connection)
            connection.inode = _inode(self._path)
        except BaseException:
            connection.close()
            raise
        self._open.add(connection)
        return connection

    def _create(self, connection: sqlite3.Connection) -> None:
        with held(self._lock, LOCK_SECONDS):
            if connection.execute("PRAGMA user_version").fetchone() != (0,):
                return  # somebody was faster
            if connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone() == (1,):
                return
            connection.execute(f"PRAGMA page_size = {PAGE}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            schema.create(connection)
            connection.execute("COMMIT")

    def _check(self, connection: sqlite3.Connection) -> None:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if application != schema.APPLICATION:
            raise IndexUnusable(f"{self._path} is another program's database. Name another file in LEGACY_INDEX.")
        if version > schema.VERSION:
            raise NewerRelease(f"{self._path} has schema {version} (known: {schema.VERSION})")
        if version != schema.VERSION:
            raise IndexUnusable(
                f"{self._path} has schema {version}; this release knows {schema.VERSION}."
                " Use the release that wrote it, or move the index away and see migration_pair: the files are then"
                " read anew."
            )


def _inode(path: Path) -> tuple[int, int] | None:
    """None if there is no such file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _alive(method: Callable[[], None]) -> Callable[[], None]:
    """Hooks of a fork are never taken back: this one does not keep its object."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    return call


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's complaints about the file or the disk, with the remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the detail of an extended code
        if code in _BROKEN:
            raise IndexUnusable(
                f"{path} cannot be used ({error}). Restore a copy of it, or move it away and see migration_pair: the"
                " files are then read anew."
            ) from error
        if code in _UNWRITABLE:
            raise IndexUnwritable(
                f"{path} cannot be written ({error}). Check the space and the permissions of {path.parent}."
            ) from error
        raise
