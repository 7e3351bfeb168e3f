"""Whether the database can be reached just now, as this process has found: nobody waits for it write by write.

After a failure nothing is tried for a while but by one thread, which ends when the server answers.
"""

from __future__ import annotations

import logging
import os
import threading
import time

from django.db import InterfaceError, OperationalError, connection

from migration_control.mirroring.watchdog import watching
from migration_control.wording import first_line

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two tries to reach it
AT_ONCE = 0.2  # seconds in which a server that is stopped has refused
PATIENCE = 5.0  # seconds to wait for an answer


def is_away(error: Exception) -> bool:
    """Whether the server was not there, rather than busy with a lock or a limit of its own."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "sqlstate", None)
    # 08: connection exceptions; 57P: the server is shut down, or starts.
    return code is None or code.startswith(("08", "57P"))


class Reachable:
    """One per process; made anew after a fork."""

    def __init__(self) -> None:
        self._away, self._silent = False, False
        self._lock = threading.Lock()

    @property
    def away(self) -> bool:
        return self._away

    @property
    def silent(self) -> bool:
        """Away, and whoever asks has to wait to be told so; a server that is merely stopped refuses at once."""
        return self._silent

    def failed(self, error: Exception) -> None:
        """If that says that the server did not answer, one thread asks it from here on."""
        if not is_away(error):
            return
        with self._lock:
            if self._away:
                return
            self._away = self._silent = True
        log.warning("The database is away (%s). Copies to it wait.", first_line(error))
        threading.Thread(target=self._ask, name="switchyard-database", daemon=True).start()

    def _ask(self) -> None:
        began = time.monotonic()
        while not _answers():
            self._silent = time.monotonic() - began > AT_ONCE
            time.sleep(PAUSE)
            began = time.monotonic()
        self._away = self._silent = False
        log.warning("The database is back.")


def _answers() -> bool:
    try:
        connection.ensure_connection()
        with watching(connection.connection.fileno(), PATIENCE), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:  # noqa: BLE001 - whatever it is, this thread has to go on asking
        log.debug("The database is still away: %s", error)
        return False
    finally:
        connection.close()
    return True


_reachable = Reachable()


def _renew() -> None:
    global _reachable
    _reachable = Reachable()


os.register_at_fork(after_in_child=_renew)


def away() -> bool:
    return _reachable.away


def silent() -> bool:
    return _reachable.silent


def failed(error: Exception) -> None:
    _reachable.failed(error)
