"""A COMMIT whose reply was lost is looked up, never blindly repeated."""

from __future__ import annotations

import time

from django.db import Error, connection

NUMBER = "pg_current_xact_id()::text"  # in a SELECT: what took_effect() asks for
PATIENCE, PAUSE = 10.0, 0.1  # seconds


class OutcomeUnknown(Exception):
    """The database could not be asked in time."""

    def __init__(self, component: str) -> None:
        super().__init__(
            f"The connection broke while a write of {component} was committed, and whether it took effect is not known."
            " Read the record before you repeat it."
        )


def took_effect(component: str, number: str, patience: float = PATIENCE) -> bool:
    """Whether the transaction of that number was committed, over a new connection. Raises OutcomeUnknown."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        status = _status(number)
        if status in ("committed", "aborted"):
            return status == "committed"
        time.sleep(PAUSE)  # the server is still at it, or away
    raise OutcomeUnknown(component)


def _status(number: str) -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::text::xid8)", [number])
            return str(cursor.fetchone()[0])
    except Error:
        connection.close()
        return None
