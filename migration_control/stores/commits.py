"""A COMMIT whose reply was lost is looked up, never blindly repeated."""

from __future__ import annotations

import time
from typing import NamedTuple

from django.db import Error, connection
from psycopg.errors import InvalidParameterValue

STARTED = "pg_current_xact_id()::text, now()::text"  # in a SELECT: what a Transaction is made of
PATIENCE, PAUSE = 10.0, 0.1  # seconds

# A server that crashed gives numbers again which it had not yet written down, and every recovery ends with a
# checkpoint: a status from after one may be another transaction's. Its time has whole seconds.
_LOOK = (
    "SELECT pg_xact_status(%s::text::xid8),"
    " (SELECT checkpoint_time FROM pg_control_checkpoint()) >= date_trunc('second', %s::text::timestamptz)"
)


class Transaction(NamedTuple):
    """number: in all its digits; started: when, by the server's clock."""

    number: str
    started: str


class OutcomeUnknown(Exception):
    """The database could not be asked in time, or has perhaps crashed since."""

    def __init__(self, component: str) -> None:
        super().__init__(
            f"The connection broke while a write of {component} was committed, and whether it took effect is not known."
            " Read the record before you repeat it."
        )


def took_effect(component: str, transaction: Transaction, patience: float = PATIENCE) -> bool:
    """Whether it was committed, asked over a new connection. Raises OutcomeUnknown."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        status, perhaps_anothers = _status(transaction)
        if status == "aborted":
            return False  # so was ours, whoever's it is
        if status == "committed":
            if perhaps_anothers:
                break
            return True
        time.sleep(PAUSE)  # the server is still at it, or away
    raise OutcomeUnknown(component)


def _status(transaction: Transaction) -> tuple[str | None, bool]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_LOOK, transaction)
            status, perhaps_anothers = cursor.fetchone()
            return status, bool(perhaps_anothers)
    except Error as error:
        connection.close()
        # One that the server has not given, after all that it remembers.
        return ("aborted" if isinstance(error.__cause__, InvalidParameterValue) else None), False
