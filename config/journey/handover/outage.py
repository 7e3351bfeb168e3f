"""The demo's own PostgreSQL, stopped and started again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from config.embedded import ServerError
from config.embedded.place import place
from config.embedded.postgres import Postgres
from config.secret_files import secret
from config.supervisor import Refusal


@contextmanager
def outage() -> Iterator[None]:
    """While it is entered there is no database. Raises Refusal."""
    server = Postgres(place(settings.VAR_DIR), secret(settings.VAR_DIR, "postgres"))
    connections.close_all()
    try:
        server.stop()
        try:
            yield
        finally:
            server.start()
    except ServerError as error:
        raise Refusal(str(error)) from error
