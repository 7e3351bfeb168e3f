"""Celery's side: find what is due, and one domain call each. Arguments are ids; rows are the queue."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from migration_control import automatic, rendering, retention, runs, trimming
from migration_control.advance import advance
from migration_control.inbox.settling import settle
from migration_control.moving import looking_after, requests

# A slice takes seconds, but the first reading of a large file is one step of a slice.
READING_LIMIT = 3600


@shared_task(name="migration_control.tasks.find_due_runs")
def find_due_runs() -> int:
    """Send every due run to a worker, then queue automatic ones, which send themselves. Returns how many were due."""
    due = runs.due()
    for run in due:
        runs.announce(advance_run, run)
    automatic.queue_runs()
    return len(due)


@shared_task(
    name="migration_control.tasks.advance_run",
    soft_time_limit=READING_LIMIT,
    time_limit=READING_LIMIT + 60,
)
def advance_run(run: int) -> bool:
    """One slice of a run; sends itself on while there is more."""
    more = advance(run)
    if more:
        runs.announce(advance_run, run)
    return more


@shared_task(name="migration_control.tasks.raise_floors", soft_time_limit=READING_LIMIT, time_limit=READING_LIMIT + 60)
def raise_floors() -> int:
    """Prune what the settings want no longer kept, copies of files too. Returns of how many components."""
    now = timezone.now()
    rendering.prune_copies(now)
    return len(retention.raise_floors(now))


@shared_task(name="migration_control.tasks.render_files", soft_time_limit=READING_LIMIT, time_limit=READING_LIMIT + 60)
def render_files() -> int:
    """Render files of ours, as far as this process's share of the time goes. Returns how many."""
    return rendering.render()


@shared_task(name="migration_control.tasks.settle_inbox", soft_time_limit=READING_LIMIT, time_limit=READING_LIMIT + 60)
def settle_inbox() -> int:
    """Apply what waits in the inboxes of this host. Returns how many entries were."""
    return settle()


@shared_task(name="migration_control.tasks.trim_effects", soft_time_limit=READING_LIMIT, time_limit=READING_LIMIT + 60)
def trim_effects() -> int:
    """Forget effects of long ago. Returns how many."""
    return trimming.trim(timezone.now())


@shared_task(
    name="migration_control.tasks.look_after_components",
    soft_time_limit=READING_LIMIT,
    time_limit=READING_LIMIT + 60,
)
def look_after_components() -> int:
    """Mend, drain and advance each component, then send every due move to a worker. Returns how many were due."""
    due = looking_after.look_after()
    for request in due:
        runs.announce(execute_move, request)
    return len(due)


@shared_task(name="migration_control.tasks.execute_move", soft_time_limit=READING_LIMIT, time_limit=READING_LIMIT + 60)
def execute_move(request: int) -> str:
    """Carry out a request to move a component, unless another worker has it. Returns its state."""
    return str(requests.execute(request).state)
