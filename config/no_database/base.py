"""Django's PostgreSQL backend, but that it never connects: whatever reaches for the database is told so at once."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import OperationalError
from django.db.backends.postgresql import base


class NoDatabase(OperationalError):
    def __init__(self) -> None:
        super().__init__(
            "This needs the database, and STORAGE_BACKEND=json with ENABLE_SERVICES=false keeps this installation from"
            " any. Set ENABLE_SERVICES=true for it."
        )


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: Any) -> NoReturn:
        """Raises NoDatabase."""
        raise NoDatabase
