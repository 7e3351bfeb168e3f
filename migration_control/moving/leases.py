"""Who has a request in hand: claimed, kept alive while a step takes long, ended by nobody else."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import Error, connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from migration_control.models import MoveRequest
from migration_control.models.moves import OPEN
from migration_control.runs import LEASE, LeaseLost

log = logging.getLogger(__name__)

BEAT = LEASE.total_seconds() / 5


@dataclass(frozen=True, slots=True)
class Lease:
    """Proof that this process has the request."""

    request: int
    token: uuid.UUID

    def keep(self, **values: Any) -> None:
        """Change the row and keep the request. Raises LeaseLost."""
        if not self._mine().update(heartbeat=Now(), **values):
            raise LeaseLost

    def end(self, state: MoveRequest.State, message: str) -> bool:
        """False if another has it by now."""
        values = {"state": state, "message": message, "token": None, "heartbeat": None, "ended_at": Now()}
        return bool(self._mine().update(**values))

    def release(self) -> None:
        """Let another have it at once. After an end this changes nothing."""
        self._mine().update(token=None, heartbeat=None)

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Keep it from a thread of its own: a drain before a step may take minutes."""
        over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(over,), name="switchyard-move", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(BEAT):
            try:
                self._mine().update(heartbeat=Now())
            except Error as error:
                log.warning("request %s shows no heartbeat: %s", self.request, error)
            finally:
                connection.close()

    def _mine(self) -> QuerySet[MoveRequest]:
        return MoveRequest.objects.filter(pk=self.request, token=self.token, state=MoveRequest.State.RUNNING)


def claim(request: int) -> Lease | None:
    """Take it if it is open and nobody alive has it."""
    lease = Lease(request, uuid.uuid4())
    taken = MoveRequest.objects.filter(free(), pk=request, state__in=OPEN).update(
        token=lease.token,
        heartbeat=Now(),
        started_at=Coalesce("started_at", Now()),
        worker=f"{socket.gethostname()}:{os.getpid()}",
        state=MoveRequest.State.RUNNING,
    )
    return lease if taken else None


def due() -> list[int]:
    """Open requests that nobody alive has, the oldest first."""
    return list(MoveRequest.objects.filter(free(), state__in=OPEN).order_by("pk").values_list("pk", flat=True))


def free() -> Q:
    """Nobody alive has it."""
    return Q(token=None) | Q(heartbeat__lt=Now() - LEASE)
