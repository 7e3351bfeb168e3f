"""Both servers of one home folder, started and stopped together."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from ..lock import Held, hold
from ..secret_files import secret
from .errors import ServerError
from .place import place
from .postgres import DATABASE, USER, Postgres
from .valkey import Valkey


def database_url(home: Path) -> str:
    """Return the URL of the embedded PostgreSQL of `home`, whether it runs or not."""
    password = secret(home, "postgres")
    return f"postgresql://{USER}:{password}@/{DATABASE}?host={quote(str(place(home).sockets))}"


def redis_url(home: Path) -> str:
    """Return the URL of the embedded Valkey of `home`, whether it runs or not."""
    return f"unix://:{secret(home, 'valkey')}@{quote(str(place(home).sockets))}/valkey.sock?db=0"


class Servers:
    """The embedded servers of `home`, for the one process that owns them; a context manager.

    `fsync=False` is for tests: a crash of the machine loses the database then. Servers that a killed owner left
    running are adopted. Raises ServerError when another process owns them or one does not start.
    """

    def __init__(self, home: Path, fsync: bool = True) -> None:
        self.home = home.resolve()
        # Before its place is computed: root's umask may close it to the servers' account.
        self.home.mkdir(parents=True, exist_ok=True)
        self.place = place(self.home)
        self.database_url = database_url(self.home)
        self.redis_url = redis_url(self.home)
        self._postgres = Postgres(self.place, secret(self.home, "postgres"), fsync)
        self._valkey = Valkey(self.place, secret(self.home, "valkey"))
        self._lock: Held | None = None

    @property
    def notice(self) -> str:
        """A line for the person who started them as root, else empty."""
        if not self.place.account:
            return ""
        return (
            f"Started as root: the servers run as user {self.place.account.uid}, with their data in {self.place.root}."
        )

    def start(self) -> None:
        """Return once both answer."""
        try:
            self._lock = hold(self.home / "servers.lock", f"process {os.getpid()}")
        except BlockingIOError as error:
            raise ServerError(
                f"The embedded servers of {self.home} belong to {error.strerror}: stop that one first."
            ) from error
        try:
            self.place.prepare()
            self._postgres.start()
            self._valkey.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both; returns once they are gone."""
        try:
            self._valkey.stop()
            self._postgres.stop()
            self.place.tidy()
        finally:
            if self._lock:
                self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
