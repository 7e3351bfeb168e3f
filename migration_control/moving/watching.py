"""A move followed from a terminal: made here where the files are, else watched until a worker has made it."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from migration_control import store
from migration_control.following import EVERY
from migration_control.models import ComponentState, MoveRequest
from migration_control.moving import requests
from migration_control.moving.leases import due
from migration_control.stages import path


class NobodyMoves(Exception):
    """No worker takes the request."""

    def __init__(self, request: MoveRequest) -> None:
        super().__init__(
            f"No worker has had request {request.pk} for {requests.UNCLAIMED.total_seconds():g} s. It waits, and"
            " nothing is lost. Start one on the host that has the files (`make run`, or `celery -A config.celery"
            " worker -Q legacy`), or give the same command there."
        )


def follow(request: MoveRequest, console: Console) -> MoveRequest:
    """Until it has ended, or, made here, is left to a worker. Raises NobodyMoves."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    what = TextColumn("{task.fields[what]}", markup=False)
    with Progress(*columns, what, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(str(request), total=None, what=request.state)

        def told(what: str, done: int, total: int) -> None:
            progress.update(bar, what=what, completed=done, total=total)

        return _made(request, told) if store.has_files() else _watched(request, told)


def _made(request: MoveRequest, told: requests.Told) -> MoveRequest:
    """Here, unless a worker of this host was faster: then it is watched."""
    ended = requests.execute(request.pk, told)
    return _watched(ended, told) if ended.token is not None and ended.open else ended


def _watched(request: MoveRequest, told: requests.Told) -> MoveRequest:
    until = _patience()
    while True:
        request.refresh_from_db()
        if not request.open:
            return request
        if request.pk not in due():
            until = _patience()
        elif time.monotonic() > until:
            raise NobodyMoves(request)
        state = ComponentState.objects.get(name=request.component_id)
        taken, left = request.transitions.count(), len(path(state.row, request.row))
        told(request.message or request.state, taken, taken + left)
        time.sleep(EVERY)


def _patience() -> float:
    return time.monotonic() + requests.UNCLAIMED.total_seconds()
