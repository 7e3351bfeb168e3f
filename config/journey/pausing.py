"""Pause a run in the middle, see that it stands still, and resume it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from config.supervisor import Refusal
from migration_control import runs, store
from migration_control.components import Component
from migration_control.models import Run
from migration_control.run_states import ACTIVE, RunState

BATCHES = 100  # enough for somebody to step in
LARGEST_BATCH = 1000
STILL = 1.0  # seconds in which a paused run must not move
SECONDS = 60


def longest(chosen: Sequence[Component]) -> Component:
    """The one with most to import, of those that wait for no other."""
    return max((c for c in chosen if c.parent is None), key=lambda c: store.index().count_pending(c.name))


def batch_size(component: Component) -> int | None:
    """Records a batch that make the run last; None, adapted batches, where it lasts anyway."""
    fitting = store.index().count_pending(component.name) // BATCHES
    return max(1, fitting) if fitting <= LARGEST_BATCH else None


def pause_and_resume(run: Run, problems: list[str]) -> str:
    """Returns what happened, in words; beat's next tick goes on with the run."""
    _wait_until(run, lambda: run.done > 0)
    try:
        runs.pause(run)
    except runs.RunRefused:
        return f"Run {run.pk} had ended before it could be paused."
    _wait_until(run, lambda: run.state == RunState.PAUSED)
    if run.ended:
        return f"Run {run.pk} ended with the batch that was under way when it was paused."
    paused_at = run.done
    time.sleep(STILL)
    run.refresh_from_db()
    if run.state != RunState.PAUSED or run.done != paused_at:
        problems.append(f"Run {run.pk} did not stay paused: {run.state}, {paused_at:,} and then {run.done:,} records.")
    resumed = time.monotonic()
    runs.resume(run)
    _wait_until(run, lambda: run.state not in (RunState.PAUSED, RunState.QUEUED))
    return (
        f"Run {run.pk} stood still at {paused_at:,} of {run.total:,} records for {STILL:g} s; "
        f"a worker had it {time.monotonic() - resumed:.1f} s after it was resumed."
    )


def _wait_until(run: Run, reached: Callable[[], bool]) -> None:
    """Also returns once the run has ended. Raises Refusal when neither happens."""
    deadline = time.monotonic() + SECONDS
    while not reached() and run.state in ACTIVE:
        if time.monotonic() > deadline:
            raise Refusal(f"Run {run.pk} has been {run.state} for {SECONDS} s: see the log of the worker.")
        time.sleep(0.02)
        run.refresh_from_db()
