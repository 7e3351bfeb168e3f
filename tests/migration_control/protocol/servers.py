"""A PostgreSQL of these tests' own, which they stop, freeze and start again."""

from __future__ import annotations

import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from config.embedded.place import place
from config.embedded.postgres import DATABASE, USER, Postgres
from config.secret_files import secret


class OwnServer:
    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="switchyard-home-"))
        self.home.chmod(0o711)  # as root the server runs as somebody else, who has to pass through
        self._at = place(self.home)
        self._at.prepare()
        self._postgres = Postgres(self._at, secret(self.home, "postgres"), fsync=False)
        self.migrated = False

    @property
    def settings(self) -> dict[str, Any]:
        """As Django knows it."""
        return {
            "HOST": str(self._at.sockets), "PORT": "", "USER": USER, "PASSWORD": self._postgres.password,
            "NAME": DATABASE,
        }  # fmt: skip

    def start(self) -> None:
        self._postgres.start()

    def stop(self) -> None:
        self._postgres.stop()

    def freeze(self) -> None:
        """It takes connections, and says nothing any more."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        self._at.tidy()
        shutil.rmtree(self._at.root, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(FileNotFoundError, psutil.NoSuchProcess):  # it is stopped
            postmaster = psutil.Process(int((self._at.postgres / "postmaster.pid").read_text().split()[0]))
            for process in (postmaster, *postmaster.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
