"""What one soak does, which follows from its seed, and what its processes are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

# How many processes there are of each kind.
CREW = {"handlers": 2, "writer": 2, "editor": 1, "raw": 1, "worker": 1, "importer": 1, "mover": 2, "files": 1}


@dataclass(frozen=True)
class Plan:
    """It ends after so many seconds, and not before so many operations were completed.

    most: seconds after which it ends in any case. pause: seconds between faults, on average; 0: none.
    mutation: what is broken on purpose in each process.
    """

    home: Path
    seed: int = 1
    seconds: float = 60
    operations: int = 0
    most: float = 7200
    pause: float = 0.6
    mutation: str = ""
    crew: dict[str, int] = field(default_factory=lambda: dict(CREW))

    @property
    def folder(self) -> Path:
        """The bots' files."""
        return self.home / "bot"

    @property
    def index(self) -> Path:
        return self.home / "index" / "index.sqlite3"

    @property
    def history(self) -> Path:
        return self.home / "history"

    @property
    def stop(self) -> Path:
        """Is there when processes are to end."""
        return self.home / "stop"

    @property
    def counters(self) -> Path:
        return self.home / "counters"

    def environment(self, url: str) -> dict[str, str]:
        """Of its processes. Nobody answers at the broker's address: rows are the queue."""
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": url,
            "REDIS_URL": f"unix://{self.home}/no.sock?db=0",
            "ENV_FILE": "/dev/null",
            "SWITCHYARD_VAR": str(self.home / "var"),
            "LEGACY_DIR": str(self.folder),
            "LEGACY_INDEX": str(self.index),
            "LEGACY_TIME_ZONE": "Europe/Moscow",
            "BOTS": "faceit,companion",
            "SECRET_KEY": "only for the soak, and long enough for Django's own check of it",
            "ALLOWED_HOSTS": "localhost",
            "LOG_LEVEL": "CRITICAL",
        }
