"""One clear line instead of a traceback when a command cannot reach PostgreSQL, Redis or its own secrets."""

import kombu.exceptions
import redis
from django.conf import settings
from django.db import OperationalError, connection

from .connections import masked
from .secret_files import NotOurs

START = "start it with `make run`, or `.venv/bin/python manage.py servers` for the servers alone."


def line(error: Exception) -> str | None:
    """Return the line for an error that says that a server does not answer, else None."""
    if isinstance(error, NotOurs):
        return str(error)
    if isinstance(error, OperationalError):
        return _database_line(error)
    if isinstance(error, (kombu.exceptions.OperationalError, redis.ConnectionError, redis.TimeoutError)):
        return _redis_line(error)
    return None


def _database_line(error: OperationalError) -> str | None:
    if not settings.DATABASE_USED:
        return str(error)  # it says so itself
    if getattr(error.__cause__, "sqlstate", None):
        return None  # the server answered: the error is about the statement
    reason = str(error).strip().splitlines()[0]
    if settings.EMBEDDED_DATABASE:
        return f"The embedded PostgreSQL is not running: {START} ({reason})"
    database = connection.settings_dict
    where = f"{database['HOST'] or 'localhost'}:{database['PORT'] or 5432}"
    return f"PostgreSQL at {where} cannot be used: start it, or correct DATABASE_URL or DB_*. ({reason})"


def _redis_line(error: Exception) -> str:
    if settings.EMBEDDED_REDIS:
        return f"The embedded Valkey is not running: {START} ({error})"
    return f"Redis at {masked(settings.REDIS_URL)} cannot be used: start it, or correct REDIS_URL or REDIS_*. ({error})"
