"""Work that nobody takes: there seems to be no worker with the files."""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now
from django.utils import timezone

from migration_control.admin.show import span
from migration_control.models import Run
from migration_control.moving import requests
from migration_control.run_states import RunState

REMEDY = (
    "Nothing is lost: it waits. Start one on the host that has the files (make run, or: celery -A config.celery"
    " worker -Q celery,legacy, beside a beat)."
)


def note(component: str | None = None) -> str:
    """What has waited longest, of one component or of any, and the remedy; empty while workers take what is due."""
    waiting: list[tuple[datetime, str]] = [
        (request.created_at, f"request {request.pk}, {request}")
        for request in requests.unattended()
        if component in (None, request.component_id)
    ]
    # A run between two slices has no worker either, for a moment; one that never had any is another matter.
    queued = Run.objects.filter(state=RunState.QUEUED, started_at=None, created_at__lt=Now() - requests.UNCLAIMED)
    of = queued if component is None else queued.filter(component_id=component)
    waiting += [(run.created_at, f"run {run.pk}, {run}") for run in of]
    if not waiting:
        return ""
    since, what = min(waiting)
    return f"No worker with the files is at work: {what}, has waited for {span(timezone.now() - since)}. {REMEDY}"
