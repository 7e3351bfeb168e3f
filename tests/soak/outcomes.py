"""What the end of a call says: whether it took effect, or did not, or nobody knows."""

from __future__ import annotations

from django.db import Error

from legacy_json.errors import LegacyError
from migration_control.routing.errors import RouterError
from migration_control.stores.commits import OutcomeUnknown
from tests.soak.history import Outcome


class NothingThere(Exception):
    """What was to be changed was not found by the read before."""


class TakenBack(Exception):
    """The transaction around a write was rolled back on purpose."""


# Of a record, not of a store: whoever gets one was served.
ANSWERS = {"AlreadyThere", "NotThere", "Stale", "ValueTaken", "NothingThere", "TakenBack"}


# Two stores that belong together were said not to.
ALARMS = {"StoresDiffer", "StoresDisagree", "MarkerUnreadable", "IndexUnusable"}


def outcome(error: Exception, *, committing: bool = False) -> Outcome:
    """committing: the error came while a transaction of one's own was being committed.

    An error that nobody has declared leaves the matter open; the report counts them.
    """
    if isinstance(error, RouterError | LegacyError | NothingThere | TakenBack):
        return "refused"
    if isinstance(error, OutcomeUnknown) or committing or not isinstance(error, Error):
        return "unknown"
    return "refused"


def named(error: Exception) -> str:
    """Its class; of the database's own, with the server's code."""
    code = getattr(error.__cause__, "sqlstate", None)
    return type(error).__name__ + (f" {code}" if code else "")
