"""A PostgreSQL of the soak's own, to be stopped, frozen and started again. It listens on a Unix socket only."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from config.embedded import database_url
from config.embedded.place import binaries, place
from config.embedded.postgres import Postgres, installed
from config.secret_files import secret

# Commits outlive the server, not the machine: they are written, but nobody waits for the disk.
OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=300",
    "max_wal_size=512MB",
    "restart_after_crash=on",
    "logging_collector=off",
)


class Server:
    """Of one home folder, as long as this process has it."""

    def __init__(self, home: Path) -> None:
        self.url = database_url(home)
        self._at = place(home)
        self._at.prepare()
        self._postgres = Postgres(self._at, secret(home, "postgres"), fsync=False)
        self._postgres.options = OPTIONS  # type: ignore[assignment]

    def start(self) -> None:
        self._postgres.start()

    def stop(self, mode: str) -> None:
        """mode: fast, or immediate, which is a crash."""
        program = binaries(installed(), self._at) / "bin" / "pg_ctl"
        self._at.run(str(program), "stop", "-w", "-m", mode, "-t", "60", "-D", str(self._at.postgres))

    def close(self) -> None:
        """Stop it for good, whatever state it is in."""
        self.thaw()
        self.stop("immediate")
        self._at.tidy()

    def pids(self) -> list[int]:
        """The server's processes, its parent first; none while it is down."""
        try:
            parent = psutil.Process(int((self._at.postgres / "postmaster.pid").read_text().split()[0]))
            return [parent.pid, *(child.pid for child in parent.children())]
        except (OSError, IndexError, ValueError, psutil.Error):
            return []

    def freeze(self) -> None:
        """It takes connections, and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def cut(self, number: int) -> int:
        """End so many sessions, whatever they are at. Returns how many."""
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT %s) AS t"
        )
        try:
            with psycopg.connect(self.url, connect_timeout=5, autocommit=True) as connection:
                row = connection.execute(query, [number]).fetchone()
        except psycopg.Error:
            return 0
        return 0 if row is None else int(row[0])

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def restart(self, mode: str, seconds: float) -> None:
        self.stop(mode)
        time.sleep(seconds)
        self.start()
