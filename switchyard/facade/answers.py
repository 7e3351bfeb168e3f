"""Errors as a person is told of them, in their own language."""

from __future__ import annotations

import logging
from collections import OrderedDict
from threading import Lock

from django.db import Error

from accounts.models import User
from legacy_json.errors import KeyReserved, LegacyError
from migration_control.routing.errors import RouterError
from migration_control.service_errors import ServiceError
from migration_control.stores.commits import OutcomeUnknown
from switchyard.texts import DEFAULT, say

log = logging.getLogger(__name__)

# What a call may come to that is no mistake in the program.
TROUBLE = (ServiceError, RouterError, LegacyError, Error, OutcomeUnknown)
REMEMBERED = 10_000  # users whose language is known without a look


class Languages:
    """Of users who were seen last, for when no store can be asked."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, str] = OrderedDict()
        self._lock = Lock()

    def note(self, user: User | None) -> None:
        if user is None:
            return
        with self._lock:
            self._known[user.user_id] = user.language
            self._known.move_to_end(user.user_id)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def of(self, user_id: object, otherwise: str = DEFAULT) -> str:
        return self._known.get(user_id, otherwise) if isinstance(user_id, int) else otherwise


def told(error: Exception, language: str) -> str:
    """For the person; for staff, what is nobody's mistake in typing is in the log."""
    if isinstance(error, ServiceError) and error.code:
        facts = {name: value for name, value in error.facts.items() if isinstance(value, str | int | float)}
        return say(error.code, language, **facts)
    log.warning("A call was refused: %s: %s", type(error).__name__, error)
    if isinstance(error, KeyReserved):
        return say("in-quarantine", language)
    return say("outcome-unknown" if isinstance(error, OutcomeUnknown) else "try-again", language)
